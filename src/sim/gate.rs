//! Who is let through to a component at all: reachability and credentials.
//!
//! Whether a credential is good is a function of time, of who presents it and
//! of who checks it, so a rotation or an expiry costs no event.

use super::engine::Engine;
use super::frame::flag;
use super::tables::NONE;
use crate::dist::Sampler;
use crate::plan::{Caller, Checked, Effect, OutageMode, Path, Plan, Schedule};
use crate::rng;

const SALT_LAG: u64 = rng::name_hash("rotate/lag");
const SALT_VERIFIER_LAG: u64 = rng::name_hash("rotate/verifier-lag");

/// A compiled credential: when it is checked and what happens to it.
#[derive(Clone, Debug)]
pub(super) struct CredentialRule {
    checked: Checked,
    /// From when, by the clock of whoever checks, and until when it is renewed.
    expiries: Vec<(u64, u64)>,
    rotations: Vec<Rotation>,
}

#[derive(Clone, Debug)]
struct Rotation {
    salt: u64,
    at: u64,
    end: u64,
    lag: Sampler,
    verifier_lag: Sampler,
    grace: u64,
}

/// Every credential with the faults that hit it.
pub(super) fn credential_rules(plan: &Plan, seed: u64) -> Vec<CredentialRule> {
    let mut rules: Vec<CredentialRule> = plan
        .credentials
        .iter()
        .map(|one| CredentialRule { checked: one.checked, expiries: Vec::new(), rotations: Vec::new() })
        .collect();
    for fault in &plan.faults {
        let Schedule::Once { at, length, .. } = &fault.schedule else { continue };
        let end = length.map_or(u64::MAX, |length| at.0.saturating_add(length.0));
        match &fault.effect {
            Effect::Expire { credential } => rules[*credential].expiries.push((at.0, end)),
            Effect::Rotate { credential, lag, verifier_lag, grace } => {
                rules[*credential].rotations.push(Rotation {
                    salt: rng::key(seed, rng::name_hash(&format!("fault/{}", fault.name))),
                    at: at.0,
                    end,
                    lag: Sampler::new(lag),
                    verifier_lag: Sampler::new(verifier_lag),
                    grace: grace.0,
                });
            }
            _ => {}
        }
    }
    rules
}

impl Rotation {
    /// Whether what `presenter` has is not what `verifier` accepts.
    fn mismatches(&self, now: u64, presenter: u64, verifier: u64) -> bool {
        if now < self.at || now >= self.end {
            return false;
        }
        let learns = |law: &Sampler, salt: u64, who: u64| {
            let lag = law.sample(rng::key(rng::key(self.salt, who), salt));
            self.at.saturating_add((lag + 0.5) as u64)
        };
        let verifier_learns = learns(&self.verifier_lag, SALT_VERIFIER_LAG, verifier);
        if now < learns(&self.lag, SALT_LAG, presenter) {
            now >= verifier_learns.max(self.at.saturating_add(self.grace))
        } else {
            now < verifier_learns
        }
    }
}

