//! Queues that stand: controlled delay, changing order, and leaving before one's turn.

use super::blame::label;
use super::engine::Engine;
use super::exec::Answer;
use super::frame::State;
use super::tables::{Holds, NONE};
use crate::kernel::Phase;
use crate::outcome::WaitKind;
use crate::plan::ErrorClass;
use crate::rng;

impl Engine<'_> {
    /// Joins a queue whose delay is controlled or whose order changes: the wait ends by patience or by
    /// the rule, whichever is first.
    #[inline(never)]
    pub(super) fn join_with_care(&mut self, f: u32, comp: usize, line: usize, stood_for: u64) {
        let rule = &self.t.comps[comp];
        let Some(standing) = rule.standing else { return };
        let allowed = standing
            .target
            .map(|target| if stood_for >= standing.interval.0 { target.0 } else { standing.interval.0 });
        let wait = [self.patience_of(f, comp), allowed].into_iter().flatten().min();
        if let Some(wait) = wait {
            self.schedule(f, wait, Phase::Timer);
        }
        // Served from the back, it must not keep those who left at the front for ever.
        let Self { frames, replicas, .. } = self;
        let line = &mut replicas[frames[f].replica as usize].lines[line];
        while line.front().is_some_and(|(g, ticket)| frames[*g].ticket != *ticket) {
            line.pop_front();
        }
    }

    /// How long a request is willing to wait in this queue.
    fn patience_of(&self, f: u32, comp: usize) -> Option<u64> {
        let rule = &self.t.comps[comp];
        let key = rng::key(self.frames[f].key, rule.patience_salt);
        rule.patience.as_ref().map(|patience| patience.sample(key))
    }

    /// A request has waited long enough: it leaves, or a queue with controlled delay sheds it.
    pub(super) fn renege(&mut self, f: u32) -> u32 {
        let comp = self.replicas[self.frames[f].replica as usize].comp as usize;
        let waited = self.now - self.frames[f].since;
        let is_own_will = self.patience_of(f, comp).is_some_and(|patience| patience <= waited);
        self.leave_line_with(f, if is_own_will { ErrorClass::Reneged } else { ErrorClass::Shed })
    }

    /// Takes a request out of its queue and fails it.
    pub(super) fn throw_out(&mut self, f: u32, class: ErrorClass) {
        let next = self.leave_line_with(f, class);
        if next != NONE {
            self.ready.push_back(next);
        }
    }

    /// A request leaves its queue with an error: by patience, by delay or because it is too late.
    pub(super) fn leave_line_with(&mut self, f: u32, class: ErrorClass) -> u32 {
        self.leave_queue(f);
        let comp = self.replicas[self.frames[f].replica as usize].comp;
        let log = self.frames[f].log;
        let wait = label(comp, WaitKind::QueueWait);
        self.logs.charge(log, self.now, wait);
        self.frames[f].state = State::Running;
        if self.replicas[self.frames[f].replica as usize].limit.is_some() {
            self.teach_limit(f, comp as usize, Some(class));
        }
        if self.holds(f) == Holds::Core {
            // It waited for a core in the middle of its work: the step fails.
            return self.fail(f, class);
        }
        let counts = &mut self.stations[comp as usize].counts;
        match class {
            ErrorClass::Reneged => counts.reneged += 1,
            ErrorClass::Expired => counts.expired += 1,
            _ => counts.shed += 1,
        }
        self.count_outside(f, comp as usize);
        self.reply(f, Answer::failed(class))
    }
}
