//! How many replicas there are, how their number changes, and how they begin and end.

use super::codes;
use super::context::{At, Context};
use super::model::{
    Both, Caller, Holding, Lifecycle, Measure, Plan, Points, Quota, Scaling, ScalingRule, ScheduledBounds,
    Serverless, SharedLimit, StepLimit,
};
use super::query::EdgeRef;
use crate::dist::Law;
use crate::spec::raw::{
    RawComponent, RawMeasures, RawPauses, RawReplicas, RawScaling, RawScalingStep, RawServerless,
    RawStepLimit,
};
use crate::spec::scalar::LawText;
use crate::units::{SimSpan, parse};

/// Most replicas of one component.
pub(super) const REPLICAS_MAX: u32 = 100_000;
/// Stretch of a data point of a scaling that states none: what cloud monitors do by default.
const PERIOD_DEFAULT: SimSpan = SimSpan::from_secs(60);
/// Distance from a target at which nothing changes, if none is stated: the Kubernetes default
/// (kubernetes.io, Horizontal Pod Autoscaling, algorithm details).
const TOLERANCE_DEFAULT: f64 = 0.1;
/// Time in which requests under way reach a replica that left the rotation, if none is stated.
const LINGER_DEFAULT: SimSpan = SimSpan::from_secs(2);
/// Most data points that a decision looks back at.
const POINTS_MAX: u32 = 1000;
/// Most instances of a serverless component that states none.
const INSTANCES_DEFAULT: u32 = 1000;
/// Idle time of an instance, in nanoseconds, if none is stated.
const KEEP_ALIVE_DEFAULT: f64 = 600e9;
/// Shortest time between two decisions: shorter ones would be most of the run's events.
const PERIOD_MIN: SimSpan = SimSpan::from_millis(100);

/// What a component says about its replicas.
pub(super) struct ReplicaRules {
    /// Replicas at the start.
    pub(super) count: u32,
    /// How they begin and end.
    pub(super) lifecycle: Lifecycle,
    /// How their number changes.
    pub(super) scaling: Option<Scaling>,
    /// Instances instead of replicas.
    pub(super) serverless: Option<Serverless>,
}

/// The limits that components share, in the order of the file.
pub(super) fn resolve_limits(cx: &mut Context<'_>) -> Vec<SharedLimit> {
    let at = At::topology("limits");
    let raw = &cx.input.topology.limits;
    let mut limits = Vec::with_capacity(raw.len());
    for (name, text) in raw {
        let amount = cx.count(&at.key(name), "a limit", text).unwrap_or(0);
        limits.push(SharedLimit { name: name.clone(), amount });
    }
    limits
}

/// Complains of poolers that keep a connection for each of theirs but have none to keep it for, or that
/// keep them for each other.
pub(super) fn check_sessions(cx: &mut Context<'_>, plan: &Plan) {
    let edges = plan.edges();
    let is_session =
        |edge: &&EdgeRef| plan.policies[edge.policy].pool.as_ref().is_some_and(|pool| pool.is_session);
    let sessions: Vec<&EdgeRef> = edges.iter().filter(is_session).collect();
    for edge in &sessions {
        let (name, target) = (plan.caller_name(edge.caller), &plan.components[edge.target].name);
        let others = sessions.iter().filter(|other| other.caller == edge.caller).count();
        let (list, message, help) = match edge.caller {
            Caller::Client(_) => (
                "clients",
                format!("nobody connects to `{name}`, so it has no sessions"),
                "sessions belong to a pooler between services and a database",
            ),
            Caller::Component(_) if others > 1 => (
                "components",
                format!("`{name}` has session pools to several targets"),
                "give each target a pooler of its own",
            ),
            Caller::Component(_) => (
                "components",
                format!("`{target}` keeps sessions itself, so `{name}` cannot keep some to it"),
                "let one of the two use transactions",
            ),
        };
        let is_chain = sessions.iter().any(|other| other.caller == Caller::Component(edge.target));
        if matches!(edge.caller, Caller::Client(_)) || others > 1 || is_chain {
            let at = At::topology(list).key(name).key("calls").key(target).key("pool");
            cx.error(codes::CONTRADICTION, &at, message, help);
        }
    }
}

