//! One HTML file that needs nothing else: no network, no scripts, no fonts.
//!
//! Every name in it comes from a user's file and is escaped; a content policy
//! in the page forbids scripts and requests all the same.

mod blame;
mod load;
mod machinery;
mod messages;
mod names;
mod provenance;
mod replications;
mod sessions;
mod table;
mod timeline;
mod verdict;

pub(super) use table::escape;

use super::facts::Facts;
use super::words::tame;
use super::{Format, Sheet, topology};
use table::legend;

pub(super) const FORMAT: Format = Format {
    name: "html",
    extension: "html",
    summary: "one self-contained page with charts, for a design review",
    write: |sheet| html(sheet).into_bytes(),
};

const STYLE: &str = include_str!("style.css");

/// Components named as left out of the topology.
const LEFT_OUT_NAMED: usize = 12;

/// The report as one HTML page, under 5 MB whatever the run: long tables,
/// series and input texts are cut, and say so.
#[must_use]
pub fn html(sheet: &Sheet<'_>) -> String {
    let facts = Facts::new(sheet);
    let sections = [
        ("expectations", "Expectations", verdict::expectations(&facts)),
        ("replications", "Over all replications", replications::section(&facts)),
        ("timeline", "Faults and incidents", timeline::section(&facts)),
        ("load", "What users got", load::section(&facts)),
        ("over-time", "Components over time", machinery::over_time(&facts)),
        ("topology", "Topology", topology_section(&facts)),
        ("blame", "Who made requests slow", blame::section(&facts)),
        ("parts", "Before, during and after faults", load::by_part(&facts)),
        ("components", "Components", machinery::components(&facts)),
        ("calls", "Calls", machinery::edges(&facts)),
        ("data", "Caches and stores", machinery::data(&facts)),
        ("sessions", "Sessions", sessions::section(&facts)),
        ("names", "Names", names::section(&facts)),
        ("messages", "Messages and schedules", messages::section(&facts)),
        ("run", "This run", provenance::section(&facts)),
    ];
    let shown = || sections.iter().filter(|(_, _, body)| !body.is_empty());
    let links: String = shown().map(|(id, title, _)| format!("<a href=\"#{id}\">{title}</a>")).collect();
    let body: String = shown()
        .map(|(id, title, body)| {
            format!("<section id=\"{id}\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{title}</h2>{body}</section>\n")
        })
        .collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{}\
         <nav aria-label=\"Sections\">{links}</nav>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escape(&tame(&sheet.outcome.scenario)),
        super::words::verdict(facts.verdict),
        verdict::header(&facts),
    )
}

fn topology_section(facts: &Facts<'_>) -> String {
    let Some(picture) = topology::picture(facts) else { return String::new() };
    let mut out = format!("<div class=\"card wide scroll\">{}</div>", picture.svg);
    let key = [
        ("client", "box client"),
        ("no limit", "box unlimited"),
        ("under 50% busy", "box calm"),
        ("50% or more", "box busy"),
        ("80% or more, or a queue", "box hot"),
        ("95% or more, or refusing", "box saturated"),
        ("calls", "line"),
        ("calls of which 0.1% or more failed (✗)", "line troubled"),
    ];
    out.push_str(&legend(key));
    out.push_str(
        "<p class=\"note\">In boxes: share busy and mean requests waiting (q) in the part of the run in which each was highest, and requests refused (✗). \
         On arrows: calls per second over the whole run and the share of attempts that failed (✗); lines are wider the more calls they carry.</p>",
    );
    if !picture.left_out.is_empty() {
        let named: Vec<String> =
            picture.left_out.iter().take(LEFT_OUT_NAMED).map(|name| escape(name)).collect();
        let more = picture.left_out.len().saturating_sub(LEFT_OUT_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        out.push_str(&format!(
            "<p class=\"note\">Not drawn (not called, or least traffic): {}{more}.</p>",
            named.join(", ")
        ));
    }
    out
}

#[cfg(test)]
mod tests;
