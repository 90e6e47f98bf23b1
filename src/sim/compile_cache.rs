//! Cache steps as instructions.

use super::cache::Life;
use super::compile::Compiler;
use super::tables::{CachedStep, Ins, NONE, Put, Removal, Rescue, SiteEffect, class_bit};
use crate::plan::{Cached, Call, ErrorClass};
use crate::rng;
use crate::units::SimSpan;

impl Compiler<'_> {
    /// `look up; check; miss steps; fill; wake others; jump end; hit steps; jump end; miss steps again; end`.
    /// Where failures are remembered or old values serve, the miss steps are tried in
    /// a branch, and what follows a failure stands before the hit steps.
    pub(super) fn emit_cached(&mut self, cached: &Cached, code: &mut Vec<Ins>) {
        let number = self.t.cached.len() as u32;
        self.t.cached.push(CachedStep {
            entity: cached.entity as u32,
            comp: cached.get.target as u32,
            life: Life::of(cached),
            jitter: cached.rules.jitter,
            negative_ttl: cached.rules.negative.as_ref().map_or(SimSpan::ZERO, |negative| negative.ttl),
            first_fill_wins: cached.rules.first_fill_wins,
            single_flight: cached.single_flight,
            hit: 0,
            bypass: 0,
            refresh: NONE,
            refresh_salt: self.salt(&format!("{}/refresh", cached.salt)),
        });
        let get = self.cache_call(&cached.get, SiteEffect::CacheGet(number));
        let set = self.cache_call(&cached.set, SiteEffect::CacheSet(number));
        if cached.rules.stale_while_revalidate > SimSpan::ZERO {
            let mut refresh = Vec::new();
            self.emit(&cached.miss, &mut refresh);
            refresh.extend([set, Ins::CacheFilled { cached: number }, Ins::End]);
            self.t.cached[number as usize].refresh = self.place_code(refresh);
        }
        code.push(get);
        code.push(Ins::CacheCheck { cached: number });
        let rescue = self.emit_fetch(cached, code);
        code.push(set);
        code.push(Ins::CacheFilled { cached: number });
        let after_miss = code.len();
        code.push(Ins::Jump { to: 0 });
        if let Some(rescue) = rescue {
            self.emit_failures(cached, number, rescue, code);
        }
        self.t.cached[number as usize].hit = code.len() as u32;
        self.emit(&cached.hit, code);
        let after_hit = code.len();
        code.push(Ins::Jump { to: 0 });
        self.t.cached[number as usize].bypass = code.len() as u32;
        self.emit(&cached.miss, code);
        let end = code.len() as u32;
        code[after_miss] = Ins::Jump { to: end };
        code[after_hit] = Ins::Jump { to: end };
    }

    /// A call of a cache; a component whose own memory is meant, at no cost, just uses it.
    fn cache_call(&mut self, call: &Call, effect: SiteEffect) -> Ins {
        let site = self.site(call, effect);
        let target = &self.plan.components[call.target];
        let is_own = target.name == self.scope && target.operations[call.operation].steps.is_empty();
        if is_own { Ins::OwnCache { site } } else { Ins::Call { site } }
    }

    /// The miss steps; in a branch, with a table of what follows failures, if anything does.
    fn emit_fetch(&mut self, cached: &Cached, code: &mut Vec<Ins>) -> Option<usize> {
        let rules = &cached.rules;
        if rules.negative.is_none() && rules.stale_if_error == SimSpan::ZERO {
            self.emit(&cached.miss, code);
            return None;
        }
        let (body, salt) = (self.program(&cached.miss), self.salt(&format!("{}/fetch", cached.salt)));
        let rescue = self.t.rescues.len();
        code.push(Ins::Try { body, rescue: rescue as u32, salt });
        self.t.rescues.push(Rescue { entries: Vec::new(), done: code.len() as u32 });
        Some(rescue)
    }

    /// For each class: serve an old value if there is one, else remember the failure if wanted, and fail.
    fn emit_failures(&mut self, cached: &Cached, number: u32, rescue: usize, code: &mut Vec<Ins>) {
        for class in ErrorClass::ALL {
            let negative = cached.rules.negative.as_ref();
            let is_remembered = negative.is_some_and(|negative| negative.on.contains(&class));
            if !is_remembered && cached.rules.stale_if_error == SimSpan::ZERO {
                continue;
            }
            self.t.rescues[rescue].entries.push((class_bit(class), code.len() as u32));
            code.push(Ins::FetchFailed { cached: number });
            if is_remembered {
                code.push(self.cache_call(&cached.set, SiteEffect::CacheRefuse { cached: number, class }));
            }
            code.push(Ins::Fail { probability: 1.0, class, entity: NONE, salt: 0 });
        }
    }

    pub(super) fn emit_put(&mut self, put: &crate::plan::Put, code: &mut Vec<Ins>) {
        let number = self.t.puts.len() as u32;
        self.t.puts.push(Put { entity: put.entity as u32, ttl: put.ttl, jitter: put.jitter });
        code.push(self.cache_call(&put.call, SiteEffect::CachePut(number)));
    }

    pub(super) fn emit_removal(&mut self, removal: &crate::plan::Removal, code: &mut Vec<Ins>) {
        let number = self.t.removals.len() as u32;
        let delay = removal.delay.as_ref().map(|law| self.delay(law));
        self.t.removals.push(Removal { what: removal.what, everywhere: removal.everywhere, delay });
        code.push(self.cache_call(&removal.call, SiteEffect::CacheRemove(number)));
    }

    /// The program that writes one batch of a component's unwritten keys: its operation `flush`, tried.
    pub(super) fn flusher(&mut self, comp: usize) -> u32 {
        let rule = &self.t.comps[comp];
        let body = self.t.ops[rule.flush_op as usize].entry;
        let salt = rng::key(rule.salt, rng::name_hash("flush"));
        let rescue = self.t.rescues.len() as u32;
        let all = ErrorClass::ALL.into_iter().fold(0, |set, class| set | class_bit(class));
        self.t.rescues.push(Rescue { entries: vec![(all, 3)], done: 1 });
        self.place_code(vec![
            Ins::Try { body, rescue, salt },
            Ins::Flushed,
            Ins::End,
            Ins::FlushFailed,
            Ins::End,
        ])
    }
}
