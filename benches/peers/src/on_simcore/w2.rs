//! The open network of ten stations.

use std::collections::VecDeque;

use serde::Serialize;
use simcore::{Event, EventHandler, SimulationContext, cast};

use super::{Component, nanoseconds, seconds};
use crate::sampler::Sampler;
use crate::tally::Tally;
use crate::workload::w2::{self, FAR_HOP, LEAVE, NEAR, NEAR_HOP, SERVERS, STATIONS};

const GAP: f64 = seconds(w2::GAP);
const SERVICE: f64 = seconds(w2::SERVICE);

#[derive(Clone, Serialize)]
struct Arrive {}

/// The customer that came in at `born` is done at a station.
#[derive(Clone, Serialize)]
struct Done {
    station: usize,
    born: f64,
}

struct Station {
    idle: usize,
    waiting: VecDeque<f64>,
}

pub(super) struct Network {
    context: SimulationContext,
    sampler: Sampler,
    tally: Tally,
    stations: [Station; STATIONS],
    to_come: u64,
}

impl Network {
    pub(super) fn new(context: SimulationContext, customers: u64, seed: u64) -> Self {
        Self {
            context,
            sampler: Sampler::new(seed),
            tally: Tally::new(),
            stations: [(); STATIONS].map(|()| Station { idle: SERVERS, waiting: VecDeque::new() }),
            to_come: customers,
        }
    }

    fn await_arrival(&mut self) {
        if self.to_come > 0 {
            self.to_come -= 1;
            self.context.emit_self(Arrive {}, self.sampler.exponential() * GAP);
        }
    }

    fn join(&mut self, station: usize, born: f64) {
        let place = &mut self.stations[station];
        if place.idle == 0 {
            place.waiting.push_back(born);
        } else {
            place.idle -= 1;
            self.serve(station, born);
        }
    }

    fn serve(&mut self, station: usize, born: f64) {
        self.context.emit_self(Done { station, born }, self.sampler.exponential() * SERVICE);
    }

    fn done(&mut self, station: usize, born: f64, now: f64) {
        match self.stations[station].waiting.pop_front() {
            Some(next) => self.serve(station, next),
            None => self.stations[station].idle += 1,
        }
        let draw = self.sampler.unit();
        if draw < LEAVE {
            self.tally.answered(nanoseconds(now - born));
        } else {
            let hop = if draw < NEAR { NEAR_HOP } else { FAR_HOP };
            self.join((station + hop) % STATIONS, born);
        }
    }
}

impl EventHandler for Network {
    fn on(&mut self, event: Event) {
        self.tally.events += 1;
        let now = event.time;
        cast!(match event.data {
            Done { station, born } => {
                self.done(station, born, now);
            }
            Arrive {} => {
                self.await_arrival();
                let station = self.sampler.below(STATIONS);
                self.join(station, now);
            }
        })
    }
}

impl Component for Network {
    fn start(&mut self) {
        self.await_arrival();
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }
}
