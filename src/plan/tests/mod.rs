//! Resolution from text to plan, as a user meets it.

mod behaviour;
mod expectations;
mod fixture;
mod messaging;
mod robustness;
mod scenario_mistakes;
mod security;
mod structure;
mod topology_mistakes;
