//! Which replicas get requests: probes, ejection, and when all of them do after all.

use super::codes;
use super::context::{At, Context};
use super::directory::Directory;
use super::model::{
    Call, CallPolicy, Caller, Component, ComponentId, Ejection, Health, HealthCheck, Operation, OperationId,
    Step,
};
use super::policy::{Layers, Owners, resolve_policy};
use crate::dist::Law;
use crate::spec::raw::{RawEjection, RawHealth, RawHealthCheck};
use crate::units::SimSpan;

/// Operation of a probe that names none.
const PROBE_OPERATION: &str = "health-check";
/// What such a probe computes, in nanoseconds.
const PROBE_COST_DEFAULT: f64 = 100_000.0;
const INTERVAL_DEFAULT: SimSpan = SimSpan::from_secs(10);
const TIMEOUT_DEFAULT: SimSpan = SimSpan::from_secs(5);
const THRESHOLD_DEFAULT: u32 = 2;
/// Envoy's defaults: `consecutive_5xx` 5, `base_ejection_time` 30 s, `max_ejection_percent` 10 %
/// (envoyproxy.io, API reference, cluster.OutlierDetection).
const EJECTION_DEFAULT: Ejection = Ejection { errors: 5, time: SimSpan::from_secs(30), share_max: 0.1 };
/// Shortest time between two probes: shorter ones would be most of the run's events.
const INTERVAL_MIN: SimSpan = SimSpan::from_millis(10);

/// Gives components their health rules; probes get operations and policies of their own.
pub(super) fn resolve_health(
    cx: &mut Context<'_>,
    directory: &mut Directory,
    components: &mut [Component],
    policies: &mut Vec<CallPolicy>,
) {
    let input = cx.input;
    for (id, (name, raw)) in input.topology.components.iter().enumerate() {
        let Some(raw) = &raw.health else { continue };
        let at = At::topology("components").key(name).key("health");
        if components[id].serverless.is_some() {
            let message = "a serverless platform chooses instances itself and probes none";
            cx.error(codes::CONTRADICTION, &at, message, "remove `health`");
            continue;
        }
        let check = raw.check.as_ref().and_then(|check| {
            let mut reader = CheckReader { cx, directory, component: &mut components[id], id, policies };
            reader.check(&at.key("check"), check)
        });
        components[id].health = health(cx, &at, raw, check);
    }
}

fn health(cx: &mut Context<'_>, at: &At, raw: &RawHealth, check: Option<HealthCheck>) -> Option<Health> {
    if raw.check.is_none() && raw.eject.is_none() {
        let message = "nothing finds out which replicas are healthy";
        cx.error(codes::MISSING, at, message, "add `check: {}` or `eject: {}`");
        return None;
    }
    let replaces = raw.replace.unwrap_or(false);
    if replaces && raw.check.is_none() {
        let message = "`replace` stops replicas that probes find unhealthy, and there is no `check`";
        cx.error(codes::MISSING, &at.key("replace"), message, "add `check: {}`");
    }
    let fail_open = raw.fail_open.as_ref().and_then(|text| cx.share(&at.key("fail-open"), text));
    let ejection = raw.eject.as_ref().map(|raw| ejection(cx, &at.key("eject"), raw));
    Some(Health { check, ejection, fail_open, replaces })
}

fn ejection(cx: &mut Context<'_>, at: &At, raw: &RawEjection) -> Ejection {
    let default = EJECTION_DEFAULT;
    let errors = raw.errors.unwrap_or(default.errors);
    let time = match &raw.length {
        None => Some(default.time),
        Some(text) => cx.span_above_zero(&at.key("for"), "`for`", text),
    };
    Ejection {
        errors: cx.within(&at.key("errors"), "`errors`", errors, 1..=1_000_000).unwrap_or(1),
        time: time.unwrap_or(default.time),
        share_max: raw
            .max
            .as_ref()
            .and_then(|text| cx.share(&at.key("max"), text))
            .unwrap_or(default.share_max),
    }
}

