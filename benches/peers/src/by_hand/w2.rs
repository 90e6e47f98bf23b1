//! The open network of ten stations.

use std::collections::VecDeque;

use super::Agenda;
use crate::Outcome;
use crate::sampler::Sampler;
use crate::tally::Tally;
use crate::workload::w2::{FAR_HOP, GAP, LEAVE, NEAR, NEAR_HOP, SERVERS, SERVICE, STATIONS};

/// A customer comes in from outside; smaller codes are the server that is done.
pub(super) const ARRIVE: u64 = (STATIONS * SERVERS) as u64;

/// The state of the network.
struct Network<A> {
    agenda: A,
    sampler: Sampler,
    /// When the customer at each server came into the network.
    served: [u64; STATIONS * SERVERS],
    /// The idle servers of each station, one bit each.
    idle: [u32; STATIONS],
    /// When those waiting at each station came into the network.
    waiting: [VecDeque<u64>; STATIONS],
}

impl<A: Agenda> Network<A> {
    /// A customer joins a station.
    #[inline]
    fn join(&mut self, station: usize, born: u64, now: u64) {
        if self.idle[station] == 0 {
            self.waiting[station].push_back(born);
        } else {
            let server = station * SERVERS + self.idle[station].trailing_zeros() as usize;
            self.idle[station] &= self.idle[station] - 1;
            self.serve(server, born, now);
        }
    }

    #[inline]
    fn serve(&mut self, server: usize, born: u64, now: u64) {
        self.served[server] = born;
        self.agenda.schedule(now + self.sampler.exponential_ns(SERVICE), server as u64);
    }

    /// A server is done: it takes the next customer, and the one it served
    /// leaves (then its arrival time is returned) or goes on.
    #[inline]
    fn done(&mut self, server: usize, now: u64) -> Option<u64> {
        let station = server / SERVERS;
        let born = self.served[server];
        match self.waiting[station].pop_front() {
            Some(next) => self.serve(server, next, now),
            None => self.idle[station] |= 1 << (server % SERVERS),
        }
        let draw = self.sampler.unit();
        if draw < LEAVE {
            return Some(born);
        }
        let hop = if draw < NEAR { NEAR_HOP } else { FAR_HOP };
        self.join((station + hop) % STATIONS, born, now);
        None
    }
}

/// Runs the model until `customers` have come and gone.
pub(super) fn run(agenda: impl Agenda, customers: u64, seed: u64) -> Outcome {
    let mut network = Network {
        agenda,
        sampler: Sampler::new(seed),
        served: [0; STATIONS * SERVERS],
        idle: [(1 << SERVERS) - 1; STATIONS],
        waiting: [(); STATIONS].map(|()| VecDeque::new()),
    };
    let mut tally = Tally::new();
    let mut to_come = customers;
    if to_come > 0 {
        network.agenda.schedule(network.sampler.exponential_ns(GAP), ARRIVE);
    }
    while let Some((now, what)) = network.agenda.next() {
        tally.events += 1;
        if what == ARRIVE {
            to_come -= 1;
            if to_come > 0 {
                network.agenda.schedule(now + network.sampler.exponential_ns(GAP), ARRIVE);
            }
            let station = network.sampler.below(STATIONS);
            network.join(station, now, now);
        } else if let Some(born) = network.done(what as usize, now) {
            tally.answered(now - born);
        }
    }
    tally.outcome()
}
