//! `runs`: what was kept, and two processes that keep at once.

use super::Folder;
use std::process::Stdio;

#[test]
fn kept_runs_are_listed_shown_and_exported() {
    let folder = Folder::new();
    folder.scenario("kept", "duration: 5s\nexpect: [availability >= 99%]");
    folder.scenario("broken", "duration: 5s\nexpect: [latency mean < 1ms]");
    folder.run(&["run", "kept.yaml", "--replications", "3"]).exits(0);
    folder.run(&["run", "broken.yaml", "--seed", "2"]).exits(99);
    let list = folder.run(&["runs", "list", "--format", "json"]).exits(0).json();
    let names: Vec<&str> =
        list.as_array().expect("a list").iter().filter_map(|run| run["scenario"].as_str()).collect();
    assert_eq!(names, ["broken", "kept"]);
    let failed = folder.run(&["runs", "list", "--verdict", "fail"]).exits(0).says("broken");
    assert!(!failed.out.contains("kept"), "{failed:#?}");
    let id = list[1]["id"].to_string();
    let digest = list[1]["digest"].as_str().expect("a digest").to_owned();
    folder.run(&["runs", "show", &id]).exits(0).says(&digest).says("availability >= 99%");
    folder
        .run(&["runs", "show", &digest[..8]])
        .exits(0)
        .says("shakedown run kept.yaml --seed 1 --replications 3");
    let exported = folder.run(&["runs", "export", &id]).exits(0).json();
    assert_eq!(exported["outcomes"].as_array().map(Vec::len), Some(3));
    folder.run(&["runs", "export", &id, "--out", "run.json"]).exits(0);
    assert!(folder.files().contains(&"run.json".to_owned()));
}

#[test]
fn a_history_or_run_that_is_not_there_is_told() {
    let folder = Folder::new();
    folder.run(&["runs", "list"]).exits(2).complains("there is no run database");
    assert_eq!(folder.files(), ["topology.yaml"]);
    folder.scenario("kept", "duration: 5s");
    folder.run(&["run", "kept.yaml"]).exits(0);
    folder.run(&["runs", "show", "99"]).exits(2).complains("there is no run `99`");
}

#[test]
fn two_processes_keep_their_runs_in_one_new_file() {
    const EACH: usize = 6;
    let folder = Folder::new();
    folder.scenario("kept", "duration: 5s");
    for round in 0..EACH {
        let seed = round.to_string();
        let args = ["run", "kept.yaml", "--no-report", "--quiet", "--seed", &seed];
        let start = || folder.command(&args).stdout(Stdio::null()).spawn().expect("the program starts");
        let both = [start(), start()];
        for mut child in both {
            assert!(child.wait().expect("an end").success());
        }
    }
    let list = folder.run(&["runs", "list", "--limit", "100", "--format", "json"]).exits(0).json();
    assert_eq!(list.as_array().map(Vec::len), Some(2 * EACH));
}
