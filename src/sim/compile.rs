//! From the plan to flat tables.

mod ends;
mod messaging;
mod sites;

use super::compile_ends::{is_fixed, session};
use super::gate::gated;
use super::guard::add_guard;
use super::limits::{bound, index};
use super::shape::holding;
use super::tables::{
    BucketRule, Budget, Comp, Delay, Flow, Group, Ins, LinkRule, Load, NONE, Op, Policy, Rescue, SiteEffect,
    Tables, class_bit,
};
use crate::dist::{Law, Sampler};
use crate::kernel::EventQueue;
use crate::plan::{Balancing, BudgetScope, Component, ErrorClass, Plan, Source, Step};
use crate::rng;
use crate::units::{SimSpan, nanos};

/// Builds the tables; constant delays get their lanes in `queue`.
pub(super) fn compile(plan: &Plan, queue: &mut EventQueue) -> Tables {
    let mut compiler =
        Compiler { plan, queue, t: Tables::default(), scope: String::new(), place: 0, holders: Vec::new() };
    compiler.places();
    compiler.entities();
    compiler.versions();
    compiler.attributes();
    compiler.components();
    compiler.policies();
    compiler.messages();
    compiler.sessions();
    compiler.operations();
    compiler.loads();
    compiler.consumers();
    compiler.entries();
    compiler.t
}

pub(super) struct Compiler<'a> {
    pub(super) plan: &'a Plan,
    queue: &'a mut EventQueue,
    pub(super) t: Tables,
    /// Name of the component or client whose steps are being compiled: part of every salt.
    pub(super) scope: String,
    place: u32,
    /// Who holds tokens of which entity: by scope and entity.
    pub(super) holders: Vec<(String, usize)>,
}

