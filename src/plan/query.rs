//! Questions that every reader of a plan asks.

use super::model::{
    Call, Caller, ClientId, ComponentId, Effect, Exhausted, Fault, MessageFault, OperationId, Part, Path,
    Plan, PolicyId, ReplicaRef, SessionFault, Step,
};
use crate::rng;
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

impl Effect {
    /// The replicas that it marks, in order; none if it hits something else.
    #[must_use]
    pub fn replicas(&self) -> &[ReplicaRef] {
        match self {
            Self::Crash { replicas, .. }
            | Self::Pause { replicas }
            | Self::Slow { replicas, .. }
            | Self::Gray { replicas, .. }
            | Self::Outage { replicas, .. }
            | Self::CrashLoop { replicas, .. }
            | Self::Restart { replicas, .. }
            | Self::Reclaim { replicas, .. }
            | Self::Flush { replicas, .. }
            | Self::Reshard { replicas }
            | Self::BadOutput { replicas, .. }
            | Self::ClockSkew { replicas, .. }
            | Self::Leak { replicas, .. }
            | Self::DiskFull { replicas, .. }
            | Self::BadStorage { replicas, .. }
            | Self::Lock { replicas, .. }
            | Self::Exhaust { what: Exhausted::Threads(replicas) | Exhausted::Memory(replicas), .. } => {
                replicas
            }
            Self::Sessions(SessionFault::Disconnect { replicas, .. }) => replicas,
            _ => &[],
        }
    }
}

/// Draws without regard to what else is in the plan: each replica has a fixed place in a fault's own order.
pub(super) fn draw_of(seed: u64, fault: &str, component: &str, replica: u32) -> u64 {
    rng::nth(rng::key(seed, rng::name_hash(&format!("fault/{fault}/{component}"))), u64::from(replica))
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
            Effect::Crash { .. }
            | Effect::Pause { .. }
            | Effect::Slow { .. }
            | Effect::Gray { .. }
            | Effect::Outage { .. }
            | Effect::CrashLoop { .. }
            | Effect::Restart { .. }
            | Effect::Reclaim { .. }
            | Effect::Flush { .. }
            | Effect::Reshard { .. }
            | Effect::BadOutput { .. }
            | Effect::ClockSkew { .. }
            | Effect::Leak { .. }
            | Effect::DiskFull { .. }
            | Effect::BadStorage { .. }
            | Effect::Lock { .. }
            | Effect::Exhaust { what: Exhausted::Threads(_) | Exhausted::Memory(_), .. }
            | Effect::Sessions(SessionFault::Disconnect { .. }) => self.replicas_text(fault),
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
            Effect::Sessions(
                SessionFault::Forget { component } | SessionFault::IdleTimeout { component, .. },
            ) => self.components[*component].name.clone(),
        }
    }

    /// Where a replica stands in a fault's own order: it hits those with the least numbers. Nothing else in the
    /// plan changes them.
    #[must_use]
    pub fn draw_of(&self, fault: &Fault, replica: ReplicaRef) -> u64 {
        draw_of(self.seed, &fault.name, &self.components[replica.component].name, replica.replica)
    }

    fn replicas_text(&self, fault: &Fault) -> String {
        let mut counts: BTreeMap<ComponentId, u32> = BTreeMap::new();
        for replica in fault.effect.replicas() {
            *counts.entry(replica.component).or_insert(0) += 1;
        }
        let part = fault.part.map(|part| match part {
            Part::Count(count) => format!("{count} of "),
            Part::Share(share) => format!("{}% of ", share * 100.0),
        });
        let texts = counts.iter().map(|(id, count)| {
            let component = &self.components[*id];
            // A front desk is no replica.
            let slots = component.slots() - u32::from(component.serverless.is_some());
            if fault.part.is_some() || *count >= slots {
                component.name.clone()
            } else if component.comes_and_goes() {
                format!("{} ({count} of at most {slots})", component.name)
            } else {
                format!("{} ({count} of {slots})", component.name)
            }
        });
        part.unwrap_or_default() + &texts.collect::<Vec<_>>().join(", ")
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
