//! Plans that the tests of this module run.

use crate::plan::{Plan, resolve};
use crate::spec::{Catalogue, LoadOptions, load_text};

const TOPOLOGY: &str = "
topology: one-server
components:
  app: { threads: 1, operations: { get: [{ compute: exp(8ms) }] } }
clients:
  users:
    calls: { app: { timeout: 2s } }
    journeys: { visit: [{ call: app.get }] }
";

fn lasting(duration: &str) -> Plan {
    let scenario = format!(
        "
scenario: steady
topology: one-server.yaml
duration: {duration}
load: {{ users: {{ rate: 100/s }} }}
"
    );
    let input = load_text(&scenario, TOPOLOGY, &Catalogue::embedded(), &LoadOptions::default()).unwrap();
    resolve(&input).unwrap().0
}

/// A few hundred events.
pub(super) fn mm1() -> Plan {
    lasting("5s")
}

/// More than two checkpoints' worth of events.
pub(super) fn long() -> Plan {
    lasting("30m")
}
