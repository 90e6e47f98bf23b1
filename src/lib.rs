#![doc = include_str!("../README.md")]

pub mod catalogue;
pub mod cli;
pub mod diag;
pub mod dist;
pub mod kernel;
pub mod outcome;
pub mod plan;
pub mod report;
pub mod rng;
pub mod run;
pub mod sim;
pub mod spec;
pub mod stats;
pub mod store;
pub mod units;
pub mod verdict;
