//! What became of sessions and broadcasts: a picture over time, and tables.

use super::table::{Cell, escape, legend, table};
use crate::report::charts::sessions as picture;
use crate::report::facts::Facts;
use crate::report::figures::{NONE, count, duration_or_none, number, rate, share_or_none};
use crate::report::words::tame;

pub(super) fn section(facts: &Facts<'_>) -> String {
    if facts.populations.is_empty() && facts.hubs.iter().all(|fact| fact.total.broadcasts == 0) {
        return String::new();
    }
    over_time(facts) + &populations(facts) + &ends(facts) + &hubs(facts)
}

fn over_time(facts: &Facts<'_>) -> String {
    let Some((picture, names)) = picture(facts.outcome()) else { return String::new() };
    format!(
        "{}<figure class=\"card\"><figcaption>{}</figcaption>{}</figure>",
        legend(names.iter().map(|(name, class)| (name.as_str(), *class))),
        escape(&picture.title),
        picture.svg
    )
}

fn populations(facts: &Facts<'_>) -> String {
    let rows = facts.populations.iter().map(|fact| {
        let total = &fact.total;
        let longest = fact.population.outages.iter().map(|outage| {
            let end = outage.to.unwrap_or(facts.outcome().ended_at);
            end.since(outage.from).0 as f64
        });
        let longest = longest.max_by(f64::total_cmp);
        let bad = |value: u64| Cell::figure(count(value)).bad_if(value > 0);
        vec![
            Cell::text(format!("{} → {}", tame(&fact.population.load), tame(&fact.population.component))),
            Cell::figure(number(fact.open_mean)),
            Cell::figure(count(total.open_max)),
            Cell::figure(share_or_none(fact.connected)),
            Cell::figure(rate(fact.opened_per_sec)),
            bad(total.failed),
            Cell::figure(count(total.reconnects)),
            Cell::figure(count(total.resumed)),
            Cell::figure(count(total.waiting_max)),
            Cell::figure(duration_or_none(total.reconnect_time.quantile(0.5))),
            Cell::figure(duration_or_none(total.reconnect_time.quantile(0.99))),
            Cell::figure(duration_or_none(longest)).bad_if(longest.is_some()),
        ]
    });
    let heads = [
        "sessions",
        "open mean",
        "open max",
        "users' time connected",
        "opened",
        "connects failed",
        "reconnects",
        "of these resumed",
        "without one max",
        "back p50",
        "back p99",
        "longest over 1% without",
    ];
    table("Sessions", &heads, rows.collect())
}

fn ends(facts: &Facts<'_>) -> String {
    let rows = facts.populations.iter().map(|fact| {
        let total = &fact.total;
        let bad = |value: u64| Cell::figure(count(value)).bad_if(value > 0);
        vec![
            Cell::text(tame(&fact.population.load)),
            Cell::figure(count(total.left)),
            Cell::figure(count(total.vanished)),
            Cell::figure(count(total.expired)),
            Cell::figure(count(total.drained)),
            bad(total.idle),
            bad(total.crashed),
            bad(total.disconnected),
            bad(total.timed_out),
            bad(total.half_open),
            Cell::figure(duration_or_none(total.detection.quantile(0.5))),
            bad(total.left_waiting + total.gave_up),
        ]
    });
    let heads = [
        "sessions",
        "user left",
        "of these silently",
        "too old",
        "drained",
        "idle",
        "crash",
        "disconnected",
        "heartbeat missed",
        "half-open",
        "noticed p50",
        "left or gave up without one",
    ];
    table("How sessions ended", &heads, rows.collect())
}

fn hubs(facts: &Facts<'_>) -> String {
    let rows = facts.hubs.iter().map(|fact| {
        let total = &fact.total;
        let imbalance = match total.imbalance_count {
            0 => NONE.to_owned(),
            _ => format!("{:.2}", total.imbalance_max as f64 / 1000.0),
        };
        let delivered = fact.delivered();
        vec![
            Cell::text(tame(&fact.hub.name)),
            Cell::figure(imbalance),
            Cell::figure(count(total.broadcasts)),
            Cell::figure(share_or_none(delivered)).bad_if(delivered.is_some_and(|share| share < 0.99)),
            Cell::figure(duration_or_none(total.latency.quantile(0.5))),
            Cell::figure(duration_or_none(total.latency.quantile(0.99))),
            Cell::figure(duration_or_none(total.last.quantile(0.99))),
        ]
    });
    let heads = [
        "component",
        "fullest replica over mean, max",
        "broadcasts",
        "delivered",
        "recipient p50",
        "recipient p99",
        "last recipient p99",
    ];
    table("Components with sessions", &heads, rows.collect())
}
