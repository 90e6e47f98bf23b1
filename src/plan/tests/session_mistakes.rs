//! Every mistake about sessions is found, where it is, with what to do about it.

use super::fixture::{Case, assert_finds, cases, changed, plan, warned};
use crate::plan::{Amount, Backoff, Effect, Schedule, SessionFault, Source};
use crate::units::SimSpan;

/// A chat and its users.
const CHAT: &str = "
topology: chat
components:
  hub:
    cores: 2
    sessions: { connect-rate: 100/s }
    operations: { connect: [], resume: [], say: [{ broadcast: {} }] }
  other: { operations: { go: [] } }
clients:
  people:
    sessions: { connect: hub.connect, resume: hub.resume, messages: 1/min }
    journeys: { say: [{ call: hub.say }] }
";

const TALK: &str = "
scenario: talk
topology: chat.yaml
duration: 10m
load: { people: { sessions: 100 } }
faults: [{ disconnect: { target: hub }, at: 5m }]
";

/// Finding and place, what is replaced in the chat and by what, and what the finding says.
const OF_CHAT: &str = r"
    E204 | clients/people/sessions/resume | hub.resume | other.go | another component
    E203 | clients/people/sessions/reconnect/backoff | messages: 1/min | messages: 1/min, reconnect: { backoff: none } | for ever
    E203 | clients/people/sessions/reconnect/backoff | messages: 1/min | messages: 1/min, reconnect: { backoff: fixed(10ns) } | for ever
    E203 | clients/people/sessions/reconnect/attempts | messages: 1/min | messages: 1/min, reconnect: { attempts: 0 } | from 1
    E203 | clients/people/sessions/heartbeat | messages: 1/min | messages: 1/min, heartbeat: 0s | above 0s
    E203 | clients/people/sessions/heartbeat/misses | messages: 1/min | messages: 1/min, heartbeat: { every: 9s, misses: 0 } | from 1
    E205 | clients/people/sessions/resume-within | resume: hub.resume | resume-within: 9s | needs `resume`
    E202 | clients/people/sessions/vanish | messages: 1/min | messages: 1/min, vanish: 120% | more than
    W205 | clients/people/sessions | messages: 1/min | vanish: 5% | 1/min
    E207 | clients/people/journeys/connect | journeys: { say: | journeys: { connect: | something else
    E203 | components/hub/sessions/idle-timeout | connect-rate: 100/s | connect-rate: 100/s, idle-timeout: 0s | above 0s
    E203 | components/hub/sessions/max-lifetime | connect-rate: 100/s | connect-rate: 100/s, max-lifetime: 1us | no sessions
    E203 | components/hub/sessions/per-replica | connect-rate: 100/s | connect-rate: 100/s, per-replica: 0 | from 1
    E203 | components/hub/sessions/connect-rate | connect-rate: 100/s | connect-rate: 0/s | above 0
    E205 | components/hub/sessions/connect-burst | connect-rate: 100/s | connect-burst: 5 | connect-rate
    W205 | components/hub/sessions/heartbeat-cost | cores: 2\n    sessions: { | sessions: { heartbeat-cost: 1ms, | cores
    E213 | components/other/operations/go/0/broadcast | go: [] | go: [{ broadcast: {} }] | sessions
    E204 | components/hub/operations/say/0/broadcast/recipients | broadcast: {} | broadcast: { share: 5%, recipients: 3 } | exclude
    E202 | components/hub/operations/say/0/broadcast/share | broadcast: {} | broadcast: { share: 500% } | more than
";

/// The same of the scenario.
const OF_TALK: &str = r"
    E204 | load/people | sessions: 100 | rate: 5/s | sessions: 10k
    E203 | load/people/sessions | sessions: 100 | sessions: 1000M | to 20000000
    E205 | load/people/sessions | sessions: 100 | sessions: {} | population
    E205 | load/people/sessions | sessions: 100 | sessions: { rate: 5/s } | stay
    E204 | load/people/sessions/over | sessions: 100 | sessions: { population: 5, over: 1m } | empty
    E204 | load/people/batch | sessions: 100 | sessions: 100, batch: 2 | raise
    W203 | load/people | sessions: 100 | sessions: 0 | never
    E213 | faults/0/disconnect/target | target: hub | target: other | sessions
    E203 | faults/0/disconnect/share | target: hub } | target: hub, share: 0% } | above 0
    E218 | faults/0/for | at: 5m | at: 5m, for: 1m | moment
    E213 | faults/0/forget-sessions/target | disconnect: { target: hub } | forget-sessions: { target: other } | sessions: {}
    E203 | faults/0/idle-timeout/to | disconnect: { target: hub } | idle-timeout: { target: hub, to: 0s } | above 0s
    E213 | faults/0/spike/load | disconnect: { target: hub } | spike: { load: people, factor: 2 } | no `rate`
";

#[test]
fn every_mistake_about_sessions_in_a_topology_is_found_where_it_is() {
    for Case { code, at, part, by, says } in cases(OF_CHAT) {
        assert_finds(&changed(CHAT, &part, &by), TALK, code, at, says);
    }
}

#[test]
fn every_mistake_about_sessions_in_a_scenario_is_found_where_it_is() {
    for Case { code, at, part, by, says } in cases(OF_TALK) {
        assert_finds(CHAT, &changed(TALK, &part, &by), code, at, says);
    }
}

#[test]
fn a_session_is_opened_where_sessions_are_taken() {
    let elsewhere = changed(CHAT, "hub.connect, resume: hub.resume", "other.go");
    let elsewhere = changed(&elsewhere, "{ connect-rate: 100/s }", "{}");
    assert_finds(&elsewhere, TALK, "E213", "clients/people/sessions/connect", "takes no sessions");
}

#[test]
fn messages_without_a_journey_have_nothing_to_say() {
    let silent = changed(CHAT, "journeys: { say: [{ call: hub.say }] }", "description: they only listen");
    assert_finds(&silent, TALK, "E205", "clients/people/sessions/messages", "journeys");
}

#[test]
fn a_session_load_needs_a_client_with_sessions() {
    let plain = changed(
        CHAT,
        "sessions: { connect: hub.connect, resume: hub.resume, messages: 1/min }",
        "description: plain",
    );
    let plain = changed(&plain, "{ connect-rate: 100/s }", "{}");
    assert_finds(&plain, TALK, "E213", "load/people/sessions", "connect: component.operation");
}

#[test]
fn a_connect_rate_counts_what_opens_sessions_and_nothing_else() {
    let plan = plan(CHAT, TALK);
    let limit = &plan.components[0].admission[0];
    assert_eq!(
        (limit.name.as_str(), limit.bucket.rate_per_sec, limit.bucket.burst),
        ("connect", 100.0, 100.0)
    );
    assert_eq!(limit.costs, [1.0, 1.0, 0.0].map(Amount::from));
    let unused = changed(CHAT, "other: {", "idle: { sessions: { connect-rate: 1/s } }\n  other: {");
    let (_, warnings) = warned(&unused, TALK);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}

#[test]
fn what_is_not_said_is_filled_in() {
    let plan = plan(CHAT, TALK);
    let held = plan.clients[0].sessions.as_ref().expect("they hold sessions");
    let jitter = Backoff::FullJitter { base: SimSpan::from_secs(1), cap: SimSpan::from_secs(60) };
    assert_eq!((held.component, held.connect, held.resume, held.backoff), (0, 0, Some(1), jitter));
    let names: Vec<&str> = plan.clients[0].journeys.iter().map(|journey| journey.name.as_str()).collect();
    assert_eq!(names, ["connect", "resume", "say"]);
    let shares: Vec<f64> = plan.clients[0].journeys.iter().map(|journey| journey.probability).collect();
    assert_eq!(shares, [0.0, 0.0, 1.0]);
    assert!(matches!(&plan.workloads[0].source, Source::Sessions(load) if load.population == 100));
    let fault = &plan.faults[0];
    assert!(
        matches!(&fault.effect, Effect::Sessions(SessionFault::Disconnect { share, .. }) if *share == 1.0)
    );
    let moment = Some(SimSpan::from_millis(1));
    assert!(matches!(fault.schedule, Schedule::Once { length, .. } if length == moment));
    assert_eq!((fault.name.as_str(), plan.fault_target(fault).as_str()), ("disconnect hub", "hub"));
}