/// Reads what a component says about its replicas; what is wrong is complained about and replaced.
pub(super) fn resolve_replica_rules(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawComponent,
    holding: &Holding,
) -> ReplicaRules {
    let mut rules =
        ReplicaRules { count: 1, lifecycle: Lifecycle::immediate(), scaling: None, serverless: None };
    if let Some(serverless) = &raw.serverless {
        if raw.replicas.is_some() {
            let message = "`serverless` makes instances as requests come, so there are no `replicas`";
            cx.error(codes::CONTRADICTION, &at.key("replicas"), message, "keep one of them");
        }
        if !raw.consumes.is_empty() {
            let message = "an instance lives from request to request, so it cannot wait for messages";
            let help = "let another component consume and call this one, as event sources do";
            cx.error(codes::CONTRADICTION, &at.key("consumes"), message, help);
        }
        rules.serverless = Some(resolve_serverless(cx, &at.key("serverless"), serverless, holding));
        return rules;
    }
    let at = at.key("replicas");
    let (consumes, holds_sessions) = (!raw.consumes.is_empty(), raw.sessions.is_some());
    match &raw.replicas {
        None => {}
        // A number out of range must not reach whoever lists the replicas.
        Some(RawReplicas::Count(count)) => {
            rules.count = cx.within(&at, "`replicas`", *count, 1..=REPLICAS_MAX).unwrap_or(1);
        }
        Some(RawReplicas::Scaling(raw)) => {
            let reader = ScalingReader { at: &at, raw, holding, consumes, holds_sessions };
            (rules.count, rules.scaling) = reader.scaling(cx);
            rules.lifecycle = reader.lifecycle(cx);
        }
    }
    rules
}

struct ScalingReader<'r> {
    at: &'r At,
    raw: &'r RawScaling,
    holding: &'r Holding,
    /// Whether it takes messages from anywhere.
    consumes: bool,
    /// Whether clients hold sessions to it.
    holds_sessions: bool,
}

