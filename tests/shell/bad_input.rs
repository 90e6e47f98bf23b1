//! What is wrong is told on standard error with its place, exits with 2, and leaves nothing behind.

use super::Folder;

#[test]
fn usage_mistakes_exit_with_2_and_help_with_0() {
    let folder = Folder::new();
    for args in [
        &[][..],
        &["sail"],
        &["run"],
        &["run", "x.yaml", "--replications", "0"],
        &["run", "x.yaml", "--set", "no-value"],
        &["run", "x.yaml", "--out", "pdf=x.pdf"],
        &["run", "x.yaml", "--no-store", "--db", "x.sqlite"],
        &["schema", "picture"],
        &["catalogue", "show", "core/teapot"],
    ] {
        let ran = folder.run(args).exits(2);
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{args:?}: {ran:#?}");
    }
    folder.run(&["--help"]).exits(0).says("130  interrupted");
    folder.run(&["--version"]).exits(0).says(env!("CARGO_PKG_VERSION"));
    for command in ["run", "check", "explain", "catalogue", "schema", "runs", "verify", "init"] {
        folder.run(&[command, "--help"]).exits(0).says("Examples:");
    }
}

#[test]
fn every_mistake_is_told_with_its_place_before_anything_is_run_or_written() {
    let folder = Folder::new();
    folder.scenario("good", "duration: 5s");
    folder.scenario("bad", "duration: 5 parsecs\nexpects: []");
    for command in ["run", "check"] {
        folder
            .run(&[command, "good.yaml", "bad.yaml"])
            .exits(2)
            .complains("bad.yaml:4")
            .complains("bad.yaml:5");
    }
    folder.run(&["verify", "bad.yaml"]).exits(2).complains("error[");
    folder.run(&["explain", "bad.yaml"]).exits(2).complains("error[");
    assert_eq!(folder.files(), ["bad.yaml", "good.yaml", "topology.yaml"]);
}

#[test]
fn files_that_are_no_scenarios_are_refused_kindly() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("latin.yaml"), b"scenario: caf\xe9\n").expect("a written file");
    folder.write("empty.yaml", "");
    folder.write("list.yaml", "- 1\n- 2\n");
    folder.write("deep.yaml", &"[".repeat(100_000));
    folder.write("scenario.yaml", "scenario: x\ntopology: nowhere.yaml\nduration: 1s\n");
    for file in [
        "missing.yaml",
        "latin.yaml",
        "empty.yaml",
        "list.yaml",
        "deep.yaml",
        "scenario.yaml",
        "topology.yaml",
    ] {
        for command in ["run", "check"] {
            if (command, file) == ("check", "topology.yaml") {
                continue;
            }
            let ran = folder.run(&[command, file]).exits(2);
            assert!(ran.err.contains("error"), "{command} {file}: {ran:#?}");
        }
    }
    std::fs::create_dir(folder.path().join("folder")).expect("a folder");
    folder.run(&["run", "folder"]).exits(4).complains("no scenario");
}

#[test]
fn what_cannot_be_written_is_told_before_anything_is_run() {
    let folder = Folder::new();
    folder.scenario("kept", "duration: 5s");
    folder.write("file", "");
    folder
        .run(&["run", "kept.yaml", "--no-store", "--report", "file/x.html"])
        .exits(2)
        .complains("file/x.html");
    folder.write("runs.sqlite", "not a database, but long enough to look at: it is a plain text file\n");
    let ran = folder.run(&["run", "kept.yaml", "--no-report", "--db", "runs.sqlite"]).exits(2);
    let ran = ran.complains("runs.sqlite is not an SQLite database");
    assert!(ran.out.is_empty(), "{ran:#?}");
    folder
        .run(&["run", "kept.yaml", "kept.yaml", "--no-store", "--report", "x.html"])
        .exits(2)
        .complains("x.html");
    assert_eq!(folder.files(), ["file", "kept.yaml", "runs.sqlite", "topology.yaml"]);
}

#[test]
fn check_tells_programs_in_their_own_forms() {
    let folder = Folder::new();
    folder.scenario("bad", "duration: 5 parsecs");
    let json = folder.run(&["check", "bad.yaml", "topology.yaml", "--format", "json"]).exits(2).json();
    assert_eq!(json["errors"], 1, "{json}");
    assert_eq!(json["files"][0]["diagnostics"][0]["at"]["line"], 4, "{json}");
    assert_eq!(json["files"][1]["diagnostics"], serde_json::json!([]), "{json}");
    folder.run(&["check", "bad.yaml", "--format", "github"]).exits(2).says("::error file=bad.yaml,line=4,");
}
