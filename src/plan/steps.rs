//! Steps of operations and journeys.
//!
//! Every step that draws or calls gets a *salt*, its address in the draws:
//! `OPERATION/WORD TARGET#N`, where `N` counts the steps with the same word
//! and target in the same list, from 1. Steps inside another step start with
//! that step's salt and the list's word (`OPERATION/choose#1/2/call x.y#1`).
//! So a step keeps its salt when other steps are put in or taken out, unless
//! they are of the same word and target and before it in the same list.

use super::codes;
use super::context::{At, Context};
use super::directory::Directory;
use super::model::{Call, ComponentId, EntityId, Step};
use super::policies::{CallerEntry, Policies};
use super::row_level_security::Filtered;
use crate::spec::raw::RawStep;
use std::collections::BTreeMap;

/// Most steps of all operations and journeys together, copies of `parallel` counted.
const STEPS_MAX: u32 = 100_000;
/// Deepest nesting of lists of steps.
const DEPTH_MAX: u32 = 64;

/// A cache step seen on the way: which cache holds which entity, and where that is said.
pub(super) struct CacheUse {
    /// The component that remembers.
    pub(super) component: ComponentId,
    /// What it remembers.
    pub(super) entity: EntityId,
    /// The step.
    pub(super) at: At,
}

/// Turns raw steps into steps; one for the whole topology.
pub(super) struct StepBuilder<'b, 'a> {
    /// The input and what is wrong with it.
    pub(super) cx: &'b mut Context<'a>,
    /// Who is who; cache steps add free operations.
    pub(super) directory: &'b mut Directory,
    /// Policies made for the calls seen.
    pub(super) policies: &'b mut Policies,
    /// Whose steps these are.
    pub(super) caller: CallerEntry<'a>,
    /// Cache steps seen.
    pub(super) cache_uses: &'b mut Vec<CacheUse>,
    /// Operations that filter rows, seen so far.
    pub(super) filtered: &'b mut Filtered,
    /// Steps seen, over all callers.
    pub(super) count: &'b mut u32,
}

/// Which list of steps is being read.
#[derive(Clone)]
pub(super) struct List {
    /// Where it is written.
    at: At,
    /// What its steps' salts begin with.
    path: String,
    /// How many lists it is inside.
    depth: u32,
    /// Whose it is and what that allows.
    kind: ListKind,
}

/// What a list of steps belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ListKind {
    /// The steps of an operation themselves.
    Operation,
    /// A branch of a `choose` of an operation: it may still hand the request on.
    Branch,
    /// A list inside another step that must come back to it.
    Inner,
    /// A journey, or a list inside one.
    Journey,
}

impl List {
    /// The steps of an operation.
    pub(super) fn operation(at: At, name: &str) -> Self {
        Self { at, path: name.to_owned(), depth: 0, kind: ListKind::Operation }
    }

    /// The steps of a journey.
    pub(super) fn journey(at: At, name: &str) -> Self {
        Self { at, path: name.to_owned(), depth: 0, kind: ListKind::Journey }
    }

    /// A list inside the step with this salt.
    pub(super) fn inside(&self, at: At, salt: &str, word: &str) -> Self {
        let kind = if self.kind == ListKind::Journey { ListKind::Journey } else { ListKind::Inner };
        Self { at, path: format!("{salt}/{word}"), depth: self.depth + 1, kind }
    }

    /// A branch of the `choose` with this salt.
    pub(super) fn branch(&self, at: At, salt: &str, index: usize) -> Self {
        let inner = self.inside(at, salt, &(index + 1).to_string());
        match self.kind {
            ListKind::Operation | ListKind::Branch => Self { kind: ListKind::Branch, ..inner },
            ListKind::Inner | ListKind::Journey => inner,
        }
    }

    /// Whether its steps run outside any component.
    pub(super) fn is_journey(&self) -> bool {
        self.kind == ListKind::Journey
    }
}

/// Counts the steps of one list that have the same word and target.
#[derive(Default)]
pub(super) struct Salts(BTreeMap<String, u32>);

impl Salts {
    /// The next salt for a word, with its target if it has one.
    pub(super) fn next(&mut self, list: &List, word: &str) -> String {
        let count = self.0.entry(word.to_owned()).or_insert(0);
        *count += 1;
        format!("{}/{word}#{count}", list.path)
    }
}

impl StepBuilder<'_, '_> {
    /// All steps of a list; those that are wrong are complained about and left out.
    pub(super) fn list(&mut self, raw: &[RawStep], list: &List) -> Vec<Step> {
        if list.depth > DEPTH_MAX {
            let message = format!("steps are nested more than {DEPTH_MAX} deep");
            self.cx.error(codes::TOO_BIG, &list.at, message, "move some into an operation of their own");
            return Vec::new();
        }
        let mut salts = Salts::default();
        let mut steps = Vec::with_capacity(raw.len());
        let mut has_replied = false;
        for (index, raw_step) in raw.iter().enumerate() {
            let at = list.at.index(index);
            if !self.counts_one_more(&at) {
                break;
            }
            match raw_step {
                RawStep::Reply => {
                    self.check_reply(&at, list, has_replied);
                    has_replied = true;
                }
                RawStep::Forward(_) => self.check_forward(&at, list, index + 1 == raw.len(), has_replied),
                _ => {}
            }
            if let RawStep::Meter(raw) = raw_step {
                steps.extend(self.meter(&at.key("meter"), raw));
                continue;
            }
            let step = self.step(raw_step, &at, list, &mut salts);
            self.check_was_read(&at, &steps, step.as_ref());
            steps.extend(step);
        }
        steps
    }