impl ScalingReader<'_> {
    fn lifecycle(&self, cx: &mut Context<'_>) -> Lifecycle {
        let (at, raw) = (self.at, self.raw);
        let drain = raw.drain.as_ref();
        Lifecycle {
            start: law_or(cx, &at.key("start"), raw.start.as_ref(), 0.0),
            warm_up: raw.warm_up.as_ref().and_then(|warm| {
                let at = at.key("warm-up");
                let length = cx.span_above_zero(&at.key("for"), "`for`", &warm.length)?;
                let pace = cx.share(&at.key("speed"), &warm.speed)?;
                Some((length, cx.above_zero(&at.key("speed"), "`speed`", pace)?))
            }),
            linger: cx.span_or(
                &at.key("drain").key("linger"),
                drain.and_then(|drain| drain.linger.as_ref()),
                LINGER_DEFAULT,
            ),
            drain_max: drain
                .and_then(|drain| drain.deadline.as_ref())
                .and_then(|text| cx.span(&at.key("drain").key("deadline"), text)),
        }
    }

    /// The number at the start, and how it changes if it does.
    fn scaling(&self, cx: &mut Context<'_>) -> (u32, Option<Scaling>) {
        let (at, raw) = (self.at, self.raw);
        let min = raw.min.or(raw.count).unwrap_or(1);
        let min = cx.within(&at.key("min"), "`min`", min, 1..=REPLICAS_MAX).unwrap_or(1);
        let count = raw.count.unwrap_or(min);
        let max = raw.max.unwrap_or(count.max(min));
        let max = cx.within(&at.key("max"), "`max`", max, min..=REPLICAS_MAX).unwrap_or(min);
        let count = cx.within(&at.key("count"), "`count`", count, min..=max).unwrap_or(min);
        let rules = self.rules(cx);
        let schedule = self.schedule(cx, min, max);
        if rules.is_empty() && schedule.is_empty() {
            if min != max && raw.track.is_none() && raw.steps.is_empty() && raw.schedule.is_empty() {
                let message = "nothing says when the number of replicas changes";
                let help = "add `track:`, such as `track: { cpu: 60% }`, or `steps:` or `schedule:`";
                cx.error(codes::MISSING, at, message, help);
            }
            return (count, None);
        }
        let period = match &raw.metric_period {
            None => Some(PERIOD_DEFAULT),
            Some(text) => cx.span(&at.key("metric-period"), text),
        };
        let at_least = |span: &SimSpan| *span >= PERIOD_MIN;
        if period.as_ref().is_some_and(|period| !at_least(period)) {
            let message = format!("`metric-period` must be at least {PERIOD_MIN}");
            cx.error(codes::OUT_OF_RANGE, &at.key("metric-period"), message, "");
        }
        let tolerance = raw.tolerance.as_ref();
        let mut share = |key: &str, text: Option<&crate::spec::scalar::ShareText>| {
            text.and_then(|text| cx.share(&at.key("tolerance").key(key), text)).unwrap_or(TOLERANCE_DEFAULT)
        };
        let tolerance = Both {
            out: share("out", tolerance.and_then(|both| both.out.as_ref())),
            inward: share("in", tolerance.and_then(|both| both.inward.as_ref())),
        };
        let scaling = Scaling {
            min,
            max,
            rules,
            period: period.filter(at_least).unwrap_or(PERIOD_DEFAULT),
            delay: cx.span_or(&at.key("metric-delay"), raw.metric_delay.as_ref(), SimSpan::ZERO),
            points: self.points(cx),
            tolerance,
            stabilisation: pauses(cx, &at.key("stabilize"), raw.stabilize.as_ref()),
            cooldown: pauses(cx, &at.key("cooldown"), raw.cooldown.as_ref()),
            limit: self.limits(cx),
            protection: cx.span_or(&at.key("protect"), raw.protect.as_ref(), SimSpan::ZERO),
            schedule,
            schedule_every: raw
                .schedule_every
                .as_ref()
                .and_then(|text| cx.span_above_zero(&at.key("schedule-every"), "`schedule-every`", text)),
            quota: quota(cx, at, raw.quota.as_ref(), raw.units.unwrap_or(1)),
        };
        (count, Some(scaling))
    }

    fn rules(&self, cx: &mut Context<'_>) -> Vec<ScalingRule> {
        let mut rules = Vec::new();
        if let Some(raw) = &self.raw.track {
            let at = self.at.key("track");
            let found = self.measures(cx, &at, raw);
            if found.is_empty() {
                cx.error(codes::MISSING, &at, "`track` names no measure", MEASURES);
            }
            for (measure, target) in found {
                if let Some(target) = cx.above_zero(&at, "a target", target) {
                    rules.push(ScalingRule::Track { measure, target });
                }
            }
        }
        for (index, raw) in self.raw.steps.iter().enumerate() {
            self.step(cx, &self.at.key("steps").index(index), raw, &mut rules);
        }
        for rule in &mut rules {
            if let ScalingRule::Steps { out, inward, .. } = rule {
                out.sort_by(|a, b| a.0.total_cmp(&b.0));
                inward.sort_by(|a, b| b.0.total_cmp(&a.0));
            }
        }
        rules
    }

    /// Adds a step to the rule of its measure.
    fn step(&self, cx: &mut Context<'_>, at: &At, raw: &RawScalingStep, rules: &mut Vec<ScalingRule>) {
        let (bound, bound_at, change, is_out) = match (&raw.above, &raw.below, raw.add, raw.remove) {
            (Some(above), None, Some(add), None) => (above, at.key("above"), add, true),
            (None, Some(below), None, Some(remove)) => (below, at.key("below"), remove, false),
            _ => {
                let message = "a step has either `above` and `add` or `below` and `remove`";
                cx.error(codes::CONTRADICTION, at, message, "such as `{ above: { cpu: 80% }, add: 2 }`");
                return;
            }
        };
        let change_key = if is_out { "add" } else { "remove" };
        if cx.within(&at.key(change_key), change_key, change, 1..=REPLICAS_MAX).is_none() {
            return;
        }
        let found = self.measures(cx, &bound_at, bound);
        let [(measure, bound)] = found.as_slice() else {
            cx.error(codes::CONTRADICTION, &bound_at, "a step has exactly one measure", MEASURES);
            return;
        };
        let own = |rule: &&mut ScalingRule| matches!(rule, ScalingRule::Steps { measure: known, .. } if known == measure);
        if rules.iter_mut().find(own).is_none() {
            rules.push(ScalingRule::Steps { measure: *measure, out: Vec::new(), inward: Vec::new() });
        }
        if let Some(ScalingRule::Steps { out, inward, .. }) = rules.iter_mut().find(own) {
            if is_out { out.push((*bound, change)) } else { inward.push((*bound, change)) }
        }
    }

    fn measures(&self, cx: &mut Context<'_>, at: &At, raw: &RawMeasures) -> Vec<(Measure, f64)> {
        let mut found = Vec::new();
        if let Some(text) = &raw.cpu {
            if matches!(self.holding, Holding::Threads { per_replica: None, cores: None }) {
                let message = "`cpu` needs limited threads or cores: nothing here is ever busy";
                cx.error(codes::NO_MECHANISM, &at.key("cpu"), message, "give it `threads` or `cores`");
            }
            found.extend(cx.share(&at.key("cpu"), text).map(|value| (Measure::Utilization, value)));
        }
        if let Some(text) = &raw.concurrency {
            let value = cx.number(&at.key("concurrency"), text);
            found.extend(value.map(|value| (Measure::Concurrency, value)));
        }
        if let Some(text) = &raw.requests {
            found.extend(cx.rate(&at.key("requests"), text).map(|value| (Measure::Requests, value)));
        }
        if let Some(text) = &raw.queue {
            found.extend(cx.number(&at.key("queue"), text).map(|value| (Measure::Queue, value)));
        }
        if let Some(text) = &raw.backlog {
            if !self.consumes {
                let message = "`backlog` needs messages to wait for it: it consumes none";
                cx.error(codes::NO_MECHANISM, &at.key("backlog"), message, "give it `consumes:`");
            }
            found.extend(cx.number(&at.key("backlog"), text).map(|value| (Measure::Backlog, value)));
        }
        if let Some(text) = &raw.sessions {
            if !self.holds_sessions {
                let message = "`sessions` needs sessions to count: it holds none";
                cx.error(codes::NO_MECHANISM, &at.key("sessions"), message, "give it `sessions:`");
            }
            found.extend(cx.number(&at.key("sessions"), text).map(|value| (Measure::Sessions, value)));
        }
        found
    }

    fn points(&self, cx: &mut Context<'_>) -> Both<Points> {
        let raw = self.raw.points.as_ref();
        let at = self.at.key("points");
        let mut read = |key: &str, text: Option<&String>| {
            let one = Points { breaching: 1, of: 1 };
            text.and_then(|text| points(cx, &at.key(key), text)).unwrap_or(one)
        };
        Both {
            out: read("out", raw.and_then(|raw| raw.out.as_ref())),
            inward: read("in", raw.and_then(|raw| raw.inward.as_ref())),
        }
    }

    fn limits(&self, cx: &mut Context<'_>) -> Both<Option<StepLimit>> {
        let raw = self.raw.limit.as_ref();
        let at = self.at.key("limit");
        Both {
            out: raw.and_then(|raw| raw.out.as_ref()).and_then(|raw| step_limit(cx, &at.key("out"), raw)),
            inward: raw
                .and_then(|raw| raw.inward.as_ref())
                .and_then(|raw| step_limit(cx, &at.key("in"), raw)),
        }
    }

    fn schedule(&self, cx: &mut Context<'_>, min: u32, max: u32) -> Vec<ScheduledBounds> {
        let (mut min, max_all) = (min, max);
        let mut max = max;
        let mut all: Vec<ScheduledBounds> = Vec::new();
        for (index, raw) in self.raw.schedule.iter().enumerate() {
            let at = self.at.key("schedule").index(index);
            let Some(when) = cx.span(&at.key("at"), &raw.at) else { continue };
            max = raw.max.unwrap_or(max);
            min = raw.min.unwrap_or(min);
            let within = cx.within(&at.key("max"), "`max`", max, 1..=max_all).is_some()
                && cx.within(&at.key("min"), "`min`", min, 1..=max).is_some();
            if all.last().is_some_and(|last| last.at >= when) {
                let message = "the times of a schedule must rise";
                cx.error(codes::BAD_SCHEDULE, &at.key("at"), message, "");
            } else if within {
                all.push(ScheduledBounds { at: when, min, max });
            }
        }
        all
    }
}