impl Compiler<'_> {
    pub(super) fn delay(&mut self, law: &Law) -> Delay {
        let lane = match law {
            Law::Constant(value) => {
                let value = nanos(*value);
                Some((value, self.queue.lane(value)))
            }
            _ => None,
        };
        Delay { sampler: Sampler::new(law), lane }
    }

    fn law(&mut self, law: &Law) -> u32 {
        let delay = self.delay(law);
        self.t.laws.push(delay);
        (self.t.laws.len() - 1) as u32
    }

    pub(super) fn salt(&self, step: &str) -> u64 {
        rng::name_hash(&format!("{}/{step}", self.scope))
    }

    fn places(&mut self) {
        let places = self.plan.places.len();
        self.t.places = places as u32;
        self.t.has_no_links = self.plan.links.is_empty();
        self.t.link_of = vec![NONE; places * places];
        for (number, link) in self.plan.links.iter().enumerate() {
            let latency = link.latency.as_ref().map(|law| self.delay(law));
            let names = (&self.plan.places[link.from].name, &self.plan.places[link.to].name);
            self.t.links.push(LinkRule {
                latency,
                bytes_per_ns: link.bandwidth.map(|rate| rate / 1e9),
                loss: link.loss,
                retransmit: link.retransmit.0,
                salt: rng::name_hash(&format!("link/{}/{}", names.0, names.1)),
            });
            self.t.link_of[link.from * places + link.to] = number as u32;
        }
        let components = self.plan.components.iter().map(|component| component.place as u32);
        let clients = self.plan.clients.iter().map(|client| client.place as u32);
        self.t.node_place = components.chain(clients).collect();
        self.t.nodes = self.t.node_place.len() as u32;
    }

    fn components(&mut self) {
        let (mut first_replica, mut first_op, mut first_cache, mut first_buffer) = (0, 0, 0, 0);
        let ends = ends::policy_ends(self.plan);
        let gated = gated(self.plan, &ends);
        for (number, component) in self.plan.components.iter().enumerate() {
            let buckets = self.t.buckets.len() as u32;
            self.t.buckets.extend(component.admission.iter().map(BucketRule::new));
            let walls = self.walls(component);
            let (holds, units, shared_cores) = holding(component);
            let patience = component.queue.patience.as_ref().map(|law| self.delay(law));
            let cache = if component.cache.is_some() { first_cache } else { NONE };
            first_cache += if component.cache.is_some() { component.slots() } else { 0 };
            let memory = component.cache.as_ref();
            let flush = memory.and_then(|cache| cache.write_behind.as_ref()).map(|rule| rule.flush);
            self.t.comps.push(Comp {
                salt: rng::name_hash(&format!("component/{}", component.name)),
                node: number as u32,
                place: component.place as u32,
                first_replica,
                replicas: component.slots(),
                initial: component.replicas,
                is_fixed: is_fixed(self.plan, number, &ends),
                is_serverless: component.serverless.is_some(),
                zones: self.plan.places[component.place].zones,
                session: session(self.plan, number, &ends),
                probe: NONE,
                holds,
                units,
                shared_cores,
                speed: component.speed,
                contention: component.contention,
                queue_capacity: bound(component.queue.capacity),
                discipline: component.queue.discipline,
                patience,
                patience_salt: rng::name_hash(&format!("patience/{}", component.name)),
                drops_expired: component.queue.drops_expired,
                standing: component.queue.standing,
                concurrency: component.concurrency,
                walls,
                inspection: component.firewall.iter().map(|rule| rule.delay.0).sum(),
                gated: gated[number],
                certificate: index(component.certificate),
                buckets: buckets..self.t.buckets.len() as u32,
                connections_max: bound(component.connections_max),
                cache,
                cache_owner: memory.and_then(|cache| cache.private_to).map_or(NONE, |entity| entity as u32),
                buffer: if flush.is_some() { first_buffer } else { NONE },
                flusher: NONE,
                flush_op: flush.map_or(NONE, |operation| first_op + operation as u32),
                first_op,
                is_store: component.store.is_some(),
            });
            first_buffer += if flush.is_some() { component.slots() } else { 0 };
            first_replica += component.slots();
            first_op += component.operations.len() as u32;
        }
    }

    fn policies(&mut self) {
        let targets = ends::policy_ends(self.plan);
        self.t.marks_retries = self.plan.policies.iter().any(|policy| policy.retry.only_if_first);
        let (mut pools, mut outstanding, mut budget_states) = (0, 0, 0);
        for (number, policy) in self.plan.policies.iter().enumerate() {
            let (caller, target) = targets[number];
            let callers = self.plan.components.get(caller as usize).map_or(1, Component::slots);
            let replicas = self.plan.components[target as usize].slots();
            let kept = policy.pool.as_ref().filter(|pool| !pool.is_session);
            let watched = self.plan.components[target as usize].health.as_ref();
            let watched = watched.is_some_and(|health| health.ejection.is_some());
            let budget = policy.retry.budget.as_ref().map_or(NONE, |budget| {
                if budget.owner != number {
                    return self.t.policies[budget.owner].budget;
                }
                let per_replica = budget.scope == BudgetScope::Replica;
                self.t.budgets.push(Budget { rule: budget.rule.clone(), first: budget_states, per_replica });
                budget_states += if per_replica { callers } else { 1 };
                (self.t.budgets.len() - 1) as u32
            });
            let pool = kept.map_or(NONE, |pool| {
                if pool.owner == number { pools } else { self.t.policies[pool.owner].pool }
            });
            let guard = add_guard(&mut self.t, self.queue, policy, callers);
            let counts =
                matches!(policy.balancing, Balancing::LeastRequests | Balancing::Choices(_)) && replicas > 1;
            let connect = kept.and_then(|pool| pool.connect.as_ref()).map(|law| self.delay(law));
            let span = |span: Option<SimSpan>| span.map_or(u64::MAX, |span| span.0);
            self.t.policies.push(Policy {
                salt: rng::name_hash(&format!("policy/{}", policy.name)),
                attempt_timeout: span(policy.attempt_timeout),
                timeout_lane: policy.attempt_timeout.map(|timeout| self.queue.lane(timeout.0)),
                is_plain: !watched
                    && budget == NONE
                    && guard == NONE
                    && !counts
                    && ends::asks_for_nothing(self.plan, &self.t, policy, target as usize),
                total_timeout: span(policy.total_timeout),
                first_token_timeout: span(policy.first_token_timeout),
                validates: policy.validates,
                credential: index(policy.credential),
                inherits_deadline: policy.inherits_deadline,
                cancels: policy.cancels,
                attempts_max: policy.retry.attempts_max,
                backoff: policy.retry.backoff,
                retry_on: policy.retry.on.iter().fold(0, |set, class| set | class_bit(*class)),
                budget,
                retries_only_first: policy.retry.only_if_first,
                guard,
                honours_retry_after: policy.retry.honours_retry_after,
                balancing: policy.balancing,
                shard_by: policy.shard_by.map_or(NONE, |entity| entity as u32),
                on_failure: policy.on_failure,
                priority: policy.priority,
                zone_aware: policy.zone_aware,
                watched,
                is_pinned: policy.pool.as_ref().is_some_and(|pool| pool.is_session),
                pool,
                pool_size: kept.map_or(0, |pool| pool.size),
                pool_queue: bound(kept.and_then(|pool| pool.queue_capacity)),
                pool_timeout: span(kept.and_then(|pool| pool.timeout)),
                connect,
                outstanding: if counts { outstanding } else { NONE },
                caller,
                target,
            });
            pools += if pool == pools { callers } else { 0 };
            outstanding += if counts { replicas } else { 0 };
        }
    }

    fn operations(&mut self) {
        let plan = self.plan;
        for component in &plan.components {
            self.scope.clone_from(&component.name);
            self.place = component.place as u32;
            for (index, operation) in component.operations.iter().enumerate() {
                let entry = self.program(&operation.steps);
                let request_bytes = operation.request_bytes.as_ref().map(|law| self.delay(law));
                let response_bytes = operation.response_bytes.as_ref().map(|law| self.delay(law));
                let costs = self.costs(component, index);
                let first_meter = self.t.meters;
                self.t.meters += component.meters.len() as u32;
                self.t.ops.push(Op { entry, request_bytes, response_bytes, costs, first_meter });
            }
        }
        self.probes();
    }

    /// Probes of replicas: one call each.
    fn probes(&mut self) {
        for (number, component) in self.plan.components.iter().enumerate() {
            if let Some(check) = component.health.as_ref().and_then(|health| health.check.as_ref()) {
                self.scope.clone_from(&component.name);
                let from = self.t.node_place[self.t.policies[check.probe.policy].caller as usize];
                self.place = from;
                let site = self.site(&check.probe, SiteEffect::None);
                self.t.sites[site as usize].only_replica = NONE;
                self.t.comps[number].probe = self.place_code(vec![Ins::Call { site }, Ins::End]);
            }
        }
        for comp in 0..self.t.comps.len() {
            if self.t.comps[comp].flush_op != NONE {
                self.t.comps[comp].flusher = self.flusher(comp);
            }
        }
    }

    fn loads(&mut self) {
        let plan = self.plan;
        for (number, workload) in plan.workloads.iter().enumerate() {
            let client = &plan.clients[workload.client];
            self.scope.clone_from(&client.name);
            self.place = client.place as u32;
            let mut up_to = 0.0;
            let mut flows = Vec::new();
            for (index, journey) in client.journeys.iter().enumerate() {
                up_to += journey.probability;
                let entry = self.program(&journey.steps);
                let traffic = self.t.traffic.len() as u32;
                self.t.traffic.push((number as u32, index as u32));
                flows.push((up_to, Flow { entry, traffic }));
            }
            let mut up_to = 0.0;
            let classes = workload.classes.iter().map(|class| {
                up_to += class.probability;
                (up_to, class.priority)
            });
            let classes = classes.collect();
            let (mut gaps, mut think, mut phases) = (None, None, Vec::new());
            match &workload.source {
                Source::Open { gaps: law, .. } => gaps = Some(Sampler::new(law)),
                Source::Closed { think: law, .. } => think = Some(self.delay(law)),
                Source::Modulated { phases: all } => {
                    gaps = Some(Sampler::new(&Law::Exponential { mean: 1.0 }));
                    phases = all.iter().map(|(rate, law)| (*rate, Sampler::new(law))).collect();
                }
                Source::Replay { .. } | Source::Sessions(_) => {}
            }
            let attributes = self.attributes_of(workload);
            self.t.loads.push(Load {
                salt: rng::name_hash(&format!("load/{}", workload.name)),
                source: workload.source.clone(),
                gaps,
                think,
                phases,
                batch: workload.batch.as_ref().map(Sampler::new),
                attributes,
                classes,
                flows,
            });
        }
    }

    /// Compiles a list of steps that ends; returns where it begins.
    pub(super) fn program(&mut self, steps: &[Step]) -> u32 {
        // Bodies of nested steps come first, so that the list itself is contiguous.
        let mut code = Vec::new();
        self.emit(steps, &mut code);
        code.push(Ins::End);
        self.place_code(code)
    }

    /// Appends instructions whose jumps are relative to their own start.
    pub(super) fn place_code(&mut self, mut code: Vec<Ins>) -> u32 {
        let base = self.t.code.len() as u32;
        for ins in &mut code {
            match ins {
                Ins::Jump { to } | Ins::If { otherwise: to, .. } => *to += base,
                Ins::Choose { first, count, .. } | Ins::Resolve { first, count, .. } => {
                    for choice in &mut self.t.choices[*first as usize..(*first + *count) as usize] {
                        choice.1 += base;
                    }
                }
                Ins::Token { step } => self.t.tokens[*step as usize].done += base,
                Ins::CacheCheck { cached } => {
                    let step = &mut self.t.cached[*cached as usize];
                    step.hit += base;
                    step.bypass += base;
                }
                Ins::Try { rescue, .. } => {
                    let rescue = &mut self.t.rescues[*rescue as usize];
                    rescue.done += base;
                    rescue.entries.iter_mut().for_each(|(_, to)| *to += base);
                }
                _ => {}
            }
        }
        self.t.code.extend(code);
        base
    }

    pub(super) fn emit(&mut self, steps: &[Step], code: &mut Vec<Ins>) {
        for step in steps {
            self.emit_step(step, code);
        }
    }

    fn emit_step(&mut self, step: &Step, code: &mut Vec<Ins>) {
        match step {
            Step::Compute { salt, work } => {
                let (law, salt) = (self.law(work), self.salt(salt));
                code.push(Ins::Compute { law, salt });
            }
            Step::Wait { salt, time } => {
                let (law, salt) = (self.law(time), self.salt(salt));
                code.push(Ins::Wait { law, salt });
            }
            Step::Call(call) => {
                let effect =
                    call.store.map_or(SiteEffect::None, |access| self.store_effect(call.target, access));
                let site = self.site(call, effect);
                let is_hedged = self.plan.policies[call.policy].guard.hedge.is_some();
                code.push(if is_hedged && self.t.sites[site as usize].is_idempotent {
                    let body = self.place_code(vec![Ins::Call { site }, Ins::End]);
                    Ins::Hedged { site, body }
                } else {
                    Ins::Call { site }
                });
            }
            Step::Forward(call) => {
                let site = self.site(call, SiteEffect::None);
                code.push(Ins::Forward { site });
            }
            Step::Put(put) => self.emit_put(put, code),
            Step::Remove(removal) => self.emit_removal(removal, code),
            Step::Cached(cached) => self.emit_cached(cached, code),
            Step::Choose { salt, branches } => self.emit_choose(salt, branches, code),
            Step::Resolve { name, salt, branches } => self.emit_resolve(*name, salt, branches, code),
            Step::Repeat { salt, times, at_most, body } => {
                let (law, salt, body) = (self.law(times), self.salt(salt), self.program(body));
                code.push(Ins::Repeat { law, at_most: *at_most, body, salt });
            }
            Step::Parallel { salt, branches, need, cancel_stragglers } => {
                let entries = branches.iter().map(|branch| self.program(branch)).collect();
                let salt = self.salt(salt);
                self.t.groups.push(Group { entries, need: *need, cancel: *cancel_stragglers, salt });
                code.push(Ins::Parallel { group: (self.t.groups.len() - 1) as u32 });
            }
            Step::Try { salt, body, rescue, degraded } => self.emit_try(salt, body, rescue, *degraded, code),
            Step::Fail { salt, probability, class, key } => {
                let (salt, entity) = (self.salt(salt), key.map_or(NONE, |entity| entity as u32));
                code.push(Ins::Fail { probability: *probability, class: *class, entity, salt });
            }
            Step::Start { salt, body } => {
                let (salt, body) = (self.salt(salt), self.program(body));
                code.push(Ins::Start { body, salt });
            }
            Step::Reply => code.push(Ins::Reply),
            Step::Message(step) => self.emit_message(step, code),
            Step::Broadcast(step) => self.emit_broadcast(step, code),
            Step::Token(token) => self.emit_token(token, code),
            other => self.emit_by_attributes(other, code),
        }
    }

    fn emit_choose(&mut self, salt: &str, branches: &[(f64, Vec<Step>)], code: &mut Vec<Ins>) {
        let first = self.t.choices.len() as u32;
        let count = branches.len() as u32 + 1;
        self.t.choices.resize((first + count) as usize, (1.0, 0));
        let salt = self.salt(salt);
        code.push(Ins::Choose { first, count, salt });
        let entries = self.emit_branches(branches.iter().map(|(_, steps)| steps), None, code);
        let mut up_to = 0.0;
        for (number, ((probability, _), entry)) in (first as usize..).zip(branches.iter().zip(entries)) {
            up_to += probability;
            self.t.choices[number] = (up_to, entry);
        }
        self.t.choices[(first + count - 1) as usize] = (2.0, code.len() as u32);
    }

    /// Lists of which one is done, each after an instruction of its own if there is one, and then what follows them
    /// all: where each begins.
    pub(super) fn emit_branches<'s>(
        &mut self,
        lists: impl IntoIterator<Item = &'s Vec<Step>>,
        before: Option<Ins>,
        code: &mut Vec<Ins>,
    ) -> Vec<u32> {
        let (mut entries, mut jumps) = (Vec::new(), Vec::new());
        for steps in lists {
            entries.push(code.len() as u32);
            code.extend(before);
            self.emit(steps, code);
            jumps.push(code.len());
            code.push(Ins::Jump { to: 0 });
        }
        let end = code.len() as u32;
        jumps.into_iter().for_each(|jump| code[jump] = Ins::Jump { to: end });
        entries
    }

    fn emit_try(
        &mut self,
        salt: &str,
        body: &[Step],
        rescue: &[(Vec<ErrorClass>, Vec<Step>)],
        degraded: bool,
        code: &mut Vec<Ins>,
    ) {
        let (salt, body) = (self.salt(salt), self.program(body));
        let number = self.t.rescues.len();
        self.t.rescues.push(Rescue { entries: Vec::new(), done: 0 });
        code.push(Ins::Try { body, rescue: number as u32, salt });
        let before = degraded.then_some(Ins::MarkDegraded);
        let entries = self.emit_branches(rescue.iter().map(|(_, steps)| steps), before, code);
        let set = |classes: &[ErrorClass]| classes.iter().fold(0, |set, class| set | class_bit(*class));
        let entries = rescue.iter().zip(entries).map(|((classes, _), entry)| (set(classes), entry)).collect();
        self.t.rescues[number] = Rescue { entries, done: code.len() as u32 };
    }
}
