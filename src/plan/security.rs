//! Firewalls, credentials, tokens and reachability.

use super::attributes::condition;
use super::codes;
use super::context::{At, Context};
use super::directory::{Directory, check_names};
use super::effects::path;
use super::faults::World;
use super::model::{
    Caller, Checked, Condition, Credential, CredentialId, Effect, FirewallRule, Flood, Path, Plan, Step,
    Token,
};
use super::steps::{List, Salts, StepBuilder};
use crate::dist::Law;
use crate::spec::raw::{
    RawBlock, RawChecked, RawEnd, RawExpire, RawFirewall, RawFirewallRule, RawFloodRule, RawRotate, RawToken,
};
use crate::spec::scalar::{ConditionText, LawText, SpanText};
use crate::units::SimSpan;

const FLOOD_WINDOW_DEFAULT: SimSpan = SimSpan::from_secs(60);
const FLOOD_CHECK_DEFAULT: SimSpan = SimSpan::from_secs(10);
const FLOOD_RELEASE_DEFAULT: SimSpan = SimSpan::from_secs(300);
/// Most looks per window of a rule against floods.
const FLOOD_PARTS_MAX: u64 = 1_000;
/// Most keys whose tokens are remembered, per step.
const TOKENS_MAX: u64 = 20_000_000;

/// All credentials, in order.
pub(super) fn resolve_credentials(cx: &mut Context<'_>) -> Vec<Credential> {
    let raw = &cx.input.topology.credentials;
    check_names(cx, &At::topology("credentials"), raw.keys());
    let checked = |checked: Option<RawChecked>| match checked {
        None | Some(RawChecked::Call) => Checked::Call,
        Some(RawChecked::Connection) => Checked::Connection,
    };
    raw.iter().map(|(name, raw)| Credential { name: name.clone(), checked: checked(raw.checked) }).collect()
}

/// The credential with this name, or a complaint.
pub(super) fn credential(cx: &mut Context<'_>, at: &At, name: &str) -> Option<CredentialId> {
    let all = &cx.input.topology.credentials;
    let found = all.get_index_of(name);
    if found.is_none() {
        cx.unknown(at, "credential", name, all.keys().map(String::as_str));
    }
    found
}

/// Who may call a component: names of components, clients and places.
pub(super) fn reachable_from(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    raw: &RawEnd,
) -> Vec<Caller> {
    let (one, many);
    let names: &[String] = match raw {
        RawEnd::One(name) => {
            one = [name.clone()];
            &one
        }
        RawEnd::Many(names) => {
            many = names;
            many
        }
    };
    let mut callers = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let before = callers.len();
        callers.extend(directory.component_named(name).map(Caller::Component));
        callers.extend(directory.client_named(name).map(Caller::Client));
        if let Some(place) = directory.places.get_index_of(name) {
            let components = directory.components.values().enumerate();
            let here = components.filter(|(_, entry)| entry.place == place);
            callers.extend(here.map(|(id, _)| Caller::Component(id)));
            let clients = directory.clients.values().enumerate().filter(|(_, at)| **at == place);
            callers.extend(clients.map(|(id, _)| Caller::Client(id)));
            continue;
        }
        if callers.len() == before {
            let at = if matches!(raw, RawEnd::One(_)) { at.clone() } else { at.index(index) };
            let known = directory.component_names().chain(directory.clients.keys().map(String::as_str));
            let known = known.chain(directory.places.iter().map(String::as_str));
            cx.unknown(&at, "component, client or place", name, known);
        }
    }
    callers.sort_unstable();
    callers.dedup();
    callers
}

/// All rules of a firewall, in order.
pub(super) fn firewall(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    raw: &[RawFirewall],
) -> Vec<FirewallRule> {
    let mut rules: Vec<FirewallRule> = Vec::with_capacity(raw.len());
    for (index, raw) in raw.iter().enumerate() {
        let at = at.index(index);
        let found = match raw {
            RawFirewall::Rule(raw) => rule(cx, directory, &at.key("rule"), raw),
            RawFirewall::Flood(raw) => flood(cx, directory, &at.key("flood"), raw),
        };
        let Some(rule) = found else { continue };
        if rules.iter().any(|other| other.name == rule.name) {
            let message = format!("there are two rules called `{}`", rule.name);
            cx.error(codes::DUPLICATE, &at, message, "give each a `name` of its own");
        }
        rules.push(rule);
    }
    rules
}

