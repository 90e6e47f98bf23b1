//! The history of runs.

use super::{Done, Folder};
use std::process::Stdio;

#[test]
fn runs_are_kept_listed_shown_and_exported() {
    let folder = Folder::new();
    folder.scenario("kept", "20s", "availability >= 99%");
    folder.scenario("broken", "20s", "latency p50 < 1ms");
    folder.shakedown(&["run", "kept.yaml", "broken.yaml", "--db", "h.sqlite", "--no-report"]).exits(99);
    folder
        .shakedown(&["run", "kept.yaml", "--seed", "9", "--replications", "3", "--db", "h.sqlite"])
        .exits(0);
    let list = |more: &[&str]| {
        let flags = ["runs", "--db", "h.sqlite", "list", "--format", "json"];
        folder.shakedown(&[&flags[..], more].concat()).exits(0).json()
    };
    let all = list(&[]);
    let scenarios: Vec<&str> = (0..3).filter_map(|index| all[index]["scenario"].as_str()).collect();
    assert_eq!(scenarios, ["kept", "broken", "kept"]);
    assert_eq!((&all[0]["seed"], &all[0]["replications"]), (&9.into(), &3.into()));
    assert_eq!(list(&["--verdict", "fail"]).as_array().map(Vec::len), Some(1));
    assert_eq!(list(&["--limit", "1", "--scenario", "kept"])[0]["id"], all[0]["id"]);
    let id = all[1]["id"].to_string();
    let show = folder.shakedown(&["runs", "--db", "h.sqlite", "show", &id]).exits(0).out;
    assert!(show.contains("broken") && show.contains("latency p50 < 1ms"), "{show}");
    let export = folder.shakedown(&["runs", "--db", "h.sqlite", "export", &id]).exits(0).json();
    assert_eq!(export["outcomes"][0]["digest"], all[1]["digest"]);
    let text = folder.shakedown(&["runs", "list", "--db", "h.sqlite"]).exits(0).out;
    assert_eq!(text.lines().count(), 4, "{text}");
    folder.shakedown(&["runs", "--db", "h.sqlite", "show", "777"]).exits(2).complains("777");
}

#[test]
fn a_history_that_cannot_be_used_stops_the_command_before_anything_is_run() {
    let folder = Folder::new();
    folder.scenario("kept", "20s", "availability >= 99%");
    folder.shakedown(&["runs", "list"]).exits(2).complains("reports/runs/shakedown.sqlite");
    folder.write("garbage.sqlite", &"this is no database. ".repeat(100));
    let before = (folder.files(), folder.read("garbage.sqlite"));
    let done = folder.shakedown(&["run", "kept.yaml", "--db", "garbage.sqlite", "--no-report"]).exits(2);
    assert!(done.out.is_empty());
    done.complains("garbage.sqlite");
    assert_eq!((folder.files(), folder.read("garbage.sqlite")), before);
}

#[test]
fn two_processes_share_one_history() {
    let folder = Folder::new();
    folder.scenario("kept", "20s", "availability >= 99%");
    let start = |seed: &str| {
        let arguments = ["run", "kept.yaml", "--seed", seed, "--no-report", "--replications", "3"];
        let mut command = folder.command(&arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    };
    let children: Vec<_> = ["1", "2", "3"].into_iter().map(start).collect();
    for child in children {
        Done::of(&child.wait_with_output().expect("it ends")).exits(0);
    }
    let list = folder.shakedown(&["runs", "list", "--format", "json"]).exits(0).json();
    let mut seeds: Vec<u64> =
        list.as_array().expect("a list").iter().filter_map(|run| run["seed"].as_u64()).collect();
    seeds.sort_unstable();
    assert_eq!(seeds, [1, 2, 3]);
}
