//! What an expectation is about: names to scopes.

use super::codes;
use super::context::suggestion;
use super::expect::{Problem, joined};
use super::metrics::{MetricInfo, Needs, ScopeKind};
use super::model::{CallPolicy, Client, Component, DnsName, Holding, Messaging, Scope, Source, Workload};
use super::query::visit_calls;
use super::tokens::Token;
use indexmap::IndexSet;

/// Everything that an expectation can name.
pub(super) struct Names<'n> {
    /// Places.
    pub(super) places: &'n IndexSet<String>,
    /// Components with their operations.
    pub(super) components: &'n [Component],
    /// Clients with their journeys.
    pub(super) clients: &'n [Client],
    /// Load.
    pub(super) workloads: &'n [Workload],
    /// Calls.
    pub(super) policies: &'n [CallPolicy],
    /// Brokers, schedules and marks.
    pub(super) messaging: &'n Messaging,
    /// Names that callers resolve.
    pub(super) dns: &'n [DnsName],
}

impl Names<'_> {
    /// What a name may answer, as expectations call it.
    fn answers(&self, name: usize) -> impl Iterator<Item = String> {
        let DnsName { name, targets, .. } = &self.dns[name];
        targets.iter().map(move |(target, _)| format!("{name} -> {}", self.components[*target].name))
    }
}

/// The scope that the words after `of` name; `what` is everything before the comparison.
pub(super) fn resolve_scope(
    names: &Names<'_>,
    info: &MetricInfo,
    name: Option<&[Token]>,
    what: &[Token],
) -> Result<Scope, Problem> {
    let takes = || format!("`{}` is measured of {}", info.word, kinds_text(info.scopes));
    let Some(words) = name else {
        if info.scopes.contains(&ScopeKind::All) {
            return Ok(Scope::All);
        }
        let message = format!("`{}` needs a name", info.word);
        return Err(Problem::new(codes::EXPECT_SCOPE, what, message, format!("add `of NAME`; {}", takes())));
    };
    let (kind, name_words) = split_kind(words);
    let name = joined(name_words);
    if kind.is_none() && name == "all" && info.scopes.contains(&ScopeKind::All) {
        return Ok(Scope::All);
    }
    let mut found = candidates(names, &name);
    found.retain(|scope| kind.is_none_or(|kind| scope.kind() == kind));
    if found.is_empty() {
        return Err(unknown(names, info, kind, &name, words));
    }
    let named: Vec<ScopeKind> = found.iter().map(Scope::kind).collect();
    found.retain(|scope| info.scopes.contains(&scope.kind()));
    match found.as_slice() {
        [] => {
            let message = format!("`{}` cannot be measured of {} `{name}`", info.word, kinds_text(&named));
            Err(Problem::new(codes::EXPECT_SCOPE, words, message, takes()))
        }
        [scope] => {
            check_needs(names, info, scope, words)?;
            Ok(scope.clone())
        }
        several => {
            let forms: Vec<String> =
                several.iter().map(|scope| format!("`of {} {name}`", scope.kind().word())).collect();
            let message = format!("`{name}` could mean several things");
            Err(Problem::new(codes::AMBIGUOUS, words, message, format!("write {}", forms.join(" or "))))
        }
    }
}

/// Splits off a leading word that says what kind of thing the name is.
fn split_kind(words: &[Token]) -> (Option<ScopeKind>, &[Token]) {
    let kind = match words[0].text.as_str() {
        "load" | "workload" => ScopeKind::Load,
        "journey" => ScopeKind::Journey,
        "component" => ScopeKind::Component,
        "operation" => ScopeKind::Operation,
        "place" => ScopeKind::Place,
        "call" => ScopeKind::Call,
        "broker" | "schedule" => ScopeKind::Broker,
        "mark" => ScopeKind::Mark,
        "name" => ScopeKind::Name,
        "answer" => ScopeKind::Answer,
        _ => return (None, words),
    };
    // A thing may itself be called `load`.
    if words.len() == 1 || words[1].text == "->" { (None, words) } else { (Some(kind), &words[1..]) }
}

/// Everything with this name.
fn candidates(names: &Names<'_>, name: &str) -> Vec<Scope> {
    if name.contains("->") {
        let policy = names.policies.iter().position(|policy| policy.name == name);
        let answers = (0..names.dns.len()).filter_map(|dns| {
            let place = names.answers(dns).position(|answer| answer == name)?;
            Some(Scope::Answer(dns, place))
        });
        return policy.map(Scope::Edge).into_iter().chain(answers).collect();
    }
    let brokers = &names.messaging.brokers;
    let broker = brokers.iter().position(|broker| broker.name == name).map(Scope::Broker);
    let mark = names.messaging.marks.iter().position(|mark| mark == name).map(Scope::Mark);
    if let Some((owner, part)) = name.split_once('.') {
        let client = names.clients.iter().position(|client| client.name == owner);
        let journey = client.and_then(|client| {
            let journeys = &names.clients[client].journeys;
            journeys
                .iter()
                .position(|journey| journey.name == part)
                .map(|index| Scope::Journey(client, index))
        });
        let component = names.components.iter().position(|component| component.name == owner);
        let operation = component.and_then(|component| {
            let operations = &names.components[component].operations;
            let operation = operations.iter().position(|operation| operation.name == part);
            operation.map(|index| Scope::Operation(component, index))
        });
        return journey.into_iter().chain(operation).chain(broker).chain(mark).collect();
    }
    let load = names.workloads.iter().position(|load| load.name == name).map(Scope::Workload);
    let component =
        names.components.iter().position(|component| component.name == name).map(Scope::Component);
    let place = names.places.get_index_of(name).map(Scope::Place);
    let dns = names.dns.iter().position(|dns| dns.name == name).map(Scope::Name);
    load.into_iter().chain(component).chain(place).chain(broker).chain(mark).chain(dns).collect()
}

