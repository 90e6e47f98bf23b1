//! The workloads on SimCore as models are composed on it: a component for the
//! client and one for each station, which know each other by their addresses and
//! send each other messages, as SimCore's own examples do.
//!
//! This is what can be compared with an engine that is given a description: any
//! station can be placed behind any other. The price is that every handover at
//! one instant is an event in SimCore's heap. The models beside it, one component
//! for everything, show what SimCore does when a model is written for it by hand.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;
use simcore::{Id, Simulation};

use crate::sampler::Sampler;
use crate::workload::{w1, w2, w3};
use crate::{Config, Outcome, Workload};

use super::seconds;
use client::{Client, Demand};
use station::{Law, Next, Station};

mod client;
mod station;

/// A request reaches a station; it is known by its attempt's number.
#[derive(Clone, Serialize)]
struct Work {
    attempt: usize,
}

/// A station is done with the last of its work and answers the client.
#[derive(Clone, Serialize)]
struct Reply {
    attempt: usize,
}

/// Runs a workload.
pub(crate) fn run(config: &Config) -> Outcome {
    let seed = config.seed;
    let mut parts = Parts::new(seed);
    let exponential = |mean: f64| Law::Exponential(seconds(mean));
    let demand = match config.workload {
        Workload::W1 { customers } => {
            parts.add("server", 1, exponential(w1::SERVICE), |client, _| Next::Answer(client));
            Demand::customers(customers, seconds(w1::GAP), 1)
        }
        Workload::W2 { customers } => {
            for number in 0..w2::STATIONS {
                let route = move |client, first: Id| {
                    let at = |hop| first + ((number + hop) % w2::STATIONS) as Id;
                    Next::Wander { client, near: at(w2::NEAR_HOP), far: at(w2::FAR_HOP) }
                };
                parts.add(&format!("station-{number}"), w2::SERVERS as u32, exponential(w2::SERVICE), route);
            }
            Demand::customers(customers, seconds(w2::GAP), w2::STATIONS)
        }
        Workload::W3 { horizon_s, timeout_ms } => {
            let app = Law::LogNormal(seconds(w3::APP), w3::APP_SIGMA);
            let cache = Law::Constant(seconds(w3::CACHE as f64));
            parts.add("gateway", w3::GATEWAY_UNITS, exponential(w3::GATEWAY), |_, first| {
                Next::Station(first + 1)
            });
            parts.add("app", w3::APP_UNITS, app, |_, first| Next::Station(first + 2));
            parts.add("cache", u32::MAX, cache, |client, first| Next::Hit { client, miss: first + 3 });
            parts.add("database", w3::DATABASE_UNITS, exponential(w3::DATABASE), |client, _| {
                Next::Answer(client)
            });
            Demand::requests(horizon_s, timeout_ms)
        }
    };
    parts.run(demand)
}

/// A client and its stations.
struct Parts {
    simulation: Simulation,
    client: Rc<RefCell<Client>>,
    client_id: Id,
    stations: Vec<Rc<RefCell<Station>>>,
    first: Id,
    seed: u64,
}

impl Parts {
    fn new(seed: u64) -> Self {
        let mut simulation = Simulation::new(seed);
        let context = simulation.create_context("client");
        let first = context.id() + 1;
        let client = Rc::new(RefCell::new(Client::new(context, first, Sampler::stream(seed, 0))));
        let client_id = simulation.add_handler("client", client.clone());
        Self { simulation, client, client_id, stations: Vec::new(), first, seed }
    }

    /// Adds a station; addresses are given out in the order of asking.
    fn add(&mut self, name: &str, units: u32, law: Law, next: impl Fn(Id, Id) -> Next) {
        let context = self.simulation.create_context(name);
        let sampler = Sampler::stream(self.seed, self.stations.len() as u64 + 1);
        let station = Station::new(context, sampler, units, law, next(self.client_id, self.first));
        let station = Rc::new(RefCell::new(station));
        self.simulation.add_handler(name, station.clone());
        self.stations.push(station);
    }

    fn run(mut self, demand: Demand) -> Outcome {
        self.client.borrow_mut().start(demand);
        self.simulation.step_until_no_events();
        let worked: u64 = self.stations.iter().map(|station| station.borrow().completed).sum();
        let outcome = self.client.borrow().tally.outcome();
        Outcome { events: outcome.events + worked, ..outcome }
    }
}
