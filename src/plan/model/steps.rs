//! What a component does when called.

use super::{
    Amount, AttributeId, Broadcast, Cached, ComponentId, Condition, DatasetId, EntityId, ErrorClass,
    Generate, MessageStep, NameId, OperationId, PolicyId, Put, Removal, Token, Value,
};
use crate::dist::Law;

/// What a component does when called.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Name in the file.
    pub name: String,
    /// Whether calling it twice is as good as once, so that it may be retried.
    pub idempotent: bool,
    /// Size of a call to it, in bytes.
    pub request_bytes: Option<Law>,
    /// Size of its reply, in bytes.
    pub response_bytes: Option<Law>,
    /// What it does.
    pub steps: Vec<Step>,
}

/// One thing an operation or a journey does. `salt` names the step in the
/// addresses of its draws: it is unique within the component, and does not
/// change when other steps are added or removed.
#[derive(Clone, Debug)]
pub enum Step {
    /// Use a core for this long at nominal speed.
    Compute {
        /// Address of the draw.
        salt: String,
        /// CPU demand in nanoseconds.
        work: Law,
    },
    /// Let time pass without using a core.
    Wait {
        /// Address of the draw.
        salt: String,
        /// Elapsed time in nanoseconds.
        time: Law,
    },
    /// Call another component and wait for its answer.
    Call(Call),
    /// Hand the request on and release everything; the answer goes to the original caller.
    Forward(Call),
    /// Look a key up; on a miss, do something and remember the result.
    Cached(Box<Cached>),
    /// Write a key to a cache.
    Put(Box<Put>),
    /// Remove what a cache remembers.
    Remove(Box<Removal>),
    /// Do one of several lists of steps.
    Choose {
        /// Address of the draw.
        salt: String,
        /// `(probability, steps)`; probabilities sum to 1.
        branches: Vec<(f64, Vec<Step>)>,
    },
    /// Do the list of steps that belongs to what a name stands for now.
    Resolve {
        /// Which name.
        name: NameId,
        /// Address of the step.
        salt: String,
        /// One list for each component that the name may stand for.
        branches: Vec<Vec<Step>>,
    },
    /// Do a list of steps several times.
    Repeat {
        /// Address of the draw and of each round's draws.
        salt: String,
        /// How often; rounded to the nearest whole number.
        times: Law,
        /// Bound on the number of rounds.
        at_most: u32,
        /// What to do each time.
        body: Vec<Step>,
    },
    /// Do several lists of steps at once.
    Parallel {
        /// Address of the branches' draws.
        salt: String,
        /// The lists.
        branches: Vec<Vec<Step>>,
        /// How many must succeed.
        need: u32,
        /// Whether the rest is cancelled once enough have succeeded.
        cancel_stragglers: bool,
    },
    /// Do a list of steps, and another if it fails.
    Try {
        /// Address of the body's draws.
        salt: String,
        /// What to try.
        body: Vec<Step>,
        /// `(classes, steps)`: the first entry that lists the failure's class is done instead.
        rescue: Vec<(Vec<ErrorClass>, Vec<Step>)>,
        /// Whether a rescued request counts as degraded.
        degraded: bool,
    },
    /// Fail with some probability.
    Fail {
        /// Address of the draw.
        salt: String,
        /// How likely, 0..=1.
        probability: f64,
        /// With what.
        class: ErrorClass,
        /// Draw for each key of this entity instead of each request: the same keys always fail.
        key: Option<EntityId>,
    },
    /// Do one of two lists of steps.
    If {
        /// What decides.
        condition: Condition,
        /// What to do when it holds.
        then: Vec<Step>,
        /// What to do when it does not.
        otherwise: Vec<Step>,
    },
    /// Change attributes for the steps and calls that follow.
    Set {
        /// Address of the draws.
        salt: String,
        /// New values, computed one after the other.
        changes: Vec<(AttributeId, Value)>,
    },
    /// Have the component's language model answer.
    Generate(Generate),
    /// Have a valid token at hand.
    Token(Box<Token>),
    /// Count units for the bill.
    Meter {
        /// Which of the component's meters.
        meter: usize,
        /// How many units.
        amount: Amount,
    },
    /// Begin a list of steps and go on without waiting for it.
    Start {
        /// Address of its draws.
        salt: String,
        /// What to begin.
        body: Vec<Step>,
    },
    /// Answer now; the steps that follow run on, still holding the thread.
    Reply,
    /// Something about messages, repetition or progress.
    Message(Box<MessageStep>),
    /// Send something to the sessions of the component.
    Broadcast(Box<Broadcast>),
}

/// A call site.
#[derive(Clone, Debug)]
pub struct Call {
    /// Address of the call's draws.
    pub salt: String,
    /// Who is called.
    pub target: ComponentId,
    /// What is asked.
    pub operation: OperationId,
    /// How the caller behaves.
    pub policy: PolicyId,
    /// Whether the answer is passed on to the caller's own caller as it comes.
    pub streams: bool,
    /// What the call does to a store's ledger when it is a read or a write step.
    pub store: Option<StoreAccess>,
}

/// A read or a write of a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreAccess {
    /// Which set of rows.
    pub dataset: DatasetId,
    /// Whether rows change.
    pub is_write: bool,
    /// Whether a write fails if the row was written since the same list of steps read it.
    pub if_unchanged: bool,
}

impl Step {
    /// The calls this step itself makes, nested steps left out.
    #[must_use]
    pub fn calls(&self) -> Vec<&Call> {
        match self {
            Self::Call(call) | Self::Forward(call) => vec![call],
            Self::Put(put) => vec![&put.call],
            Self::Remove(removal) => vec![&removal.call],
            Self::Cached(cached) => vec![&cached.get, &cached.set],
            Self::Message(step) => step.calls(),
            _ => Vec::new(),
        }
    }

    /// The lists of steps nested in this one, to be changed.
    pub fn bodies_mut(&mut self) -> Vec<&mut Vec<Self>> {
        match self {
            Self::Cached(cached) => vec![&mut cached.hit, &mut cached.miss],
            Self::Choose { branches, .. } => branches.iter_mut().map(|(_, steps)| steps).collect(),
            Self::Token(token) => vec![&mut token.refresh],
            Self::If { then, otherwise, .. } => vec![then, otherwise],
            Self::Repeat { body, .. } | Self::Start { body, .. } => vec![body],
            Self::Parallel { branches, .. } | Self::Resolve { branches, .. } => branches.iter_mut().collect(),
            Self::Try { body, rescue, .. } => {
                let mut all = vec![body];
                all.extend(rescue.iter_mut().map(|(_, steps)| steps));
                all
            }
            _ => Vec::new(),
        }
    }

    /// The lists of steps nested in this one.
    #[must_use]
    pub fn bodies(&self) -> Vec<&[Self]> {
        match self {
            Self::Cached(cached) => vec![&cached.hit, &cached.miss],
            Self::Message(step) => step.bodies(),
            Self::Choose { branches, .. } => branches.iter().map(|(_, steps)| steps.as_slice()).collect(),
            Self::Token(token) => vec![&token.refresh],
            Self::If { then, otherwise, .. } => vec![then, otherwise],
            Self::Repeat { body, .. } | Self::Start { body, .. } => vec![body],
            Self::Parallel { branches, .. } | Self::Resolve { branches, .. } => {
                branches.iter().map(Vec::as_slice).collect()
            }
            Self::Try { body, rescue, .. } => {
                let mut all = vec![body.as_slice()];
                all.extend(rescue.iter().map(|(_, steps)| steps.as_slice()));
                all
            }
            _ => Vec::new(),
        }
    }
}
