//! Ctrl-C: the run ends, is kept as interrupted, and the shell is told.

#![cfg(unix)]

use super::Folder;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A run that nobody waits for.
const ENDLESS: &str = "duration: 3650d\nevents-max: 1000000M\nexpect: [availability >= 99%]";

fn start(folder: &Folder, args: &[&str]) -> Child {
    let child = folder.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a start");
    // The history is opened just before the program begins to listen for signals.
    while !folder.path().join("reports/runs/shakedown.sqlite").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(300));
    child
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
}

#[test]
fn an_interrupted_run_is_kept_as_such_and_exits_with_130() {
    let folder = Folder::new();
    folder.scenario("endless", ENDLESS);
    folder.scenario("next", "duration: 5s");
    let child = start(&folder, &["run", "endless.yaml", "next.yaml"]);
    interrupt(&child);
    let output = child.wait_with_output().expect("an end");
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(out.contains("endless") && out.to_lowercase().contains("interrupt"), "{out}");
    let list = folder.run(&["runs", "list", "--format", "json"]).exits(0).json();
    assert_eq!(list.as_array().map(Vec::len), Some(1), "the next scenario was not begun: {list}");
    assert_eq!(list[0]["truncated"], "interrupted");
    assert_eq!(list[0]["verdict"], "inconclusive");
}

#[test]
fn interrupting_stops_replications_and_verification_too() {
    let folder = Folder::new();
    folder.scenario("endless", ENDLESS);
    let child = start(&folder, &["run", "endless.yaml", "--replications", "50"]);
    interrupt(&child);
    assert_eq!(child.wait_with_output().expect("an end").status.code(), Some(130));
    let child = start(&folder, &["verify", "endless.yaml"]);
    interrupt(&child);
    assert_eq!(child.wait_with_output().expect("an end").status.code(), Some(130));
}
