//! Mistakes about replicas, health, serverless, and faults on them; what a count or a map comes to.

use super::fixture::{CALM, SHOP, assert_finds, cases, changed, plan};
use crate::plan::{Measure, ScalingRule};

/// Finding and place, what is replaced in the shop and by what, and what the finding says.
const OF_THE_SHOP: &str = r"
    E203 | components/web/replicas/min | threads: 16 | replicas: { min: 0 } | from 1
    E203 | components/web/replicas/max | threads: 16 | threads: 16\n    replicas: { min: 5, max: 3, track: { cpu: 50% } } | from 5
    E203 | components/web/replicas/max | threads: 16 | threads: 16\n    replicas: { max: 1000000000, track: { cpu: 50% } } | to 100000
    E203 | components/web/replicas/count | threads: 16 | threads: 16\n    replicas: { min: 2, max: 4, count: 9, track: { cpu: 50% } } | from 2 to 4
    E205 | components/web/replicas | threads: 16 | replicas: { min: 2, max: 4 } | track
    E205 | components/web/replicas/track | threads: 16 | replicas: { max: 4, track: {} } | cpu
    E203 | components/web/replicas/track | threads: 16 | threads: 16\n    replicas: { max: 4, track: { cpu: 0% } } | above 0
    E213 | components/web/replicas/track/cpu | threads: 16 | replicas: { max: 4, track: { cpu: 50% } } | threads
    E213 | components/web/replicas/track/backlog | threads: 16 | replicas: { max: 4, track: { backlog: 10 } } | consumes
    E203 | components/web/replicas/metric-period | threads: 16 | replicas: { max: 4, track: { queue: 1 }, metric-period: 1ms } | at least
    E202 | components/web/replicas/points/out | threads: 16 | replicas: { max: 4, track: { queue: 1 }, points: { out: most } } | 3 of 5
    E203 | components/web/replicas/points/out | threads: 16 | replicas: { max: 4, track: { queue: 1 }, points: { out: 4 of 3 } } | from 1 to 3
    E203 | components/web/replicas/limit/out | threads: 16 | replicas: { max: 4, track: { queue: 1 }, limit: { out: { per: 1m } } } | count
    E204 | components/web/replicas/steps/0 | threads: 16 | replicas: { max: 4, steps: [ { above: { queue: 1 }, remove: 1 } ] } | above
    E204 | components/web/replicas/steps/0/above | threads: 16 | replicas: { max: 4, steps: [ { above: {}, add: 1 } ] } | cpu
    E218 | components/web/replicas/schedule/1/at | threads: 16 | replicas: { max: 4, schedule: [ { at: 2h, min: 2 }, { at: 1h, min: 1 } ] } | rise
    E203 | components/web/replicas/schedule/0/max | threads: 16 | replicas: { max: 4, schedule: [ { at: 2h, max: 9 } ] } | to 4
    E201 | components/web/replicas/quota | threads: 16 | replicas: { max: 4, track: { queue: 1 }, quota: cores } | limit
    E204 | components/web/replicas | threads: 16 | replicas: 2\n    serverless: {} | instances
    E204 | components/web/serverless | threads: 16 | async: true\n    serverless: {} | threads
    E203 | components/web/serverless/provisioned | threads: 16 | serverless: { max: 4, provisioned: 5 } | to 4
    E205 | components/web/health | threads: 16 | health: {} | check
    E204 | components/web/health | threads: 16 | serverless: {}\n    health: { check: {} } | remove
    E205 | components/web/health/replace | threads: 16 | health: { eject: {}, replace: true } | check
    E203 | components/web/health/check/timeout | threads: 16 | health: { check: { interval: 1s, timeout: 2s } } | one probe
    E203 | components/web/health/check/unhealthy | threads: 16 | health: { check: { unhealthy: 0 } } | from 1
    E201 | components/web/health/check/operation | threads: 16 | health: { check: { operation: brows } } | browse
    E201 | components/web/health/check/from | threads: 16 | health: { check: { from: shopper } } | shoppers
    E203 | places/here/zones | components: | places: { here: { zones: 0 } }\ncomponents: | from 1
    E204 | clients/shoppers/calls/web/pool | journeys: | calls: { web: { pool: { size: 5, mode: session } } }\n    journeys: | pooler
";

#[test]
fn mistakes_about_replicas_are_found_where_they_are() {
    for case in cases(OF_THE_SHOP) {
        let text = changed(SHOP, &case.part, &case.by);
        assert_finds(&text, CALM, case.code, case.at, case.says);
    }
}

#[test]
fn what_has_no_instances_of_its_own_cannot_wait_for_messages() {
    let by = "threads: 16\n    serverless: {}\n    consumes: { jobs: { operation: browse } }";
    let text =
        changed(&changed(SHOP, "threads: 16", by), "components:", "components:\n  jobs: { broker: {} }");
    assert_finds(&text, CALM, "E204", "components/web/consumes", "event sources");
}

#[test]
fn a_map_of_replicas_says_what_a_number_cannot() {
    let text = changed(
        SHOP,
        "threads: 16",
        "threads: 16\n    replicas: { min: 2, max: 9, track: { cpu: 60%, requests: 5/s }, quota: cores, units: 4 }",
    );
    let plan = plan(&changed(&text, "components:", "limits: { cores: 30 }\ncomponents:"), CALM);
    let web = &plan.components[0];
    let scaling = web.scaling.as_ref().expect("it scales");
    assert_eq!((web.replicas, scaling.min, scaling.max, web.slots()), (2, 2, 9, 9));
    let rule = |measure, target| ScalingRule::Track { measure, target };
    assert_eq!(scaling.rules, [rule(Measure::Utilization, 0.6), rule(Measure::Requests, 5.0)]);
    assert_eq!(scaling.quota.map(|quota| (quota.limit, quota.units)), Some((0, 4)));
}