    /// Whether there is room for one more step; complains the first time there is none.
    pub(super) fn counts_one_more(&mut self, at: &At) -> bool {
        *self.count = self.count.saturating_add(1);
        if *self.count == STEPS_MAX + 1 {
            let message = format!("there are more than {STEPS_MAX} steps in all");
            self.cx.error(codes::TOO_BIG, at, message, "use `repeat`, or fewer copies in `parallel`");
        }
        *self.count <= STEPS_MAX
    }

    fn check_reply(&mut self, at: &At, list: &List, has_replied: bool) {
        let message = match list.kind {
            ListKind::Operation if has_replied => "an operation replies once",
            ListKind::Operation => return,
            ListKind::Journey => "a journey has nobody to reply to",
            ListKind::Branch | ListKind::Inner => {
                "`reply` must be among the operation's own steps, not inside another"
            }
        };
        self.cx.error(codes::MISPLACED_STEP, at, message, "");
    }

    fn check_forward(&mut self, at: &At, list: &List, is_last: bool, has_replied: bool) {
        let (message, help) = match list.kind {
            ListKind::Journey => ("a journey has no request to hand on", "use `call`"),
            ListKind::Inner => {
                ("`forward` cannot stand inside a step that waits for what it does", "use `call`")
            }
            _ if !is_last => {
                ("nothing can follow `forward`: the request is gone", "use `call`, or put it last")
            }
            _ if has_replied => ("the request was already answered", "use `call`"),
            _ => return,
        };
        self.cx.error(codes::MISPLACED_STEP, at, message, help);
    }

    fn step(&mut self, raw: &RawStep, at: &At, list: &List, salts: &mut Salts) -> Option<Step> {
        match raw {
            RawStep::Compute(law) => {
                if list.is_journey() {
                    let message = "a journey runs outside and has no cores";
                    self.cx.error(
                        codes::MISPLACED_STEP,
                        at,
                        message,
                        "use `wait` for time on the user's side",
                    );
                }
                let salt = salts.next(list, "compute");
                self.cx.time_law(&at.key("compute"), law).map(|work| Step::Compute { salt, work })
            }
            RawStep::Wait(law) => {
                let salt = salts.next(list, "wait");
                self.cx.time_law(&at.key("wait"), law).map(|time| Step::Wait { salt, time })
            }
            RawStep::Call(target) => {
                let at = at.key("call");
                if let Some(step) = self.named_call(&at, target.as_str(), list, salts) {
                    return step;
                }
                let call = self.call(&at, target.as_str(), list, "call", salts)?;
                Some(self.with_fallback(call, list))
            }
            RawStep::Forward(target) => {
                let at = at.key("forward");
                let call = self.call(&at, target.as_str(), list, "forward", salts)?;
                self.refuse_extras(&at, &call, "a forwarded request");
                Some(Step::Forward(call))
            }
            RawStep::Read(target) => {
                let call = self.store_access(&at.key("read"), target.as_str(), list, "read", salts)?;
                Some(self.with_fallback(call, list))
            }
            RawStep::Write(raw) => self.write(&at.key("write"), raw, list, salts),
            RawStep::Cached(raw) => self.cached(&at.key("cached"), raw, list, salts),
            RawStep::Put(raw) => self.put(&at.key("put"), raw, list, salts),
            RawStep::Purge(raw) => self.purge(&at.key("purge"), raw, list, salts),
            RawStep::Invalidate(raw) => self.invalidate(&at.key("invalidate"), raw, list, salts),
            RawStep::Choose(raw) => self.choose(&at.key("choose"), raw, list, salts),
            RawStep::Repeat(raw) => self.repeat(&at.key("repeat"), raw, list, salts),
            RawStep::Parallel(raw) => self.parallel(&at.key("parallel"), raw, list, salts),
            RawStep::Try(raw) => self.attempt(&at.key("try"), raw, list, salts),
            RawStep::Fail(raw) => self.fail(&at.key("fail"), raw, list, salts),
            RawStep::Start(raw) => {
                let salt = salts.next(list, "start");
                let body = self.list(raw, &list.inside(at.key("start"), &salt, "do"));
                Some(Step::Start { salt, body })
            }
            RawStep::If(raw) => self.branch_if(&at.key("if"), raw, list, salts),
            RawStep::Token(raw) => self.token(&at.key("token"), raw, list, salts),
            RawStep::Set(raw) => self.set(&at.key("set"), raw, list, salts),
            RawStep::Generate(raw) => self.generate(&at.key("generate"), raw, list, salts),
            RawStep::Stream(target) => {
                let call = self.call(&at.key("stream"), target.as_str(), list, "stream", salts);
                call.map(|call| Step::Call(Call { streams: true, ..call }))
            }
            // One step that becomes several: see `list`.
            RawStep::Meter(_) => None,
            RawStep::Reply => Some(Step::Reply),
            RawStep::Broadcast(raw) => self.broadcast(&at.key("broadcast"), raw, list, salts),
            message => self.message_step(message, at, list, salts),
        }
    }
}