const MEASURES: &str = "the measures are cpu, concurrency, requests, queue and backlog";

fn law_or(cx: &mut Context<'_>, at: &At, text: Option<&LawText>, default: f64) -> Law {
    text.and_then(|text| cx.time_law(at, text)).unwrap_or(Law::Constant(default))
}

fn pauses(cx: &mut Context<'_>, at: &At, raw: Option<&RawPauses>) -> Both<SimSpan> {
    Both {
        out: cx.span_or(&at.key("out"), raw.and_then(|raw| raw.out.as_ref()), SimSpan::ZERO),
        inward: cx.span_or(&at.key("in"), raw.and_then(|raw| raw.inward.as_ref()), SimSpan::ZERO),
    }
}

/// Reads `3 of 5`.
fn points(cx: &mut Context<'_>, at: &At, text: &str) -> Option<Points> {
    let parsed = text.split_once(" of ").and_then(|(breaching, of)| {
        Some(Points { breaching: breaching.trim().parse().ok()?, of: of.trim().parse().ok()? })
    });
    let Some(points) = parsed else {
        let message = format!("`{text}` does not say how many data points must agree");
        cx.error(codes::BAD_VALUE, at, message, "write `3 of 5` for any 3 of the latest 5");
        return None;
    };
    cx.within(at, "the number of data points", points.of, 1..=POINTS_MAX)?;
    cx.within(at, "the number that must agree", points.breaching, 1..=points.of)?;
    Some(points)
}

