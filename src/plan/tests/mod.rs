//! Resolution from text to plan, as a user meets it.

mod behaviour;
mod caching;
mod expectations;
mod fixture;
mod messaging;
mod replicas;
mod robustness;
mod scenario_mistakes;
mod security;
mod session_mistakes;
mod structure;
mod topology_mistakes;
