//! One exit code per way to end.

use super::Folder;

#[test]
fn promises_kept_broken_and_undecided_have_codes_of_their_own() {
    let folder = Folder::new();
    folder.scenario("kept", "20s", "availability >= 99%");
    folder.scenario("broken", "20s", "latency p50 < 1ms");
    folder.scenario("undecided", "20s", "latency p99.99 < 10s");
    for (name, code) in [("kept", 0), ("broken", 99), ("undecided", 97)] {
        let done =
            folder.shakedown(&["run", &format!("{name}.yaml"), "--no-store", "--no-report"]).exits(code);
        assert!(done.out.contains(name) && done.err.is_empty(), "{done:?}");
    }
}

#[test]
fn of_several_scenarios_the_worst_counts_and_all_are_run() {
    let folder = Folder::new();
    folder.scenario("a-broken", "5s", "latency p50 < 1ms");
    folder.scenario("b-kept", "5s", "availability >= 99%");
    folder.scenario("c-undecided", "5s", "latency p99.99 < 10s");
    let done = folder.shakedown(&["run", ".", "--quiet", "--no-store", "--no-report"]).exits(99);
    let words: Vec<&str> = done.out.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(words, ["fail", "pass", "inconclusive"]);
}

#[test]
fn a_run_that_reaches_a_bound_is_no_pass() {
    let folder = Folder::new();
    folder.scenario("long", "1h", "availability >= 99%");
    folder.shakedown(&["run", "long.yaml", "--events-max", "5000", "--no-store", "--no-report"]).exits(75);
    folder.scenario("broken", "1h", "latency p50 < 1ms");
    folder.shakedown(&["run", "broken.yaml", "--events-max", "5000", "--no-store", "--no-report"]).exits(99);
}

#[test]
fn bad_input_names_code_file_and_line_and_nothing_is_written() {
    let folder = Folder::new();
    folder.scenario("good", "5s", "availability >= 99%");
    folder.write("bad.yaml", "scenario: bad\ntopology: one.yaml\ndurration: 5s\n");
    let before = folder.files();
    let done = folder.shakedown(&["run", "good.yaml", "bad.yaml"]).exits(2);
    assert!(done.out.is_empty(), "{}", done.out);
    done.complains("error[E1").complains("bad.yaml:3:1").complains("did you mean");
    folder.shakedown(&["run", "missing.yaml"]).exits(2).complains("missing.yaml");
    folder
        .shakedown(&["run", "good.yaml", "--set", "components.app.replicas=many"])
        .exits(2)
        .complains("--set");
    assert_eq!(folder.files(), before);
}

#[test]
fn wrong_usage_is_bad_input_and_help_is_none() {
    let folder = Folder::new();
    for usage in [
        &["run"][..],
        &["fly"],
        &["run", "a.yaml", "--replications", "0"],
        &["run", "a.yaml", "--out", "pdf=x"],
    ] {
        let done = folder.shakedown(usage).exits(2);
        assert!(done.err.contains("--help") && done.out.is_empty(), "{done:?}");
    }
    let help = folder.shakedown(&["--help"]).exits(0).out;
    for part in ["Exit codes:", "97  inconclusive", "130  interrupted"] {
        assert!(help.contains(part), "{part}");
    }
    folder.shakedown(&["--version"]).exits(0);
    folder.shakedown(&["run", "--help"]).exits(0);
}

#[test]
fn a_folder_without_scenarios_selects_nothing() {
    let folder = Folder::new();
    folder.write("empty/readme.md", "nothing here");
    folder.shakedown(&["run", "empty"]).exits(4).complains("no scenario");
    folder.shakedown(&["run", "."]).exits(4);
    folder.shakedown(&["check", "empty"]).exits(4);
}
