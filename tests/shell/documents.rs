//! What is printed for programs: JSON that parses, schemas, a pipe that closes.

use super::Folder;
use std::io::Read;
use std::process::Stdio;

#[test]
fn json_goes_to_standard_output_alone() {
    let folder = Folder::new();
    folder.scenario("kept", "duration: 5s\nexpect: [availability >= 99%]");
    folder.scenario("other", "duration: 5s");
    let nothing = ["--no-store", "--no-report", "--format", "json"];
    let one = folder.run(&[&["run", "kept.yaml"][..], &nothing].concat()).exits(0).json();
    assert_eq!(one["outcome"]["scenario"], "kept", "{one}");
    assert_eq!(one["judgements"][0]["verdict"], "pass", "{one}");
    let two = folder.run(&[&["run", "kept.yaml", "other.yaml"][..], &nothing].concat()).exits(0).json();
    assert_eq!(two.as_array().map(Vec::len), Some(2));
    for args in [
        &["explain", "kept.yaml", "--format", "json"][..],
        &["explain", "topology.yaml", "--component", "app", "--format", "json"],
        &["catalogue", "list", "--format", "json"],
        &["catalogue", "show", "core/service", "--format", "json"],
        &["verify", "kept.yaml", "--format", "json"],
    ] {
        folder.run(args).exits(0).json();
    }
}

#[test]
fn schemas_are_draft_07_for_every_kind_of_file() {
    let folder = Folder::new();
    for kind in ["topology", "scenario", "kind"] {
        let schema = folder.run(&["schema", kind]).exits(0).json();
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#", "{kind}");
    }
}

#[test]
fn explain_and_catalogue_name_the_source_of_values() {
    let folder = Folder::new();
    folder.run(&["explain", "topology.yaml", "--component", "app"]).exits(0).says("topology.yaml:3");
    folder.run(&["explain", "topology.yaml", "--component", "ap"]).exits(2).complains("app");
    folder.run(&["catalogue"]).exits(0).says("core/service");
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let folder = Folder::new();
    let mut child = folder
        .command(&["schema", "topology"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let mut complaints = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut complaints).expect("UTF-8");
    assert_eq!((child.wait().expect("an end").code(), complaints.as_str()), (Some(0), ""));
}

#[test]
fn verify_proves_a_run_and_compares_it_with_a_saved_one() {
    let folder = Folder::new();
    folder.scenario("kept", "duration: 20m");
    folder.run(&["verify", "kept.yaml", "--save", "saved.json"]).exits(0).says("equal to");
    folder.run(&["verify", "kept.yaml", "--against", "saved.json"]).exits(0).says("the saved run");
    folder
        .run(&["verify", "kept.yaml", "--seed", "2", "--against", "saved.json"])
        .exits(2)
        .complains("seeds");
    let path = folder.path().join("saved.json");
    let saved = std::fs::read_to_string(&path).expect("a saved run");
    let mut changed: serde_json::Value = serde_json::from_str(&saved).expect("JSON");
    let digests = changed["digests"].as_array_mut().expect("digests");
    assert!(digests.len() > 2, "the run has checkpoints in it");
    digests.iter_mut().skip(1).for_each(|digest| *digest = "0000000000000000".into());
    std::fs::write(&path, changed.to_string()).expect("a written file");
    let ran = folder.run(&["verify", "kept.yaml", "--against", "saved.json"]).exits(3);
    ran.says("DIFFERS from the saved run within events 65537 to 131072");
    folder.write("saved.json", "{}");
    folder.run(&["verify", "kept.yaml", "--against", "saved.json"]).exits(2).complains("saved.json");
}
