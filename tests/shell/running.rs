//! `run`: verdicts and exit codes, reports, replay, replications.

use super::Folder;

const KEPT: &str = "duration: 20s\nexpect: [availability >= 99%]";
const BROKEN: &str = "duration: 20s\nexpect: [latency mean < 1ms]";
const UNDECIDED: &str = "duration: 20s\nexpect: [latency p99.99 < 1s]";
const EXPLODING: &str = "duration: 20s\nevents-max: 1k\nexpect: [availability >= 99%]";

const NOTHING_KEPT: [&str; 2] = ["--no-store", "--no-report"];

fn run<'a>(files: &[&'a str]) -> Vec<&'a str> {
    [&["run"], files, &NOTHING_KEPT].concat()
}

#[test]
fn each_verdict_has_its_exit_code_and_the_worst_of_several_counts() {
    let folder = Folder::new();
    for (name, more) in
        [("kept", KEPT), ("broken", BROKEN), ("undecided", UNDECIDED), ("exploding", EXPLODING)]
    {
        folder.scenario(name, more);
    }
    let cases: &[(&[&str], i32)] = &[
        (&["kept.yaml"], 0),
        (&["broken.yaml"], 99),
        (&["undecided.yaml"], 97),
        (&["exploding.yaml"], 75),
        (&["kept.yaml", "undecided.yaml"], 97),
        (&["undecided.yaml", "exploding.yaml"], 75),
        (&["broken.yaml", "exploding.yaml", "kept.yaml"], 99),
        (&["."], 99),
    ];
    for (files, code) in cases {
        folder.run(&run(files)).exits(*code);
    }
    assert_eq!(folder.files().len(), 5, "nothing was written");
}

#[test]
fn a_run_is_told_reported_and_kept() {
    let folder = Folder::new();
    folder.scenario("kept", KEPT);
    let ran = folder.run(&["run", "kept.yaml", "--seed", "7"]).exits(0);
    let report = "reports/runs/kept-seed7.html";
    let ran = ran.says("availability >= 99%").says("shakedown run kept.yaml --seed 7").says(report);
    assert!(
        !ran.out.contains('\u{1b}') && ran.err.is_empty(),
        "colours and progress are for terminals: {ran:#?}"
    );
    let html = std::fs::read_to_string(folder.path().join(report)).expect("a report");
    assert!(html.starts_with("<!DOCTYPE html>") && html.trim_end().ends_with("</html>"));
    let files = folder.files();
    assert!(files.contains(&"reports/runs/shakedown.sqlite".to_owned()), "{files:?}");
    assert!(!files.iter().any(|file| file.ends_with(".part")), "{files:?}");
}

#[test]
fn the_line_that_repeats_a_run_gives_the_same_digest() {
    let folder = Folder::new();
    folder.scenario("kept", "duration: 20s");
    let args = ["--set", "components.app.threads=2", "--set", "load.users.rate=50/s", "--format", "json"];
    let first = folder.run(&[&run(&["kept.yaml", "--seed", "11"])[..], &args].concat()).exits(0).json();
    let command = first["command"].as_str().expect("a command").to_owned();
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let again = folder.run(&[&words[..], &NOTHING_KEPT, &["--format", "json"]].concat()).exits(0).json();
    assert_eq!(first["outcome"], again["outcome"]);
    let other = folder.run(&[&words[..], &NOTHING_KEPT, &["--format", "json", "--set", "seed=12"]].concat());
    assert_eq!(other.exit, Some(0), "{other:#?}");
}

#[test]
fn replications_are_judged_together_and_jobs_change_nothing() {
    let folder = Folder::new();
    folder.scenario("kept", KEPT);
    let json = |jobs: &str| {
        let more = ["--replications", "4", "--jobs", jobs, "--format", "json"];
        folder.run(&[&run(&["kept.yaml"])[..], &more].concat()).exits(0).out
    };
    let one = json("1");
    assert_eq!(one, json("3"));
    assert!(one.contains("\"half_width\""), "{one}");
}

#[test]
fn quiet_says_one_line_for_each_scenario() {
    let folder = Folder::new();
    folder.scenario("kept", KEPT);
    folder.scenario("broken", BROKEN);
    let ran = folder.run(&run(&["kept.yaml", "broken.yaml", "--quiet"])).exits(99);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 2, "{ran:#?}");
    assert!(lines[0].starts_with("pass") && lines[1].starts_with("fail"), "{ran:#?}");
}

#[test]
fn results_can_be_written_in_every_format_at_once() {
    let folder = Folder::new();
    folder.scenario("kept", KEPT);
    let outs =
        ["--out", "markdown=out/{scenario}.md", "--out", "json=out/k.json", "--out", "terminal=out/k.txt"];
    folder.run(&[&run(&["kept.yaml"])[..], &outs].concat()).exits(0);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a written file");
    assert!(read("out/kept.md").contains("kept"));
    assert!(read("out/k.txt").contains("availability >= 99%"));
    serde_json::from_str::<serde_json::Value>(&read("out/k.json")).expect("JSON");
}

#[test]
fn what_init_writes_runs_and_is_not_overwritten() {
    let folder = Folder::new();
    folder.run(&["init", "mine"]).exits(0).says("mine/scenarios/first.yaml");
    folder.run(&["check", "mine/scenarios", "mine/topologies"]).exits(0);
    folder.run(&run(&["mine/scenarios/first.yaml"])).exits(0);
    let file = folder.path().join("mine/topologies/shop.yaml");
    assert!(std::fs::read_to_string(&file).expect("a file").starts_with("# yaml-language-server: $schema="));
    std::fs::write(&file, "mine").expect("a written file");
    folder.run(&["init", "mine"]).exits(2).complains("shop.yaml is there already");
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), "mine");
    folder.run(&["init", "mine", "--force"]).exits(0);
    assert_ne!(std::fs::read_to_string(&file).expect("a file"), "mine");
}
