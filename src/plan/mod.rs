//! From files to a checked model: names resolved, defaults filled in,
//! every mistake reported at once.

mod admission;
mod attributes;
mod cache_faults;
mod cache_steps;
mod caches;
mod call_steps;
mod codes;
mod components;
mod conditional_writes;
mod context;
mod control_steps;
mod curves;
mod cycles;
mod damage_faults;
mod data_file;
mod directory;
mod effects;
mod expect;
mod expect_scope;
mod fault_effects;
mod faults;
mod guard;
mod hangs;
mod health;
mod language_models;
mod loads;
mod message_faults;
mod message_metrics;
mod message_steps;
mod messaging;
mod metrics;
mod model;
mod names;
mod operations;
mod overload;
mod places;
mod policies;
mod policy;
mod query;
mod replica_faults;
mod replicas;
mod replies;
mod resolve;
mod row_level_security;
mod security;
mod session_faults;
mod session_metrics;
mod sessions;
mod settings;
mod slow_faults;
mod steps;
mod targets;
mod timetable;
mod tokens;
mod values;

#[cfg(test)]
mod tests;

pub use codes::CODES;
pub use metrics::{METRICS, MetricInfo, Needs, Quantity, ScopeKind};
pub use model::*;
pub use policies::was_surely_not_done;
pub use query::{EdgeRef, visit_calls};
pub use resolve::resolve;