impl Engine<'_> {
    /// Checks whether a request may come in at all; `None` lets it on.
    pub(super) fn pass_gate(&mut self, f: u32, comp: usize) -> Option<u32> {
        let frame = &self.frames[f];
        let site = &self.t.sites[frame.from_site as usize];
        if site.policy == NONE || self.is_probe(f) {
            // Consumers fetch their messages, and probes come from the platform itself.
            return None;
        }
        let policy = &self.t.policies[site.policy as usize];
        let caller = (frame.parent != NONE && self.frames[frame.parent].epoch == frame.parent_epoch)
            .then_some(frame.parent)
            .filter(|caller| self.frames[*caller].site == frame.from_site);
        let opens =
            policy.pool == NONE || caller.is_none_or(|caller| self.frames[caller].has(flag::NEW_CONNECTION));
        let (node, presented) = (policy.caller, policy.credential);
        if opens {
            let reachable = self.plan.components[comp].reachable_from.as_ref();
            if reachable.is_some_and(|from| from.binary_search(&self.caller_of_node(node)).is_err()) {
                return Some(self.suffer_outage(f, comp, OutageMode::Refuse));
            }
            if let Some(mode) = self.blocked(node, comp) {
                return Some(self.suffer_outage(f, comp, mode));
            }
            let certificate = self.t.comps[comp].certificate;
            // The caller checks what the component shows.
            if certificate != NONE && self.fails(certificate, f, comp, caller, true) {
                return Some(self.deny(f, comp));
            }
        }
        if presented == NONE {
            return None;
        }
        let is_checked = opens || self.credentials[presented as usize].checked == Checked::Call;
        (is_checked && self.fails(presented, f, comp, caller, false)).then(|| self.deny(f, comp))
    }

    /// Whether a credential is not accepted now.
    fn fails(&self, credential: u32, f: u32, comp: usize, caller: Option<u32>, by_caller: bool) -> bool {
        let rule = &self.credentials[credential as usize];
        let offset = match (by_caller, caller) {
            (true, Some(caller)) => self.clock_offset(caller),
            (true, None) => 0,
            (false, _) => self.clock_offset(f),
        };
        let by_clock = self.now.saturating_add_signed(offset);
        // It expires by a clock; that it was renewed is a fact, whatever the clocks say.
        if rule.expiries.iter().any(|(from, to)| *from <= by_clock && self.now < *to) {
            return true;
        }
        if rule.rotations.is_empty() {
            return false;
        }
        let own = self.address_of_replica(self.frames[f].replica);
        let other = match caller.map(|caller| self.frames[caller].replica) {
            Some(replica) if replica != NONE => self.address_of_replica(replica),
            _ => self.frames[f].root,
        };
        debug_assert!(self.t.comps[comp].gated);
        let (presenter, verifier) = if by_caller { (own, other) } else { (other, own) };
        rule.rotations.iter().any(|rotation| rotation.mismatches(self.now, presenter, verifier))
    }

    fn address_of_replica(&self, replica: u32) -> u64 {
        let comp = &self.t.comps[self.replicas[replica as usize].comp as usize];
        rng::nth(comp.salt, u64::from(replica - comp.first_replica))
    }

    fn caller_of_node(&self, node: u32) -> Caller {
        let components = self.t.comps.len();
        match (node as usize).checked_sub(components) {
            Some(client) => Caller::Client(client),
            None => Caller::Component(node as usize),
        }
    }

    /// How a new connection between two is cut, if it is.
    fn blocked(&self, node: u32, comp: usize) -> Option<OutageMode> {
        let (from, to) = (self.caller_of_node(node), Caller::Component(comp));
        let is_on =
            |path: &Path| path.from.binary_search(&from).is_ok() && path.to.binary_search(&to).is_ok();
        self.blocks.iter().find_map(|fault| match &self.plan.faults[*fault as usize].effect {
            Effect::Block { path, refuses } if is_on(path) => {
                Some(if *refuses { OutageMode::Refuse } else { OutageMode::BlackHole })
            }
            _ => None,
        })
    }

    /// Cuts or restores what a fault cuts.
    pub(super) fn block(&mut self, fault: u32, acts: bool) {
        self.blocks.retain(|other| *other != fault);
        if acts {
            self.blocks.push(fault);
            self.blocks.sort_unstable();
        }
    }
}

/// Components with something to check at the door.
pub(super) fn gated(plan: &Plan, ends: &[(u32, u32)]) -> Vec<bool> {
    let mut gated: Vec<bool> = plan
        .components
        .iter()
        .map(|component| component.certificate.is_some() || component.reachable_from.is_some())
        .collect();
    for (policy, (_, target)) in plan.policies.iter().zip(ends) {
        gated[*target as usize] |= policy.credential.is_some();
    }
    for fault in &plan.faults {
        if let Effect::Block { path, .. } = &fault.effect {
            for end in &path.to {
                if let Caller::Component(id) = end {
                    gated[*id] = true;
                }
            }
        }
    }
    gated
}
