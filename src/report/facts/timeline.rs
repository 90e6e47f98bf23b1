//! Faults and incidents in one order of time.

use crate::outcome::{FaultSpan, Incident, Outcome};
use crate::units::SimTime;

/// Something that happened over a time.
pub(crate) struct Happening<'a> {
    /// `F1`, `F2`, ... for faults and `I1`, `I2`, ... for incidents, as in charts.
    pub(crate) label: String,
    pub(crate) from: SimTime,
    /// `None` for an incident that service never recovered from.
    pub(crate) to: Option<SimTime>,
    pub(crate) kind: HappeningKind<'a>,
}

/// What happened.
pub(crate) enum HappeningKind<'a> {
    /// A fault acted.
    Fault(&'a FaultSpan),
    /// Users were hurt.
    Incident(&'a Incident),
}

/// Faults and incidents, earliest first; a fault before the incident it starts.
pub(crate) fn timeline(outcome: &Outcome) -> Vec<Happening<'_>> {
    let mut faults: Vec<&FaultSpan> = outcome.faults.iter().collect();
    faults.sort_by_key(|fault| fault.from);
    let faults = faults.into_iter().enumerate().map(|(index, fault)| Happening {
        label: format!("F{}", index + 1),
        from: fault.from,
        to: Some(fault.to),
        kind: HappeningKind::Fault(fault),
    });
    let mut incidents: Vec<&Incident> = outcome.incidents.iter().collect();
    incidents.sort_by_key(|incident| incident.from);
    let incidents = incidents.into_iter().enumerate().map(|(index, incident)| Happening {
        label: format!("I{}", index + 1),
        from: incident.from,
        to: incident.to,
        kind: HappeningKind::Incident(incident),
    });
    let mut all: Vec<_> = faults.chain(incidents).collect();
    all.sort_by_key(|happening| happening.from);
    all
}