struct CheckReader<'r, 'a> {
    cx: &'r mut Context<'a>,
    directory: &'r mut Directory,
    component: &'r mut Component,
    id: ComponentId,
    policies: &'r mut Vec<CallPolicy>,
}

impl CheckReader<'_, '_> {
    fn check(&mut self, at: &At, raw: &RawHealthCheck) -> Option<HealthCheck> {
        let span = |cx: &mut Context<'_>, key: &str, text: Option<&_>, default| match text {
            None => Some(default),
            Some(text) => cx.span_above_zero(&at.key(key), &format!("`{key}`"), text),
        };
        let interval = span(self.cx, "interval", raw.interval.as_ref(), INTERVAL_DEFAULT)?;
        let timeout = span(self.cx, "timeout", raw.timeout.as_ref(), TIMEOUT_DEFAULT)?;
        if interval < INTERVAL_MIN {
            let message = format!("`interval` must be at least {INTERVAL_MIN}");
            self.cx.error(codes::OUT_OF_RANGE, &at.key("interval"), message, "");
        }
        if timeout > interval {
            let message = format!("`timeout` of {timeout} is longer than the interval of {interval}");
            self.cx.error(codes::OUT_OF_RANGE, &at.key("timeout"), message, "one probe at a time");
        }
        let mut threshold = |key: &str, count: Option<u32>| {
            let count = count.unwrap_or(THRESHOLD_DEFAULT);
            self.cx.within(&at.key(key), &format!("`{key}`"), count, 1..=1000)
        };
        let (unhealthy, healthy) = (threshold("unhealthy", raw.unhealthy), threshold("healthy", raw.healthy));
        let from = match &raw.from {
            None => None,
            Some(name) => Some(self.origin(&at.key("from"), name)?),
        };
        let operation = self.operation(at, raw)?;
        let name = format!("health check of {}", self.component.name);
        let mut policy = resolve_policy(self.cx, name, Owners::default(), &Layers::new([]));
        policy.attempt_timeout = Some(timeout);
        self.policies.push(policy);
        let probe = Call {
            salt: "health-check".to_owned(),
            target: self.id,
            operation,
            policy: self.policies.len() - 1,
            streams: false,
            store: None,
        };
        Some(HealthCheck { interval, unhealthy: unhealthy?, healthy: healthy?, probe, from })
    }

    fn origin(&mut self, at: &At, name: &str) -> Option<Caller> {
        let component = self.directory.component_named(name).map(Caller::Component);
        let found = component.or(self.directory.client_named(name).map(Caller::Client));
        if found.is_none() {
            let names = self.directory.component_names();
            let names = names.chain(self.directory.clients.keys().map(String::as_str));
            self.cx.unknown(at, "component or client", name, names);
        }
        found
    }

    /// The operation named, or one that only computes a little.
    fn operation(&mut self, at: &At, raw: &RawHealthCheck) -> Option<OperationId> {
        if let Some(name) = &raw.operation {
            if raw.cost.is_some() {
                let message = "`operation` has a cost of its own";
                self.cx.error(codes::CONTRADICTION, &at.key("cost"), message, "remove `cost`");
            }
            return self.directory.operation(self.cx, &at.key("operation"), self.id, name);
        }
        let work = raw.cost.as_ref().map(|text| self.cx.time_law(&at.key("cost"), text));
        let work = work.unwrap_or(Some(Law::Constant(PROBE_COST_DEFAULT)))?;
        let operation = self.directory.free_operation(self.id, PROBE_OPERATION);
        if operation == self.component.operations.len() {
            let salt = format!("{PROBE_OPERATION}/compute#1");
            self.component.operations.push(Operation {
                name: PROBE_OPERATION.to_owned(),
                idempotent: true,
                request_bytes: None,
                response_bytes: None,
                steps: vec![Step::Compute { salt, work }],
            });
            // Probes come from the platform itself: no allowance counts them.
            let others = self.component.operations.len() - 1;
            for limit in &mut self.component.admission {
                limit.costs.resize(others, 1.0.into());
                limit.costs.push(0.0.into());
            }
        }
        Some(operation)
    }
}
