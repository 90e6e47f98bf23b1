//! What the engine knows of sessions before it begins.

use super::broadcast::BroadcastRule;
use crate::plan::{Broadcast, Plan};
use crate::sim::compile::Compiler;
use crate::sim::engine::Engine;
use crate::sim::tables::Ins;

/// What a program does about sessions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::sim) enum SessionIns {
    /// Send something to the component's sessions.
    Broadcast { number: u32 },
    /// Work for each recipient of a broadcast.
    Cast,
    /// The recipients of one replica have it.
    Sent,
}

/// Sessions, as far as they are known from the plan.
#[derive(Clone, Debug, Default)]
pub(in crate::sim) struct SessionTables {
    pub(super) broadcasts: Vec<BroadcastRule>,
    /// Where the program of a part of a broadcast begins.
    pub(super) cast_entry: u32,
    /// By policy: its calls may go over a session, to the replica that holds it. Empty without sessions.
    held: Vec<bool>,
}

impl SessionTables {
    /// Whether a policy's calls may go over a session.
    pub(in crate::sim) fn is_held(&self, policy: u32) -> bool {
        self.held.get(policy as usize).is_some_and(|is_held| *is_held)
    }
}

impl Compiler<'_> {
    /// The program of a part of a broadcast, and which calls go over sessions.
    pub(in crate::sim) fn sessions(&mut self) {
        if self.plan.clients.iter().all(|client| client.sessions.is_none()) {
            return;
        }
        let program = [SessionIns::Cast, SessionIns::Sent].map(Ins::Session);
        self.t.sessions.cast_entry = self.place_code(program.into_iter().chain([Ins::End]).collect());
        let policies = self.t.policies.iter();
        self.t.sessions.held = policies.map(|rule| is_held(self.plan, rule.caller, rule.target)).collect();
    }

    pub(in crate::sim) fn emit_broadcast(&mut self, step: &Broadcast, code: &mut Vec<Ins>) {
        let rule = BroadcastRule::new(step, self.salt(&step.salt));
        self.t.sessions.broadcasts.push(rule);
        let number = (self.t.sessions.broadcasts.len() - 1) as u32;
        code.push(Ins::Session(SessionIns::Broadcast { number }));
    }
}

/// Whether a caller, by its node, holds sessions to a component.
fn is_held(plan: &Plan, caller: u32, target: u32) -> bool {
    let client = (caller as usize).checked_sub(plan.components.len()).and_then(|id| plan.clients.get(id));
    let held = client.and_then(|client| client.sessions.as_ref());
    held.is_some_and(|held| held.component == target as usize)
}

impl Engine<'_> {
    /// Runs one instruction about sessions; `Some` when the frame now waits.
    pub(in crate::sim) fn run_session(&mut self, f: u32, what: SessionIns) -> Option<u32> {
        match what {
            SessionIns::Broadcast { number } => self.broadcast(f, number),
            SessionIns::Cast => return Some(self.compute_with_care(f, self.cast_work(f))),
            SessionIns::Sent => self.part_sent(f),
        }
        self.frames[f].pc += 1;
        None
    }
}
