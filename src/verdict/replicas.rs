//! What became of replicas and connections: metrics of one component.

use super::measure::{Reading, View};
use crate::outcome::ComponentSlot;
use crate::plan::Metric;
use crate::units::NANOS_PER_SEC;

/// Measures a metric of replicas over the slots of an expectation's window.
pub(super) fn measure(view: &View<'_>, name: &str, slots: &[&ComponentSlot], metric: Metric) -> Reading {
    let count = |of: fn(&ComponentSlot) -> u64| slots.iter().map(|slot| of(slot)).sum::<u64>();
    let area = |of: fn(&ComponentSlot) -> u128| slots.iter().map(|slot| of(slot)).sum::<u128>();
    let most = |of: fn(&ComponentSlot) -> u64| slots.iter().map(|slot| of(slot)).max().unwrap_or(0);
    match metric {
        Metric::ReplicasMean => view.mean(area(|slot| slot.replicas.placed_area)),
        Metric::ReplicasMax => Reading::value(most(|slot| slot.replicas.placed_max) as f64),
        Metric::DesiredMean => view.mean(area(|slot| slot.replicas.desired_area)),
        Metric::EjectedMean => view.mean(area(|slot| slot.replicas.ejected_area)),
        Metric::InstanceTime => {
            Reading::value(area(|slot| slot.replicas.paid_area) as f64 / NANOS_PER_SEC as f64)
        }
        Metric::ScalingChanges => Reading::value(count(|slot| slot.replicas.changes) as f64),
        Metric::StartsDenied => Reading::value(count(|slot| slot.replicas.denied) as f64),
        Metric::ColdStartRate => {
            let assigned = count(|slot| slot.replicas.assigned);
            Reading::share(count(|slot| slot.replicas.cold), assigned, || {
                format!("no request of {name} was given an instance in this window")
            })
        }
        Metric::ConnectionsRefused => Reading::value(count(|slot| slot.replicas.connections_refused) as f64),
        Metric::ConnectionsMax => Reading::value(most(|slot| slot.replicas.connections_max) as f64),
        other => Reading::TooLittle(format!("{other:?} is not measured of components")),
    }
}