fn step_limit(cx: &mut Context<'_>, at: &At, raw: &RawStepLimit) -> Option<StepLimit> {
    let per = cx.span_above_zero(&at.key("per"), "`per`", &raw.per)?;
    // Growth may be by more than all there are, so this is no share.
    let percent = raw.percent.as_ref().map(|text| {
        let text = text.as_str();
        let number =
            text.strip_suffix('%').map(|number| parse::number(number).map(|percent| percent / 100.0));
        cx.value(&at.key("percent"), number.unwrap_or_else(|| parse::number(text)))
    });
    let share = match percent {
        None => 0.0,
        Some(share) => share?,
    };
    let count = raw.count.unwrap_or(0);
    if count == 0 && share <= 0.0 {
        cx.error(codes::OUT_OF_RANGE, at, "nothing may ever change", "give `count` or `percent` above 0");
        return None;
    }
    Some(StepLimit { count, share, per })
}

/// The shared limit of this name.
fn quota(cx: &mut Context<'_>, at: &At, name: Option<&String>, units: u64) -> Option<Quota> {
    let name = name?;
    let Some(limit) = cx.input.topology.limits.get_index_of(name) else {
        let names = cx.input.topology.limits.keys().map(String::as_str);
        cx.unknown(&at.key("quota"), "limit", name, names);
        return None;
    };
    let units = cx.within(&at.key("units"), "`units`", units, 1..=u64::from(u32::MAX))?;
    Some(Quota { limit, units })
}

fn resolve_serverless(cx: &mut Context<'_>, at: &At, raw: &RawServerless, holding: &Holding) -> Serverless {
    if !matches!(holding, Holding::Threads { per_replica: Some(_), .. }) {
        let message = "a serverless component's `threads` are what one instance serves at once";
        cx.error(codes::CONTRADICTION, at, message, "give it a number of `threads`: 1 for one request each");
    }
    let max = cx
        .small_count_or_unlimited(&at.key("max"), "`max`", raw.max.as_ref(), 1)
        .unwrap_or(INSTANCES_DEFAULT);
    let max = cx.within(&at.key("max"), "`max`", max, 1..=REPLICAS_MAX).unwrap_or(1);
    let provisioned = raw.provisioned.unwrap_or(0);
    let provisioned = cx.within(&at.key("provisioned"), "`provisioned`", provisioned, 0..=max).unwrap_or(0);
    let scale_up = raw.scale_up.as_ref().and_then(|raw| {
        let at = at.key("scale-up");
        let rate = cx.rate(&at.key("rate"), &raw.rate);
        let burst = cx.number_above_zero(&at.key("burst"), "`burst`", &raw.burst);
        Some((rate?, burst?))
    });
    Serverless {
        max,
        provisioned,
        cold_start: law_or(cx, &at.key("cold-start"), raw.cold_start.as_ref(), 0.0),
        keep_alive: law_or(cx, &at.key("keep-alive"), raw.keep_alive.as_ref(), KEEP_ALIVE_DEFAULT),
        scale_up,
        quota: quota(cx, at, raw.quota.as_ref(), 1),
    }
}