/// All names that a metric can be measured of.
fn known(names: &Names<'_>, kinds: &[ScopeKind]) -> Vec<String> {
    let mut known = Vec::new();
    for kind in kinds {
        match kind {
            ScopeKind::All => {}
            ScopeKind::Load => known.extend(names.workloads.iter().map(|load| load.name.clone())),
            ScopeKind::Component => {
                known.extend(names.components.iter().map(|component| component.name.clone()))
            }
            ScopeKind::Place => known.extend(names.places.iter().cloned()),
            ScopeKind::Broker => {
                known.extend(names.messaging.brokers.iter().map(|broker| broker.name.clone()))
            }
            ScopeKind::Mark => known.extend(names.messaging.marks.iter().cloned()),
            ScopeKind::Name => known.extend(names.dns.iter().map(|dns| dns.name.clone())),
            ScopeKind::Answer => known.extend((0..names.dns.len()).flat_map(|dns| names.answers(dns))),
            ScopeKind::Call => known.extend(names.policies.iter().map(|policy| policy.name.clone())),
            ScopeKind::Journey => known.extend(names.clients.iter().flat_map(|client| {
                client.journeys.iter().map(move |journey| format!("{}.{}", client.name, journey.name))
            })),
            ScopeKind::Operation => known.extend(names.components.iter().flat_map(|component| {
                component
                    .operations
                    .iter()
                    .map(move |operation| format!("{}.{}", component.name, operation.name))
            })),
        }
    }
    known
}

fn unknown(
    names: &Names<'_>,
    info: &MetricInfo,
    kind: Option<ScopeKind>,
    name: &str,
    words: &[Token],
) -> Problem {
    let what = kind.map_or_else(|| kinds_text(info.scopes), |kind| kind.word().to_owned());
    let client = names.clients.iter().position(|client| client.name == name);
    let help = if let Some(client) = client {
        let loads = names.workloads.iter().filter(|load| load.client == client);
        let loads: Vec<&str> = loads.map(|load| load.name.as_str()).collect();
        let journeys = names.clients[client].journeys.iter();
        let journeys: Vec<String> = journeys.map(|journey| format!("{name}.{}", journey.name)).collect();
        format!(
            "`{name}` is a client; its loads are {}, its journeys {}",
            loads.join(", "),
            journeys.join(", ")
        )
    } else {
        let kinds = kind.map_or_else(|| info.scopes.to_vec(), |kind| vec![kind]);
        suggestion(name, known(names, &kinds).iter().map(String::as_str))
    };
    Problem::new(codes::UNKNOWN_NAME, words, format!("there is no {what} `{name}`"), help)
}

/// `load, journey or component`.
fn kinds_text(kinds: &[ScopeKind]) -> String {
    let words: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
    match words.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

/// Whether a component passes answers on as they come.
fn streams(component: &Component) -> bool {
    let mut streams = false;
    for operation in &component.operations {
        visit_calls(&operation.steps, &mut |call| streams |= call.streams);
    }
    streams
}

fn check_needs(names: &Names<'_>, info: &MetricInfo, scope: &Scope, words: &[Token]) -> Result<(), Problem> {
    let is_limited =
        |component: &Component| component.holding != Holding::Threads { per_replica: None, cores: None };
    let has = |component: &Component| match info.needs {
        Needs::Nothing => true,
        Needs::Cache => component.cache.is_some(),
        Needs::Store => component.store.is_some(),
        Needs::Limit => is_limited(component),
        Needs::Scaling => component.scaling.is_some(),
        Needs::Health => component.health.is_some(),
        Needs::Serverless => component.serverless.is_some(),
        Needs::Model => component.model.is_some() || streams(component),
        Needs::Meter => !component.meters.is_empty(),
        Needs::Sessions => component.sessions.is_some(),
    };
    let has_it = match scope {
        Scope::Component(id) | Scope::Operation(id, _) => has(&names.components[*id]),
        Scope::Place(id) => names.components.iter().any(|component| component.place == *id && has(component)),
        Scope::Workload(id) if info.needs == Needs::Sessions => {
            matches!(names.workloads[*id].source, Source::Sessions(_))
        }
        _ => true,
    };
    if has_it {
        return Ok(());
    }
    let lacks = match info.needs {
        Needs::Cache => "it has no `cache`",
        Needs::Store => "it has no `store`",
        Needs::Scaling => "its number of replicas never changes by itself",
        Needs::Health => "it has no `health`",
        Needs::Serverless => "it is not `serverless`",
        Needs::Model => "it has no `model` and passes on no answers of one with `stream`",
        Needs::Meter => "it has no `meters`",
        Needs::Sessions => "it has no `sessions`",
        Needs::Limit | Needs::Nothing => "its `threads` are unlimited and share no `cores`",
    };
    let fits = names.components.iter().filter(|component| has(component));
    let fits: Vec<&str> = fits.map(|component| component.name.as_str()).collect();
    let help = match fits.as_slice() {
        [] => "no component has it".to_owned(),
        fits => format!("it can be measured of {}", super::context::listed(fits.iter().copied())),
    };
    let message = format!("`{}` cannot be measured of `{}`: {lacks}", info.word, joined(words));
    Err(Problem::new(codes::EXPECT_SCOPE, words, message, help))
}
