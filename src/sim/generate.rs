//! Language models: reading the prompt, the first token, writing the rest.
//!
//! An answer is two computations on the replica's cores: prefill, then decode.
//! With shared cores that is continuous batching: as many requests as there
//! are cores write at full pace, and more share the pace. Between the two the
//! first token leaves, and travels up through callers that stream.

use super::attributes::{AmountRule, ValueRule};
use super::control::Control;
use super::engine::{Engine, tag};
use super::exec::Answer;
use super::frame::{Role, State, flag};
use super::tables::NONE;
use super::trouble::Trouble;
use crate::kernel::Phase;
use crate::outcome::ModelSlot;
use crate::plan::ErrorClass;
use crate::rng;
use crate::units::{NANOS_PER_SEC, SimTime};

const SALT_CUT: u64 = rng::name_hash("generate/cut");
const SALT_CUT_AT: u64 = rng::name_hash("generate/cut-at");
const SALT_MALFORMED: u64 = rng::name_hash("generate/malformed");
const SALT_WRONG: u64 = rng::name_hash("generate/wrong");
const SALT_FIRST_TOKEN: u64 = rng::name_hash("net/first-token");
/// Most tokens of one answer that are counted.
const TOKENS_MAX: u64 = 1 << 31;

/// Flags of a frame whose answer is not what it seems.
pub(super) const TAINTS: u32 = flag::MALFORMED | flag::WRONG;

/// A compiled `generate` step.
#[derive(Clone, Debug)]
pub(super) struct GenerateRule {
    pub(super) salt: u64,
    pub(super) prompt: ValueRule,
    pub(super) output: ValueRule,
    pub(super) output_max: Option<AmountRule>,
    /// Tokens that the model holds.
    pub(super) window: u64,
    pub(super) prefill_per_ns: f64,
    pub(super) decode_per_ns: f64,
    pub(super) malformed: f64,
    pub(super) wrong: f64,
    /// Meters among those of the operation.
    pub(super) input_meter: u32,
    pub(super) output_meter: u32,
}

/// What a fault does to answers, as shares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct BadOutput {
    pub(super) malformed: f64,
    pub(super) wrong: f64,
    pub(super) cut: f64,
}

impl Trouble {
    /// What becomes of a language model's answers.
    pub(super) fn bad_output(&self) -> BadOutput {
        self.bad_outputs.iter().fold(BadOutput::default(), |sum, (_, bad)| BadOutput {
            malformed: sum.malformed + bad.malformed,
            wrong: sum.wrong + bad.wrong,
            cut: sum.cut + bad.cut,
        })
    }
}

fn tokens(amount: f64) -> u64 {
    ((amount + 0.5).max(0.0) as u64).min(TOKENS_MAX)
}

