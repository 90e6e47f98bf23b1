use super::html;
use crate::report::sample;

fn page() -> String {
    let (outcome, judgements) = (sample::outcome(), sample::judgements());
    html(&sample::sheet(&outcome, &judgements))
}

/// Checks that every element that is opened is closed in its turn.
fn assert_balanced(page: &str) {
    const VOID: [&str; 6] = ["meta", "br", "line", "rect", "circle", "path"];
    let start = page.find("</style>").unwrap();
    let mut open: Vec<&str> = vec!["html", "head", "style"];
    for tag in page[start..].split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap_or_else(|| panic!("not closed: <{tag:.80}"));
        let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "closing </{name}>");
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn elements_are_balanced_in_full_and_empty_reports() {
    assert_balanced(&page());
    let outcome = sample::empty();
    assert_balanced(&html(&sample::sheet(&outcome, &[])));
}

#[test]
fn key_facts_are_there() {
    let page = page();
    for fact in [
        "3 of 8 expectations failed, 1 inconclusive",
        "latency p99 of checkout &lt; 4s during faults",
        "9f3ac1d27be04c55",
        "supabase.postgres",
        "during faults",
        "aria-label=\"Topology",
        "All 90 conservation laws held exactly",
        "5f0c9a11d2",
    ] {
        assert!(page.contains(fact), "{fact} is missing");
    }
}

#[test]
fn the_page_asks_for_nothing_from_anywhere() {
    let page = page();
    for forbidden in ["http:", "https:", "//", "<script", "<link", "<img", "url(", "@import", " src="] {
        assert!(!page.contains(forbidden), "{forbidden} at {:?}", page.find(forbidden));
    }
}

#[test]
fn names_from_files_cannot_become_markup() {
    const EVIL: &str = "<script>alert('x')</script>\"><b onload=\"x";
    let (mut outcome, mut judgements) = (sample::outcome(), sample::judgements());
    let evil = || EVIL.to_owned();
    outcome.scenario = evil();
    outcome.topology = evil();
    outcome.environment = Some(evil());
    outcome.digest = evil();
    outcome.engine = evil();
    outcome.inputs[0].path = evil();
    outcome.traffic[0].workload = evil();
    outcome.traffic[0].client = evil();
    outcome.components[0].name = evil();
    outcome.components[0].kind = evil();
    outcome.components[0].place = evil();
    outcome.components[15].name = evil();
    outcome.edges[0].name = evil();
    outcome.edges[0].target = evil();
    outcome.faults[0].name = evil();
    outcome.faults[0].target = evil();
    outcome.blame[0].journey = evil();
    outcome.blame[1].quantiles[0].parts[0].who = evil();
    outcome.conservation[0].law = evil();
    judgements[0].text = evil();
    judgements[1].location = evil();
    judgements[3].reason = Some(evil());
    let mut sheet = sample::sheet(&outcome, &judgements);
    sheet.command = evil();
    sheet.inputs[0] = (evil(), evil());
    let page = html(&sheet);
    assert!(!page.contains("<script") && !page.contains("<b ") && !page.contains("\"x"));
    assert!(page.contains("&lt;script&gt;"));
    assert_balanced(&page);
}

#[test]
fn the_page_stays_small_whatever_the_run() {
    let (mut outcome, judgements) = (sample::outcome(), sample::judgements());
    let name = |i: usize, what: &str| format!("{}{what}{i}", "\"".repeat(300));
    let (components, edges) = (outcome.components.clone(), outcome.edges.clone());
    for i in 0..2000 {
        let mut component = components[i % components.len()].clone();
        component.name = name(i, "component");
        outcome.components.push(component);
        let mut edge = edges[i % edges.len()].clone();
        (edge.caller, edge.target) = (name(i, "component"), name(i * 7 % 2000, "component"));
        outcome.edges.push(edge);
        let mut fault = outcome.faults[i % 2].clone();
        fault.name = name(i, "fault");
        outcome.faults.push(fault);
    }
    let mut sheet = sample::sheet(&outcome, &judgements);
    sheet.inputs = vec![("big.yaml".into(), "<\"&'>".repeat(2_000_000))];
    let page = html(&sheet);
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    assert!(page.contains("more bytes are not shown") && page.contains("more rows"));
}
