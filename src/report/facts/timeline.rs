//! Faults and incidents in one order of time.

use crate::outcome::{FaultSpan, Incident, Outcome};
use crate::report::figures::{duration, share};
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

/// How badly users were hurt at worst.
pub(crate) fn depth(incident: &Incident) -> String {
    let slow = incident.latency_p99_max.map_or_else(
        || "nothing answered".to_owned(),
        |span| format!("p99 up to {}", duration(span.0 as f64)),
    );
    format!("availability down to {}, {slow}", share(incident.availability_min))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimSpan;

    #[test]
    fn the_depth_of_an_incident_without_answers_is_said_in_words() {
        let incident = |p99| Incident {
            from: SimTime(0),
            to: None,
            availability_min: 0.0,
            latency_p99_max: p99,
            failed: 7,
        };
        assert_eq!(depth(&incident(None)), "availability down to 0%, nothing answered");
        let slow = incident(Some(SimSpan::from_millis(250)));
        assert_eq!(depth(&slow), "availability down to 0%, p99 up to 250ms");
    }
}
