//! Language models and agents.

use super::{measured, twins};

#[test]
fn a_token_budget_for_whole_runs_finishes_more_of_them() {
    let (without, with) = twins(
        "ai/agents-at-the-token-limit.yaml",
        "ai/agents-at-the-token-limit-budget.yaml",
        "goodput of users < 1/s",
    );
    assert!(with > 2.0 * without, "{with} runs a second with a budget, {without} without");
}

#[test]
fn a_trimmed_conversation_never_overflows() {
    let (without, with) = twins(
        "ai/growing-conversation.yaml",
        "ai/growing-conversation-trimmed.yaml",
        "availability of users < 1",
    );
    assert!(without < 0.01 && with > 0.99, "{without} and {with}");
}

#[test]
fn validation_turns_wrong_answers_into_a_few_more_calls() {
    let (without, with) = twins(
        "ai/malformed-output.yaml",
        "ai/malformed-output-validated.yaml",
        "wrong-rate of users < 1 during faults",
    );
    // Eight rounds of which each is malformed with 15 %.
    assert!((without - (1.0 - libm::pow(0.85, 8.0))).abs() < 0.12, "{without}");
    assert!(with < 0.01, "{with}");
}

#[test]
fn bounding_the_first_token_keeps_users_answered() {
    let (without, with) = twins(
        "ai/slow-first-token.yaml",
        "ai/slow-first-token-noticed.yaml",
        "availability of users < 1 during faults",
    );
    assert!(without < 0.7 && with > 0.99, "{without} and {with}");
}

#[test]
fn a_fallback_turns_a_withdrawn_model_into_worse_answers() {
    let (without, with) = twins(
        "ai/model-withdrawn-alone.yaml",
        "ai/model-withdrawn.yaml",
        "availability of users < 1 during faults",
    );
    assert!(without < 0.05 && with > 0.99, "{without} and {with}");
    let [degraded] = measured("ai/model-withdrawn.yaml", &["degraded-rate of users < 1 during faults"])[..]
    else {
        panic!("one was asked for")
    };
    assert!(degraded > 0.95, "{degraded}");
}

#[test]
fn a_breaker_before_broken_streams_saves_the_wait_for_half_an_answer() {
    let (without, with) = twins(
        "ai/cut-streams.yaml",
        "ai/cut-streams-breaker.yaml",
        "latency p99 of users < 60s during faults",
    );
    assert!(without > 1.5 * with, "{without} s without, {with} s with");
    let (without, with) =
        twins("ai/cut-streams.yaml", "ai/cut-streams-breaker.yaml", "cost of large < 1k during faults");
    assert!(without > 10.0 * with, "{without} and {with} dollars");
}