fn about(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    text: Option<&ConditionText>,
) -> Option<Option<Condition>> {
    match text {
        None => Some(None),
        Some(text) => condition(cx, directory, &at.key("when"), text).map(Some),
    }
}

fn rule(cx: &mut Context<'_>, directory: &Directory, at: &At, raw: &RawFirewallRule) -> Option<FirewallRule> {
    let when = about(cx, directory, at, raw.when.as_ref());
    let catches = cx.share_or(&at.key("catches"), raw.catches.as_ref(), 1.0);
    let false_positives = cx.share_or(&at.key("false-positives"), raw.false_positives.as_ref(), 0.0);
    if raw.when.is_none() && raw.false_positives.is_some() {
        let message = "a rule about all requests has no others to refuse by mistake";
        cx.error(codes::CONTRADICTION, &at.key("false-positives"), message, "add `when`, or use `catches`");
    }
    let delay = cx.span_or(&at.key("delay"), raw.delay.as_ref(), SimSpan::ZERO);
    Some(FirewallRule {
        name: raw.name.clone().unwrap_or_else(|| "rule".to_owned()),
        when: when?,
        delay,
        catches: catches?,
        false_positives: false_positives?,
        flood: None,
    })
}

fn flood(cx: &mut Context<'_>, directory: &Directory, at: &At, raw: &RawFloodRule) -> Option<FirewallRule> {
    let when = about(cx, directory, at, raw.when.as_ref());
    let threshold = cx.rate(&at.key("threshold"), &raw.threshold);
    let mut above_zero = |key: &str, text: Option<&SpanText>, default: SimSpan| match text {
        None => Some(default),
        Some(text) => cx.span_above_zero(&at.key(key), &format!("`{key}`"), text),
    };
    let window = above_zero("window", raw.window.as_ref(), FLOOD_WINDOW_DEFAULT);
    let check_every = above_zero("check-every", raw.check_every.as_ref(), FLOOD_CHECK_DEFAULT);
    let (window, check_every) = (window?, check_every?);
    if window.0 % check_every.0 != 0 || window.0 / check_every.0 > FLOOD_PARTS_MAX {
        let message = format!("`check-every` of {check_every} does not divide `window` of {window}");
        let help = format!("make `window` a multiple of it, at most {FLOOD_PARTS_MAX} times as long");
        cx.error(codes::OUT_OF_RANGE, &at.key("check-every"), message, help);
    }
    let catches = cx.share_or(&at.key("drops"), raw.drops.as_ref(), 1.0);
    let false_positives = cx.share_or(&at.key("false-positives"), raw.false_positives.as_ref(), 0.0);
    let flood = Flood {
        threshold_per_sec: threshold?,
        window,
        check_every,
        lag: cx.span_or(&at.key("lag"), raw.lag.as_ref(), SimSpan::ZERO),
        release: cx.span_or(&at.key("release"), raw.release.as_ref(), FLOOD_RELEASE_DEFAULT),
    };
    Some(FirewallRule {
        name: raw.name.clone().unwrap_or_else(|| "flood".to_owned()),
        when: when?,
        delay: cx.span_or(&at.key("delay"), raw.delay.as_ref(), SimSpan::ZERO),
        catches: catches?,
        false_positives: false_positives?,
        flood: Some(flood),
    })
}

impl StepBuilder<'_, '_> {
    /// Having a valid token at hand.
    pub(super) fn token(&mut self, at: &At, raw: &RawToken, list: &List, salts: &mut Salts) -> Option<Step> {
        let entity = self.directory.entity(self.cx, &at.key("of"), &raw.of);
        let salt = salts.next(list, &format!("token {}", raw.of));
        let lifetime = self.cx.span_above_zero(&at.key("lifetime"), "`lifetime`", &raw.lifetime);
        let early = self.cx.span_or(&at.key("early"), raw.early.as_ref(), SimSpan::ZERO);
        let age = raw.age.as_ref().map(|name| self.attribute(&at.key("age"), name));
        let refresh = self.list(&raw.refresh, &list.inside(at.key("refresh"), &salt, "refresh"));
        let lifetime = lifetime?;
        if early >= lifetime {
            let message = format!("a token renewed {early} before its end is never good for {lifetime}");
            self.cx.error(codes::OUT_OF_RANGE, &at.key("early"), message, "make it shorter than `lifetime`");
        }
        let age = match age {
            Some(age) => Some(age?),
            None => None,
        };
        let token = Token {
            salt,
            entity: entity?,
            lifetime,
            early,
            renew: raw.renew.unwrap_or(false),
            aligned: raw.aligned.unwrap_or(false),
            age,
            refresh,
        };
        Some(Step::Token(Box::new(token)))
    }
}

