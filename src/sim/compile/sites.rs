//! Call sites: what each call needs to know, side by side.

use super::Compiler;
use crate::plan::{Call, ComponentId, OperationId};
use crate::sim::tables::{NONE, Site, SiteEffect};

impl Compiler<'_> {
    /// The site of a call.
    pub(in crate::sim) fn site(&mut self, call: &Call, effect: SiteEffect) -> u32 {
        let policy = &self.t.policies[call.policy];
        self.t.sites.push(Site {
            salt: self.salt(&call.salt),
            policy: call.policy as u32,
            only_replica: self.t.comps[call.target].only_replica(),
            effect,
            is_plain: policy.is_plain,
            timeout: policy.attempt_timeout,
            timeout_lane: policy.timeout_lane,
            priority: policy.priority,
            is_idempotent: self.plan.components[call.target].operations[call.operation].idempotent,
            streams: call.streams,
            ..self.way_in(call.target, call.operation, self.place)
        });
        (self.t.sites.len() - 1) as u32
    }

    /// A site by which something enters a component's operation from a place, without anybody's policy.
    pub(super) fn way_in(&self, component: ComponentId, operation: OperationId, from: u32) -> Site {
        let target = &self.t.comps[component];
        Site {
            salt: 0,
            target: component as u32,
            entry: NONE,
            op: target.first_op + operation as u32,
            policy: NONE,
            link: self.t.link_of[(from * self.t.places + target.place) as usize],
            only_replica: NONE,
            effect: SiteEffect::None,
            is_plain: false,
            timeout: u64::MAX,
            timeout_lane: None,
            priority: None,
            is_idempotent: true,
            streams: false,
        }
    }

    /// Operations are compiled by now: where each site leads.
    pub(super) fn entries(&mut self) {
        for site in &mut self.t.sites {
            site.entry = self.t.ops[site.op as usize].entry;
        }
    }
}
