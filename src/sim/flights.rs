//! The caller's side of a cache: what follows a look-up, and waiting for somebody else's fetch.

use super::blame::label;
use super::cached::found;
use super::engine::Engine;
use super::exec::Answer;
use super::frame::{Role, State, flag};
use super::net::class_from;
use super::tables::NONE;
use crate::outcome::{CacheSlot, WaitKind};
use crate::plan::ErrorClass;

/// Which fetch: the step, the caller's replica, whose memory, which key.
pub(super) type FlightKey = (u32, u32, u64, u64);

/// A fetch that others wait for.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    leader: u32,
    leader_born: u32,
    /// `(frame, epoch)` of those who wait.
    waiters: Vec<(u32, u32)>,
}

impl Engine<'_> {
    /// Counts of the cache that a step looks into.
    fn cache_counts(&mut self, cached: u32) -> &mut CacheSlot {
        let comp = self.t.cached[cached as usize].comp as usize;
        &mut self.stations[comp].counts.cache
    }

    fn flight_key(&self, f: u32, cached: u32) -> FlightKey {
        let step = &self.t.cached[cached as usize];
        let key = self.cache_key(f, step.comp, step.entity);
        (cached, self.frames[f].replica, key.owner, key.key)
    }

    /// A replica used its own memory; `None` goes on.
    pub(super) fn own_cache_answered(&mut self, f: u32, answer: Answer) -> Option<u32> {
        if let Some(class) = answer.error {
            return Some(self.fail(f, class));
        }
        let frame = &mut self.frames[f];
        frame.clear(flag::CALL_FAILED);
        frame.clear(flag::HIT);
        if answer.degraded {
            frame.set(flag::DEGRADED);
        }
        if answer.found != found::NOTHING {
            frame.set(flag::HIT);
            frame.found = answer.found;
        }
        frame.pc += 1;
        None
    }

    /// What the caller does with a look-up's answer: `None` goes on, else what to do instead of it.
    pub(super) fn cache_check(&mut self, f: u32, cached: u32) -> Option<u32> {
        let step = &self.t.cached[cached as usize];
        let frame = &mut self.frames[f];
        if !frame.has(flag::HIT) {
            frame.found = found::NOTHING;
        }
        if frame.has(flag::CALL_FAILED) {
            frame.pc = step.bypass;
            self.cache_counts(cached).fetches += 1;
            return None;
        }
        match frame.found {
            found::FRESH => {
                frame.pc = step.hit;
                return None;
            }
            found::STALE => {
                frame.pc = step.hit;
                self.refresh(f, cached);
                return None;
            }
            found::NOTHING | found::KEPT => {}
            failed => {
                let class = class_from(u32::from(failed - found::FAILED)).unwrap_or(ErrorClass::Error);
                return Some(self.fail(f, class));
            }
        }
        if step.single_flight {
            let key = self.flight_key(f, cached);
            let frame = &mut self.frames[f];
            if let Some(flight) = self.flights.get_mut(&key) {
                flight.waiters.push((f, frame.epoch));
                frame.state = State::Coalescing;
                return Some(NONE);
            }
            frame.leads += 1;
            let flight = Flight { leader: f, leader_born: frame.born, waiters: Vec::new() };
            self.flights.insert(key, flight);
        }
        self.begin_fetch(f, cached);
        None
    }

    /// Goes on to the steps that fetch.
    fn begin_fetch(&mut self, f: u32, cached: u32) {
        let frame = &mut self.frames[f];
        frame.pc += 1;
        if frame.has(flag::DEGRADED) {
            frame.found |= found::WAS_DEGRADED;
        }
        self.cache_counts(cached).fetches += 1;
    }

    /// Begins to fetch a stale value anew, unless somebody does already.
    fn refresh(&mut self, f: u32, cached: u32) {
        let key = self.flight_key(f, cached);
        if self.flights.contains_key(&key) {
            return;
        }
        let step = &self.t.cached[cached as usize];
        let b = self.branch(f, step.refresh, step.refresh_salt, Role::Detached);
        let frame = &mut self.frames[b];
        frame.leads = 1;
        frame.found = found::NOTHING;
        let flight = Flight { leader: b, leader_born: frame.born, waiters: Vec::new() };
        self.flights.insert(key, flight);
        self.ready.push_back(b);
        let counts = self.cache_counts(cached);
        counts.refreshes += 1;
        counts.fetches += 1;
    }

    /// The flight of a step that a frame leads.
    fn led_flight(&self, f: u32, cached: u32) -> Option<FlightKey> {
        if self.frames[f].leads == 0 {
            return None;
        }
        let (born, key) = (self.frames[f].born, self.flight_key(f, cached));
        let is_led = |flight: &Flight| flight.leader == f && flight.leader_born == born;
        if self.flights.get(&key).is_some_and(is_led) {
            return Some(key);
        }
        // A fault on keys may have begun or ended since the fetch did.
        let mut all = self.flights.iter();
        all.find(|((step, ..), flight)| *step == cached && is_led(flight)).map(|(key, _)| *key)
    }

    /// A value was fetched and stored, or an old one serves: those who waited have it.
    pub(super) fn land(&mut self, f: u32, cached: u32, is_old: bool) {
        let Some(key) = self.led_flight(f, cached) else { return };
        self.frames[f].leads -= 1;
        let Some(flight) = self.flights.remove(&key) else { return };
        let hit = self.t.cached[cached as usize].hit;
        for w in self.still_waiting(&flight) {
            self.stop_waiting(w);
            self.cache_counts(cached).coalesced += 1;
            if is_old {
                self.serve_old(w, cached);
            }
            self.frames[w].pc = hit;
            self.ready.push_back(w);
        }
    }

    /// A fetch failed: serves the value that was kept for this case, or goes on to fail.
    pub(super) fn fetch_failed(&mut self, f: u32, cached: u32) {
        if self.frames[f].found & !found::WAS_DEGRADED != found::KEPT {
            self.frames[f].pc += 1;
            return;
        }
        self.land(f, cached, true);
        self.serve_old(f, cached);
        self.frames[f].pc = self.t.cached[cached as usize].hit;
    }

    fn serve_old(&mut self, f: u32, cached: u32) {
        self.frames[f].set(flag::DEGRADED);
        let counts = self.cache_counts(cached);
        counts.stale += 1;
        counts.stale_if_error += 1;
    }

    fn still_waiting(&self, flight: &Flight) -> Vec<u32> {
        let is_waiting = |(w, epoch): &(u32, u32)| {
            let frame = &self.frames[*w];
            frame.state == State::Coalescing && frame.epoch == *epoch
        };
        flight.waiters.iter().filter(|waiter| is_waiting(waiter)).map(|(w, _)| *w).collect()
    }

    fn stop_waiting(&mut self, w: u32) {
        let log = self.frames[w].log;
        if self.frames[w].replica != NONE {
            self.logs.charge(log, self.now, label(self.frames[w].comp, WaitKind::Coalesced));
        }
        self.frames[w].state = State::Running;
    }

    /// All flights that a frame leads, which it does no longer.
    fn take_led(&mut self, f: u32) -> Vec<(FlightKey, Flight)> {
        if self.frames[f].leads == 0 {
            return Vec::new();
        }
        self.frames[f].leads = 0;
        let born = self.frames[f].born;
        let led = |flight: &Flight| flight.leader == f && flight.leader_born == born;
        let keys: Vec<_> =
            self.flights.iter().filter(|(_, flight)| led(flight)).map(|(key, _)| *key).collect();
        keys.into_iter().filter_map(|key| Some((key, self.flights.remove(&key)?))).collect()
    }

    /// Nobody wants a fetch any more but those who waited for it: the first of them fetches, for all.
    pub(super) fn hand_over_flights(&mut self, f: u32) {
        for (key, flight) in self.take_led(f) {
            let waiting = self.still_waiting(&flight);
            let Some((&next, others)) = waiting.split_first() else { continue };
            self.stop_waiting(next);
            let leader = &mut self.frames[next];
            leader.leads += 1;
            let waiters = others.iter().map(|w| (*w, self.frames[*w].epoch)).collect();
            let flight = Flight { leader: next, leader_born: self.frames[next].born, waiters };
            self.flights.insert(key, flight);
            self.begin_fetch(next, key.0);
            self.ready.push_back(next);
        }
    }

    /// A fetch failed: those who waited for it fail the same way.
    pub(super) fn abandon_flights(&mut self, f: u32, class: ErrorClass) {
        for (key, flight) in self.take_led(f) {
            for w in self.still_waiting(&flight) {
                self.stop_waiting(w);
                self.cache_counts(key.0).coalesced += 1;
                let next = self.fail(w, class);
                if next != NONE {
                    self.ready.push_back(next);
                }
            }
        }
    }

    /// A crashed replica's fetches are gone, and so are those who waited for them.
    pub(super) fn forget_flights(&mut self, replica: u32) {
        self.flights.retain(|(_, owner, ..), _| *owner != replica);
    }
}