impl Engine<'_> {
    fn model_counts(&mut self, f: u32) -> &mut ModelSlot {
        let comp = self.replicas[self.frames[f].replica as usize].comp as usize;
        self.stations[comp].counts.model.get_or_insert_default()
    }

    /// What faults presently do to the answers of a frame's replica.
    fn bad_output(&self, f: u32) -> BadOutput {
        let trouble = &self.replicas[self.frames[f].replica as usize].trouble;
        trouble.as_ref().map_or_else(BadOutput::default, |trouble| trouble.bad_output())
    }

    fn prompt_tokens(&self, f: u32, step: u32) -> u64 {
        let rule = &self.t.generates[step as usize];
        tokens(self.value(f, &rule.prompt, rng::nth(rule.salt, 0)))
    }

    /// Begins to read the prompt, or refuses one that does not fit.
    pub(super) fn prefill(&mut self, f: u32, step: u32) -> u32 {
        let prompt = self.prompt_tokens(f, step);
        let rule = &self.t.generates[step as usize];
        let wanted = tokens(self.value(f, &rule.output, rng::nth(rule.salt, 1)));
        let reserved = rule.output_max.map(|amount| tokens(self.amount(f, amount)));
        let prefill_ns = prompt as f64 / rule.prefill_per_ns;
        if prompt + reserved.unwrap_or(0) > rule.window {
            self.model_counts(f).overflowed += 1;
            return self.fail(f, ErrorClass::Rejected);
        }
        let output = wanted.min(reserved.unwrap_or(rule.window - prompt));
        self.model_counts(f).prompt_tokens += prompt;
        self.frames[f].aux = output as u32;
        self.compute_with_care(f, nanos(prefill_ns))
    }

    /// The first token leaves, and the rest is written.
    pub(super) fn decode(&mut self, f: u32, step: u32) -> u32 {
        let prompt = self.prompt_tokens(f, step);
        let rule = &self.t.generates[step as usize];
        let (decode_per_ns, meter) = (rule.decode_per_ns, rule.input_meter);
        self.count_usage(f, meter, prompt as f64);
        let key = rng::key(self.frames[f].key, self.t.generates[step as usize].salt);
        let is_cut = rng::unit(rng::key(key, SALT_CUT)) < self.bad_output(f).cut;
        let now = self.now;
        let frame = &mut self.frames[f];
        let mut output = u64::from(frame.aux);
        if is_cut {
            output = (output as f64 * rng::unit(rng::key(key, SALT_CUT_AT))) as u64;
        }
        frame.aux = output as u32;
        frame.rounds = u32::from(is_cut);
        // A frame that computes makes no call, so the field is free to say when writing began.
        frame.call_start = now;
        if output > 0 {
            self.tell_first_token(f);
        }
        self.compute_with_care(f, nanos(output as f64 / decode_per_ns))
    }

    /// The answer is written, or its stream was cut.
    pub(super) fn generated(&mut self, f: u32, step: u32) -> u32 {
        let rule = &self.t.generates[step as usize];
        let (malformed, wrong, meter) = (rule.malformed, rule.wrong, rule.output_meter);
        let key = rng::key(self.frames[f].key, rule.salt);
        let bad = self.bad_output(f);
        let frame = &mut self.frames[f];
        let (output, is_cut) = (u64::from(frame.aux), frame.rounds > 0);
        let spent = self.now - frame.call_start;
        // Draws of later branches are addressed by this field too.
        frame.aux = 0;
        self.count_usage(f, meter, output as f64);
        let is_malformed = !is_cut && rng::unit(rng::key(key, SALT_MALFORMED)) < malformed + bad.malformed;
        let is_wrong = !is_cut && rng::unit(rng::key(key, SALT_WRONG)) < wrong + bad.wrong;
        let counts = self.model_counts(f);
        counts.output_tokens += output;
        counts.generations += 1;
        counts.cut += u64::from(is_cut);
        counts.malformed += u64::from(is_malformed);
        counts.wrong += u64::from(is_wrong);
        if let Some(per_token) = spent.checked_div(output) {
            counts.token_time.record(per_token);
        }
        if is_cut {
            return self.fail(f, ErrorClass::Reset);
        }
        let frame = &mut self.frames[f];
        frame.flags |=
            if is_malformed { flag::MALFORMED } else { 0 } | if is_wrong { flag::WRONG } else { 0 };
        frame.pc += 1;
        f
    }

    /// Counts units of the frame's operation for the bill.
    pub(super) fn count_usage(&mut self, f: u32, meter: u32, units: f64) {
        let op = self.frames[f].op as usize;
        self.usage[(self.t.ops[op].first_meter + meter) as usize] += units.max(0.0);
    }

    /// Walks from a branch to the activation that it is part of.
    fn activation(&self, f: u32) -> Option<u32> {
        let mut f = f;
        while self.frames[f].role == Role::Branch {
            let frame = &self.frames[f];
            if self.frames[frame.parent].epoch != frame.parent_epoch {
                return None;
            }
            f = frame.parent;
        }
        Some(f)
    }

    /// The first token of an answer leaves a component, or reaches a user.
    fn tell_first_token(&mut self, f: u32) {
        let Some(a) = self.activation(f) else { return };
        let frame = &self.frames[a];
        let spent = self.now - frame.entered;
        match frame.role {
            Role::Root if !frame.has(flag::FIRST_TOKEN) => {
                let row = usize::from(frame.slot) * self.t.traffic.len() + frame.op as usize;
                self.frames[a].set(flag::FIRST_TOKEN);
                self.records.traffic[row].first_token.record(spent);
            }
            Role::Server if !frame.has(flag::REPLIED) => {
                self.model_counts(a).first_token.record(spent);
                self.send_first_token(a);
            }
            _ => {}
        }
    }

    /// Sends the first token to a caller that still waits.
    fn send_first_token(&mut self, a: u32) {
        let frame = &self.frames[a];
        let (caller, epoch, key) = (frame.parent, frame.parent_epoch, frame.key);
        if caller == NONE || self.frames[caller].epoch != epoch {
            return;
        }
        let comp = &self.t.comps[self.replicas[frame.replica as usize].comp as usize];
        let to = self.node_of(caller);
        if self.network.active > 0 && !self.is_connected(comp.node, to) {
            return;
        }
        let link = self.link_between(comp.place, self.t.node_place[to as usize]);
        let latency = (link != NONE).then(|| self.t.links[link as usize].latency.as_ref()).flatten();
        let delay = latency.map_or(0, |law| law.sample(key ^ SALT_FIRST_TOKEN));
        if delay == 0 {
            self.first_token_arrives(caller, epoch);
        } else {
            let control = Control::FirstToken { frame: caller, epoch };
            self.schedule_control(delay, Phase::Deliver, control);
        }
    }

    /// A caller gets the first token: it no longer waits for that, and passes it on if it streams.
    pub(super) fn first_token_arrives(&mut self, f: u32, epoch: u32) {
        if self.frames[f].epoch != epoch || self.frames[f].state != State::Calling {
            return;
        }
        let (site, child) = (self.frames[f].site as usize, self.frames[f].child);
        let policy = &self.t.policies[self.t.sites[site].policy as usize];
        if policy.first_token_timeout < u64::MAX && self.frames[child].born == self.frames[f].child_born {
            let until = self.frames[child].deadline;
            self.frames[f].timer = match until {
                u64::MAX => 0,
                until => self.queue.push(SimTime(until.max(self.now)), Phase::Timer, tag::CALL_TIMER, f),
            };
        }
        if self.t.sites[site].streams {
            self.tell_first_token(f);
        }
    }

    /// What a caller makes of an answer that is not what it seems.
    #[inline(never)]
    pub(super) fn examine(&mut self, f: u32, answer: Answer) -> Answer {
        let policy = self.policy_of(f);
        let is_malformed = answer.taint & flag::MALFORMED != 0;
        if is_malformed && self.t.policies[policy as usize].validates {
            return Answer::failed(ErrorClass::Malformed);
        }
        // Nobody noticed: from here on it is simply wrong.
        self.frames[f].set(flag::WRONG);
        answer
    }
}

fn nanos(time: f64) -> u64 {
    // A year is for ever, and sums of such times still fit.
    const LONGEST: f64 = (NANOS_PER_SEC * 3_600 * 24 * 365) as f64;
    (time + 0.5).min(LONGEST) as u64
}
