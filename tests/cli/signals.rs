//! Ctrl-C.

use super::{Done, Folder};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

#[test]
fn an_interrupted_run_is_kept_reported_and_told_by_its_code() {
    let folder = Folder::new();
    folder.scenario("endless", "400d", "availability >= 1%");
    let mut command = folder.command(&["run", "endless.yaml", "--quiet"]);
    command.env("SHAKEDOWN_LOG", "info").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut log = BufReader::new(child.stderr.take().expect("it was piped"));
    let mut line = String::new();
    while !line.contains("begins") {
        line.clear();
        assert!(log.read_line(&mut line).expect("it is text") > 0, "it ended early");
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("there is kill");
    assert!(sent.success());
    let mut rest = String::new();
    log.read_to_string(&mut rest).expect("it is text");
    let done = Done::of(&child.wait_with_output().expect("it ends")).exits(130);
    assert!(done.out.starts_with("interrupted"), "{}", done.out);
    assert!(rest.contains("interrupted: keeping what there is"), "{rest}");
    let list = folder.shakedown(&["runs", "list", "--format", "json"]).exits(0).json();
    assert_eq!(list[0]["truncated"], "interrupted");
    assert!(folder.path("reports/runs/endless-seed1.html").exists());
}
