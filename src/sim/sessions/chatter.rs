//! What open sessions say: journeys at a rate for each, over the connection that is open.
//!
//! All sessions of a population together are one Poisson stream whose rate
//! follows their number. Its candidates come at the rate of some more sessions
//! than there are, and one is taken with the chance that it falls on a session
//! that exists, so that the stream is exact without being rescheduled at each
//! connect.

use super::Happening;
use crate::kernel::Phase;
use crate::rng;
use crate::sim::engine::Engine;
use crate::sim::frame::{Role, flag};
use crate::sim::tables::NONE;

const SALT_GAP: u64 = rng::name_hash("session/say/gap");
const SALT_WHO: u64 = rng::name_hash("session/say/who");
const SALT_SAY: u64 = rng::name_hash("session/say");

/// Where a population's stream of messages stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Chatter {
    /// Sessions at whose rate candidates come; 0 while none come.
    bound: u64,
    /// Which candidate is the next: older ones no longer count.
    token: u32,
    candidates: u64,
}

impl Engine<'_> {
    /// Keeps the candidates' rate at a little more than the sessions'.
    pub(super) fn follow_open(&mut self, p: u32) {
        let state = &mut self.sessions.populations[p as usize];
        if state.held.messages_per_sec == 0.0 {
            return;
        }
        let (open, bound) = (state.open.level, state.chatter.bound);
        if open <= bound && bound <= 2 * open + 16 && (open > 0 || bound == 0) {
            return;
        }
        state.chatter.bound = if open == 0 { 0 } else { open + open / 4 + 1 };
        state.chatter.token = state.chatter.token.wrapping_add(1);
        self.schedule_saying(p);
    }

    fn schedule_saying(&mut self, p: u32) {
        let state = &mut self.sessions.populations[p as usize];
        let chatter = &mut state.chatter;
        if chatter.bound == 0 {
            return;
        }
        chatter.candidates += 1;
        let draw = rng::unit_open(rng::nth(rng::key(state.key, SALT_GAP), chatter.candidates));
        let rate = state.held.messages_per_sec / 1e9 * chatter.bound as f64;
        let gap = (-libm::log(draw) / rate).min(1e19) as u64;
        let happening = Happening::Say { population: p, token: chatter.token };
        let at = self.now.saturating_add(gap);
        self.schedule_session(at, Phase::Arrive, happening);
    }

    /// A candidate comes: if it falls on an open session, that says something. Returns the request's frame.
    pub(super) fn session_says(&mut self, p: u32, token: u32) -> u32 {
        let state = &self.sessions.populations[p as usize];
        if state.chatter.token != token {
            return NONE;
        }
        let key = rng::nth(rng::key(state.key, SALT_SAY), state.chatter.candidates);
        let mut who = rng::below(rng::key(key, SALT_WHO), state.chatter.bound);
        let place = state.live.iter().position(|group| {
            let is_here = who < group.count;
            who = who.saturating_sub(group.count);
            is_here
        });
        let (load, comp) = (state.load, state.comp as usize);
        self.schedule_saying(p);
        let Some(place) = place else { return NONE };
        let f = self.frames.alloc();
        self.begin_request(f, load, key);
        let frame = &mut self.frames[f];
        frame.set(flag::SPEAKS);
        // A root has no parent: the field says where its connection leads.
        frame.parent_epoch = self.t.comps[comp].first_replica + place as u32;
        f
    }

    /// The replica that a request's open connection leads to, or `NONE`.
    pub(in crate::sim) fn connected_replica(&self, f: u32) -> u32 {
        let mut root = f;
        while self.frames[root].role == Role::Branch {
            root = self.frames[root].parent;
        }
        let frame = &self.frames[root];
        if frame.role == Role::Root && frame.has(flag::SPEAKS) { frame.parent_epoch } else { NONE }
    }
}
