//! Questions that every reader of a plan asks.

use super::model::{
    Call, Caller, ClientId, ComponentId, Effect, Exhausted, Fault, MessageFault, OperationId, Path, Plan,
    PolicyId, ReplicaRef, SessionFault, Step,
};
use std::collections::BTreeMap;

/// Calls under one policy: who calls, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdgeRef {
    /// How the calls behave.
    pub policy: PolicyId,
    /// Who calls.
    pub caller: Caller,
    /// Who is called.
    pub target: ComponentId,
}

/// Shows every call of a list, at any depth, in the order written.
pub fn visit_calls<'p>(steps: &'p [Step], visit: &mut impl FnMut(&'p Call)) {
    for step in steps {
        step.calls().into_iter().for_each(&mut *visit);
        for body in step.bodies() {
            visit_calls(body, visit);
        }
    }
}

impl Plan {
    /// The component with this name.
    #[must_use]
    pub fn component(&self, name: &str) -> Option<ComponentId> {
        self.components.iter().position(|component| component.name == name)
    }

    /// The operation with this name of a component.
    ///
    /// # Panics
    /// When the plan has no component with this index.
    #[must_use]
    pub fn operation(&self, component: ComponentId, name: &str) -> Option<OperationId> {
        self.components[component].operations.iter().position(|operation| operation.name == name)
    }

    /// The client with this name.
    #[must_use]
    pub fn client(&self, name: &str) -> Option<ClientId> {
        self.clients.iter().position(|client| client.name == name)
    }

    /// The name of a caller.
    ///
    /// # Panics
    /// When the plan has no such caller.
    #[must_use]
    pub fn caller_name(&self, caller: Caller) -> &str {
        match caller {
            Caller::Component(id) => &self.components[id].name,
            Caller::Client(id) => &self.clients[id].name,
        }
    }

    /// One entry for each policy, in order: who calls whom under it.
    #[must_use]
    pub fn edges(&self) -> Vec<EdgeRef> {
        let mut edges: BTreeMap<PolicyId, EdgeRef> = BTreeMap::new();
        let mut note = |caller: Caller, steps: &[Step]| {
            visit_calls(steps, &mut |call| {
                let edge = EdgeRef { policy: call.policy, caller, target: call.target };
                edges.entry(call.policy).or_insert(edge);
            });
        };
        for (id, component) in self.components.iter().enumerate() {
            component.operations.iter().for_each(|operation| note(Caller::Component(id), &operation.steps));
        }
        for (id, client) in self.clients.iter().enumerate() {
            client.journeys.iter().for_each(|journey| note(Caller::Client(id), &journey.steps));
        }
        for (id, component) in self.components.iter().enumerate() {
            if let Some(check) = component.health.as_ref().and_then(|health| health.check.as_ref()) {
                let caller = check.from.unwrap_or(Caller::Component(id));
                edges.insert(check.probe.policy, EdgeRef { policy: check.probe.policy, caller, target: id });
            }
        }
        edges.into_values().collect()
    }

    /// What a fault hits, for readers: names, with the number of replicas where it is not all of them.
    #[must_use]
    pub fn fault_target(&self, fault: &Fault) -> String {
        match &fault.effect {
            Effect::Crash { replicas, .. }
            | Effect::Pause { replicas }
            | Effect::Slow { replicas, .. }
            | Effect::Gray { replicas, .. }
            | Effect::Outage { replicas, .. }
            | Effect::CrashLoop { replicas, .. }
            | Effect::Restart { replicas, .. }
            | Effect::Reclaim { replicas, .. }
            | Effect::Flush { replicas, .. }
            | Effect::Reshard { replicas }
            | Effect::BadOutput { replicas, .. }
            | Effect::ClockSkew { replicas, .. }
            | Effect::Leak { replicas, .. }
            | Effect::DiskFull { replicas, .. }
            | Effect::BadStorage { replicas, .. }
            | Effect::Lock { replicas, .. }
            | Effect::Exhaust { what: Exhausted::Threads(replicas) | Exhausted::Memory(replicas), .. } => {
                self.replicas_text(replicas)
            }
            Effect::Exhaust { what: Exhausted::Pool(policy), .. } => self.policies[*policy].name.clone(),
            Effect::Exhaust { what: Exhausted::Connections(component), .. } => {
                self.components[*component].name.clone()
            }
            Effect::CapacityDenied { components, .. } => {
                let names: Vec<&str> =
                    components.iter().map(|id| self.components[*id].name.as_str()).collect();
                names.join(", ")
            }
            Effect::Name { name, .. } => self.names[*name].name.clone(),
            Effect::Quota { limit, .. } => self.limits[*limit].name.clone(),
            Effect::Throttle { component, .. }
            | Effect::BadCacheKey { component, .. }
            | Effect::Checker { component, .. } => self.components[*component].name.clone(),
            Effect::HotKey { entity, .. } => self.entities[*entity].name.clone(),
            Effect::Latency { path, .. }
            | Effect::PacketLoss { path, .. }
            | Effect::Bandwidth { path, .. }
            | Effect::Block { path, .. }
            | Effect::Hold { path }
            | Effect::Duplicate { path, .. }
            | Effect::Partition { path, .. } => self.path_text(path),
            Effect::Expire { credential } | Effect::Rotate { credential, .. } => {
                self.credentials[*credential].name.clone()
            }
            Effect::Spike { workload, .. } => self.workloads[*workload].name.clone(),
            Effect::Messages(fault) => match fault {
                MessageFault::Poison { broker, .. }
                | MessageFault::Misdelivery { broker, .. }
                | MessageFault::Full { broker, .. } => self.messaging.brokers[*broker].name.clone(),
                MessageFault::LostTimers { component, .. } => self.components[*component].name.clone(),
            },
            Effect::Sessions(fault) => match fault {
                SessionFault::Disconnect { replicas, .. } => self.replicas_text(replicas),
                SessionFault::Forget { component } | SessionFault::IdleTimeout { component, .. } => {
                    self.components[*component].name.clone()
                }
            },
        }
    }

    fn replicas_text(&self, replicas: &[ReplicaRef]) -> String {
        let mut counts: BTreeMap<ComponentId, u32> = BTreeMap::new();
        for replica in replicas {
            *counts.entry(replica.component).or_insert(0) += 1;
        }
        let texts = counts.iter().map(|(id, count)| {
            let component = &self.components[*id];
            if *count >= component.replicas {
                component.name.clone()
            } else {
                format!("{} ({count} of {})", component.name, component.replicas)
            }
        });
        texts.collect::<Vec<_>>().join(", ")
    }

    fn path_text(&self, path: &Path) -> String {
        let names = |ends: &[Caller]| {
            let names: Vec<&str> = ends.iter().map(|end| self.caller_name(*end)).collect();
            names.join(", ")
        };
        let arrow = if path.both_ways { "<->" } else { "->" };
        format!("{} {arrow} {}", names(&path.from), names(&path.to))
    }
}