/// Complains of tokens of more keys than a run should remember.
pub(super) fn check_tokens(cx: &mut Context<'_>, plan: &Plan) {
    let mut most: Option<&str> = None;
    visit_tokens(plan, &mut |token| {
        let entity = &plan.entities[token.entity];
        if entity.population > TOKENS_MAX {
            most = Some(&entity.name);
        }
    });
    if let Some(name) = most {
        let message = format!("tokens of `{name}` would take more than {TOKENS_MAX} places to remember");
        let at = At::topology("entities").key(name).key("population");
        cx.error(codes::TOO_BIG, &at, message, "let one key stand for several users");
    }
}

/// Warns of calls that never get through.
pub(super) fn check_reachable(cx: &mut Context<'_>, plan: &Plan) {
    for edge in plan.edges() {
        let target = &plan.components[edge.target];
        let Some(from) = &target.reachable_from else { continue };
        if from.binary_search(&edge.caller).is_err() {
            let caller = plan.caller_name(edge.caller);
            let message = format!("`{caller}` calls `{}`, which it cannot reach", target.name);
            let at = At::topology("components").key(&target.name).key("reachable-from");
            cx.warning(codes::BARRED, &at, message, format!("every such call is refused; add `{caller}`"));
        }
    }
}

fn visit_tokens<'p>(plan: &'p Plan, visit: &mut impl FnMut(&'p Token)) {
    fn walk<'p>(steps: &'p [Step], visit: &mut impl FnMut(&'p Token)) {
        for step in steps {
            if let Step::Token(token) = step {
                visit(token);
            }
            step.bodies().into_iter().for_each(|body| walk(body, visit));
        }
    }
    let operations = plan.components.iter().flat_map(|component| &component.operations);
    operations.for_each(|operation| walk(&operation.steps, visit));
    let journeys = plan.clients.iter().flat_map(|client| &client.journeys);
    journeys.for_each(|journey| walk(&journey.steps, visit));
}

/// A credential expires.
pub(super) fn expire(cx: &mut Context<'_>, at: &At, raw: &RawExpire) -> Option<Effect> {
    let credential = credential(cx, &at.key("credential"), &raw.credential)?;
    Some(Effect::Expire { credential })
}

/// A credential is replaced.
pub(super) fn rotate(cx: &mut Context<'_>, at: &At, raw: &RawRotate) -> Option<Effect> {
    let credential = credential(cx, &at.key("credential"), &raw.credential);
    let mut law = |key: &str, text: Option<&LawText>| match text {
        None => Some(Law::Constant(0.0)),
        Some(text) => cx.time_law(&at.key(key), text),
    };
    let lag = law("lag", raw.lag.as_ref());
    let verifier_lag = law("verifier-lag", raw.verifier_lag.as_ref());
    if raw.lag.is_none() && raw.verifier_lag.is_none() {
        let message = "a rotation that everybody knows of at once does nothing";
        cx.error(codes::MISSING, at, message, "add `lag:` or `verifier-lag:`");
    }
    let grace = cx.span_or(&at.key("grace"), raw.grace.as_ref(), SimSpan::ZERO);
    Some(Effect::Rotate { credential: credential?, lag: lag?, verifier_lag: verifier_lag?, grace })
}

/// New connections are cut.
pub(super) fn block(cx: &mut Context<'_>, world: &World<'_>, at: &At, raw: &RawBlock) -> Option<Effect> {
    let path: Path = path(cx, world, at, &raw.from, &raw.to, Some(true))?;
    Some(Effect::Block { path, refuses: raw.refuse.unwrap_or(false) })
}
