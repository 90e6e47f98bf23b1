//! Language models and request attributes against what arithmetic says.

use shakedown::outcome::Outcome;
use shakedown::plan::{Plan, resolve};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_text};
use shakedown::verdict::measure;

fn plan(topology: &str, scenario: &str) -> Plan {
    let catalogue = Catalogue::embedded();
    let input = load_text(scenario, topology, &catalogue, &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{:#?}", error.diags));
    resolve(&input).unwrap_or_else(|diags| panic!("{diags:#?}")).0
}

/// Runs and checks that nothing was lost or made up.
fn run(plan: &Plan) -> Outcome {
    let (outcome, _) = simulate(plan, &Options::new(7), &mut |_| Flow::Continue);
    assert!(outcome.truncated.is_none());
    for check in &outcome.conservation {
        assert!(check.holds(), "{check:?}");
    }
    outcome
}

/// What an expectation's metric comes to.
fn measured(topology: &str, scenario: &str, metrics: &[&str]) -> Vec<f64> {
    let expect: Vec<String> = metrics.iter().map(|metric| format!("  - {metric}")).collect();
    let plan = plan(topology, &format!("{scenario}\nexpect:\n{}\n", expect.join("\n")));
    let outcome = run(&plan);
    let value = |e: &shakedown::plan::Expectation| {
        measure(&plan, e.metric, &e.scope, e.when, &outcome).unwrap_or_else(|why| panic!("{}: {why}", e.text))
    };
    plan.expectations.iter().map(value).collect()
}

fn close(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected} ± {tolerance}");
}

const MODEL: &str = "
topology: model
attributes: { prompt: 1000, completion: 200 }
components:
  model:
    model: { prefill: 5000/s, decode: 100/s, window: 8k }
    meters: { input-tokens: 2 USD/M, output-tokens: 10 USD/M }
    operations: { complete: [ { generate: { prompt: prompt, output: completion } } ] }
clients:
  users: { journeys: { ask: [ { stream: model.complete } ] } }
";

#[test]
fn an_answer_takes_prompt_over_prefill_plus_output_over_decode() {
    let values = measured(
        MODEL,
        "scenario: s\ntopology: t\nduration: 1000s\nload: { users: { rate: 1/s, arrivals: deterministic } }",
        &[
            "latency mean of users < 1s",
            "first-token mean of users < 1s",
            "first-token mean of model < 1s",
            "token-time mean of model < 1s",
            "tokens of model < 1",
            "cost of model < 1",
            "cost < 1",
            "wrong-rate of users < 1%",
        ],
    );
    close(values[0], 1000.0 / 5000.0 + 200.0 / 100.0, 0.03);
    close(values[1], 0.2, 0.003);
    close(values[2], 0.2, 0.003);
    close(values[3], 0.01, 0.0002);
    // The last arrivals are still being answered.
    close(values[4], 1000.0 * 1200.0, 4000.0);
    close(values[5], 1000.0 * (0.002 + 0.002), 0.01);
    close(values[6], values[5], 1e-12);
    close(values[7], 0.0, 0.0);
}

/// Decoding on shared cores is processor sharing: with Poisson arrivals the mean time in the system
/// is the mean demand over 1 - rho, whatever the law of the demand (Kleinrock 1976, section 4.4).
#[test]
fn decoding_shares_the_replica() {
    let topology = MODEL
        .replace("components:\n  model:", "components:\n  model:\n    cores: 1")
        .replace("completion: 200", "completion: lognormal(mean 150 sigma 0.8)")
        .replace("prompt: 1000", "prompt: 2500");
    let [latency, busy] = measured(
        &topology,
        "scenario: s\ntopology: t\nduration: 400000s\nwarm-up: 1000s\nload: { users: { rate: 0.35/s } }",
        &["latency mean of users < 1s", "utilization of model < 1"],
    )[..] else {
        panic!("two were asked for")
    };
    let demand = 2500.0 / 5000.0 + 150.0 / 100.0;
    close(busy, 0.35 * demand, 0.01);
    close(latency, demand / (1.0 - 0.35 * demand), 0.25);
}

/// Eight in a batch write at full pace, sixteen at half: the batch is what is shared.
#[test]
fn a_full_batch_slows_everyone() {
    let topology = MODEL.replace("components:\n  model:", "components:\n  model:\n    cores: 8");
    let scenario = |users: u32| {
        format!(
            "scenario: s\ntopology: t\nduration: 20000s\nwarm-up: 100s\nload: {{ users: {{ users: {users} }} }}"
        )
    };
    let metrics = ["token-time mean of model < 1s", "token-rate of model < 1/s"];
    let eight = measured(&topology, &scenario(8), &metrics);
    let sixteen = measured(&topology, &scenario(16), &metrics);
    close(eight[0], 0.010, 0.0002);
    close(sixteen[0], 0.020, 0.0005);
    // Eight cores, 2 s of decoding of every 2.2 s: the rest is prefill.
    close(eight[1], 8.0 * 100.0 * 2.0 / 2.2, 5.0);
    close(sixteen[1], 8.0 * 100.0 * 2.0 / 2.2, 5.0);
}

/// Under more demand than allowance, tokens per minute over the mean tokens of a request get through.
#[test]
fn goodput_at_the_token_limit_is_the_limit_over_the_mean_tokens() {
    let topology = MODEL.replace(
        "    model: {",
        "    admission: [ { token-bucket: { name: tokens, rate: 60k/min, burst: 20k, costs: { complete: prompt + 500 } } } ]\n    model: {",
    );
    let scenario =
        "scenario: s\ntopology: t\nduration: 50000s\nwarm-up: 100s\nload: { users: { rate: 3/s } }";
    let constant = measured(&topology, scenario, &["goodput of model < 1/s"]);
    close(constant[0], 1000.0 / 1500.0, 0.002);
    // Large requests are refused more often than small ones, so more of them get through than by the mean.
    let drawn = topology.replace("prompt: 1000", "prompt: uniform(500 1500)");
    let drawn = measured(&drawn, scenario, &["goodput of model < 1/s", "tokens of model < 1"]);
    assert!(drawn[0] > 1000.0 / 1500.0, "{}", drawn[0]);
    // Held back instead of refused, every request takes its turn.
    let paced = topology
        .replace("prompt: 1000", "prompt: uniform(500 1500)")
        .replace("burst: 20k,", "burst: 20k, excess: delay,");
    let patient = scenario.replace("rate: 3/s", "users: 30");
    let paced = measured(&paced, &patient, &["goodput of model < 1/s"]);
    close(paced[0], 1000.0 / 1500.0, 0.01);
}

/// With at most k attempts and a share p of malformed answers, 1 - p^k succeed after (1 - p^k) / (1 - p) calls.
#[test]
fn repairs_are_a_geometric_number_of_calls_bounded_by_at_most() {
    let topology = MODEL.replace("window: 8k }", "window: 8k, malformed: 30% }").replace(
        "users: { journeys",
        "users: { calls: { model: { validate: true, retry: { attempts: 3 } } }, journeys",
    );
    let scenario = "scenario: s\ntopology: t\nduration: 20000s\nload: { users: { rate: 5/s } }";
    let metrics = [
        "availability of users < 1",
        "retry-amplification of users -> model < 9",
        "malformed-rate of model < 1",
        "wrong-rate of users < 1",
    ];
    let values = measured(&topology, scenario, &metrics);
    let (p, k) = (0.3f64, 3);
    // 100,000 requests: three standard errors of a share of 0.027 are 0.0016.
    close(values[0], 1.0 - libm::pow(p, f64::from(k)), 0.0016);
    close(values[1], (1.0 - libm::pow(p, f64::from(k))) / (1.0 - p), 0.006);
    close(values[2], p, 0.004);
    close(values[3], 0.0, 0.0);
    // Without validation nobody notices, and the share is wrong.
    let values = measured(&topology.replace("validate: true", "validate: false"), scenario, &metrics);
    close(values[0], 1.0, 0.0);
    close(values[1], 1.0, 0.0);
    close(values[3], p, 0.0045);
}

#[test]
fn a_conversation_grows_until_it_overflows_the_window() {
    // Each of ten rounds adds 200 + 300 tokens to 1000: rounds 0..=4 have prompts up to 3000, and 3000 + 500 > 3200.
    let topology = "
topology: agent
attributes: { prompt: 1000 }
components:
  model:
    model: { prefill: 5000/s, decode: 100/s, window: 3200 }
    operations: { complete: [ { generate: { prompt: prompt, output: 200, output-max: 500 } } ] }
  agent:
    operations:
      run:
        - repeat: { times: 10, at-most: 10, do: [ { call: model.complete }, { set: { prompt: prompt + 500 } } ] }
clients:
  users: { journeys: { ask: [ { call: agent.run } ] } }
";
    let plan = plan(topology, "scenario: s\ntopology: t\nduration: 1000s\nload: { users: { rate: 1/s } }");
    let outcome = run(&plan);
    let slot = &outcome.traffic[0].slots[0];
    let model = outcome.components[0].slots[0].model.as_ref().expect("it wrote");
    let refused = slot.errors.values().sum::<u64>();
    assert_eq!(slot.ok, 0);
    assert_eq!(model.overflowed, refused);
    // Prompts of 1000, 1500, 2000 and 2500 fit with 500 reserved; 3000 does not.
    assert!(model.generations >= 4 * refused && model.generations <= 4 * (refused + slot.open));
}

#[test]
fn attributes_reach_calls_and_come_back_from_no_call() {
    let topology = "
topology: passing
attributes: { size: uniform(1 9), kept: 2 * size }
components:
  inner:
    meters: { seen: 1 USD, wrong: 1 USD }
    operations:
      serve:
        - meter: { seen: kept - 2 * size }
        - set: { size: 1000, kept: 5 }
        - if: { when: size < 1000, do: [ { meter: { wrong: 1 } } ] }
  outer:
    meters: { lost: 1 USD, branch: 1 USD }
    operations:
      serve:
        - call: inner.serve
        - if: { when: size > 9, do: [ { meter: { lost: 1 } } ] }
        - repeat: { times: 3, at-most: 3, do: [ { set: { kept: kept + 1 } } ] }
        - meter: { branch: kept - 2 * size }
clients:
  users: { journeys: { ask: [ { call: outer.serve } ] } }
";
    let values = measured(
        topology,
        "scenario: s\ntopology: t\nduration: 100s\nload: { users: { rate: 10/s, arrivals: deterministic } }",
        &["cost of inner < 1", "cost of outer < 1", "arrival-rate of outer < 1/s"],
    );
    close(values[0], 0.0, 1e-6);
    close(values[1], 3.0 * values[2] * 100.0, 1e-6);
}

const AGENT: &str = "
topology: streaming
places: { here: {}, there: {} }
network: { links: [ { between: [here, there], latency: 30ms } ] }
components:
  gateway:
    place: here
    operations: { chat: [ { wait: 10ms }, { stream: model.complete }, { wait: 5ms } ] }
  model:
    place: there
    model: { prefill: 5000/s, decode: 100/s }
    operations: { complete: [ { generate: { prompt: 1000, output: 100 } } ] }
clients:
  users: { place: here, calls: { gateway: { first-token: 500ms, timeout: 2s } }, journeys: { ask: [ { stream: gateway.chat } ] } }
";

#[test]
fn the_first_token_travels_through_whoever_streams() {
    let scenario = "scenario: s\ntopology: t\nduration: 100s\nload: { users: { rate: 2/s } }";
    let metrics = [
        "first-token max of users < 1s",
        "first-token max of gateway < 1s",
        "first-token max of model < 1s",
        "latency max of users < 1s",
        "availability of users < 1",
    ];
    let values = measured(AGENT, scenario, &metrics);
    close(values[0], 0.010 + 0.030 + 0.2 + 0.030, 0.005);
    close(values[1], values[0], 0.0);
    close(values[2], 0.2, 0.004);
    close(values[3], 0.010 + 0.030 + 0.2 + 1.0 + 0.030 + 0.005, 0.02);
    // The whole answer takes longer than the first token may.
    close(values[4], 1.0, 0.0);
    // A first token that takes too long is given up although the whole answer would be in time.
    let slow = format!("{scenario}\nfaults: [ {{ at: 0s, gray: {{ target: model, latency: 400ms }} }} ]");
    assert_eq!(measured(AGENT, &slow, &["availability of users < 1"]), [0.0]);
    let patient = AGENT.replace("first-token: 500ms, ", "");
    assert_eq!(measured(&patient, &slow, &["availability of users < 1"]), [1.0]);
}

#[test]
fn cut_streams_fail_after_partial_work_that_is_paid_for() {
    let topology = MODEL.replace("completion: 200", "completion: 1000");
    let scenario = "scenario: s\ntopology: t\nduration: 10000s\nwarm-up: 100s\nload: { users: { rate: 1/s } }
faults: [ { at: 1s, bad-output: { target: model, cut: 40%, wrong: 20% } } ]";
    let metrics = [
        "availability of users < 1",
        "cut-rate of model < 1",
        "token-rate of model < 1/s",
        "wrong-rate of users < 1",
    ];
    let values = measured(&topology, scenario, &metrics);
    // 9,900 requests: three standard errors of 0.4 are 0.015.
    close(values[0], 0.6, 0.015);
    close(values[1], 0.4, 0.015);
    // A cut answer is half written on average.
    close(values[2], 0.6 * 1000.0 + 0.4 * 500.0, 30.0);
    close(values[3], 0.6 * 0.2, 0.012);
}

#[test]
fn the_token_limit_can_shrink_for_a_while() {
    let topology = MODEL.replace(
        "    model: {",
        "    admission: [ { token-bucket: { name: tokens, rate: 600k/min, burst: 600k, costs: { complete: prompt + completion } } } ]\n    model: {",
    );
    let scenario = "scenario: s\ntopology: t\nduration: 3000s\nload: { users: { rate: 5/s } }
faults: [ { at: 1000s, for: 1000s, throttle: { target: model, limit: tokens, rate: 60k/min, burst: 12k } } ]";
    let metrics = [
        "goodput of model < 1/s during faults",
        "availability of users < 1 after faults",
        "goodput of model < 1/s before faults",
    ];
    let values = measured(&topology, scenario, &metrics);
    // The burst lets ten more through, and eleven admitted before the fault finish in it.
    close(values[0], 1000.0 / 1200.0 + 10.0 / 1000.0 + 11.0 / 1000.0, 0.01);
    close(values[1], 1.0, 0.0);
    close(values[2], 5.0, 0.25);
}

#[test]
fn a_first_token_does_not_pass_through_a_partition() {
    let topology = "
topology: t
attributes: { prompt: 1000, completion: 1000 }
components:
  model:
    model: { prefill: 1000/s, decode: 100/s, window: 8k }
    operations: { complete: [ { generate: { prompt: prompt, output: completion } } ] }
clients:
  users:
    calls: { model: { timeout: 60s, first-token: 2s } }
    journeys: { ask: [ { stream: model.complete } ] }
";
    let scenario =
        "scenario: s\ntopology: t\nduration: 40s\nload: { users: { rate: 1/s, arrivals: deterministic } }
faults: [ { at: 10500ms, partition: { from: model, to: users, one-way: true } } ]
";
    let outcome = run(&plan(topology, scenario));
    // Ten have seen a token before and wait for the rest, and whoever came in the last two seconds still hopes.
    let open: u64 = outcome.traffic[0].slots.iter().map(|slot| slot.open).sum();
    assert!(open <= 12, "{open}");
}
