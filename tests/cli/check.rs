//! Complaints about files.

use super::Folder;

fn mixed() -> Folder {
    let folder = Folder::new();
    folder.scenario("good", "20s", "availability >= 99%");
    folder.write(
        "bad.yaml",
        "scenario: bad\ntopology: one.yaml\nduration: 5s\nload: { users: { rate: fast } }\n",
    );
    folder
}

#[test]
fn every_file_is_checked_by_what_it_is() {
    let folder = mixed();
    let done = folder.shakedown(&["check", "."]).exits(2);
    assert_eq!(done.out, "ok  ./good.yaml\nok  ./one.yaml\n");
    done.complains("bad.yaml:4").complains("1 error");
    let document = folder.shakedown(&["check", ".", "--format", "json"]).exits(2).json();
    assert_eq!((&document["errors"], &document["files"][2]["kind"]), (&1.into(), &"topology".into()));
    assert_eq!(document["files"][0]["diagnostics"][0]["at"]["line"], 4);
    let github = folder.shakedown(&["check", "bad.yaml", "--format", "github"]).exits(2).out;
    assert!(github.starts_with("::error file=bad.yaml,line=4,col="), "{github}");
    folder.shakedown(&["check", "good.yaml", "one.yaml"]).exits(0);
}

#[test]
fn kinds_are_checked_and_used_from_a_folder() {
    let folder = Folder::new();
    let kind = "kind: my/box\ndescription: Mine.\ncomponent: { threads: 3, operations: { get: [{ compute: 1ms }] } }\n";
    folder.write("kinds/box.yaml", kind);
    folder.write("wrong.yaml", "kind: my/wrong\ndescription: Mine.\ncomponent: { threds: 3 }\n");
    folder.shakedown(&["check", "kinds"]).exits(0);
    folder.shakedown(&["check", "wrong.yaml"]).exits(2).complains("threds");
    folder.write("two.yaml", "topology: two\ncomponents: { app: { kind: my/box } }\n");
    folder.shakedown(&["check", "two.yaml"]).exits(2).complains("my/box");
    folder.shakedown(&["check", "two.yaml", "--catalogue", "kinds"]).exits(0);
}

#[test]
fn what_is_no_scenario_is_not_run_and_a_scenario_without_its_name_is_still_one() {
    let folder = mixed();
    for command in ["run", "verify"] {
        let done = folder.shakedown(&[command, "one.yaml"]).exits(2);
        done.complains("one.yaml is a topology, not a scenario").complains("shakedown init");
    }
    folder.write("nameless.yaml", "topology: one.yaml\nduration: 5s\nload: { users: { rate: 5/s } }\n");
    for command in ["run", "check"] {
        folder
            .shakedown(&[command, "nameless.yaml"])
            .exits(2)
            .complains("needs the key `scenario`")
            .complains("1 error");
    }
}

#[test]
fn a_mistake_in_a_shared_topology_is_reported_once() {
    let folder = Folder::new();
    let topology =
        "topology: two\ncomponents: { app: { threads: 0, operations: { get: [{ compute: 1ms }] } } }\n";
    folder.write("topologies/two.yaml", topology);
    for name in ["one", "two"] {
        let scenario = format!("scenario: {name}\ntopology: ../topologies/two.yaml\nduration: 5s\n");
        folder.write(&format!("scenarios/{name}.yaml"), &scenario);
    }
    let done = folder.shakedown(&["check", "scenarios", "topologies"]).exits(2).complains("1 error");
    assert_eq!(done.err.matches("topologies/two.yaml:2").count(), 1, "{}", done.err);
    assert_eq!(done.out, "", "a scenario over a wrong topology is not ok");
    assert!(!done.err.contains("stand-in"), "{}", done.err);
    let both = ["check", "scenarios", "topologies/two.yaml", "--format", "json"];
    let document = folder.shakedown(&both).exits(2).json();
    assert_eq!(document["errors"], 1);
    assert_eq!(document["files"][2]["diagnostics"][0]["at"]["file"], "topologies/two.yaml");
    let run = folder.shakedown(&["run", "scenarios", "--no-report"]).exits(2);
    assert_eq!(run.err.matches("error[").count(), 1, "{}", run.err);
}

#[test]
fn a_key_that_does_not_exist_hides_no_other_mistake() {
    let folder = mixed();
    let scenario =
        "scenario: s\ntopology: one.yaml\nduration: 5s\nwarmup: 1s\nload: { users: { rate: 5/s } }\n";
    folder.write("bad.yaml", &format!("{scenario}expect: [ latncy p99 < 1s ]\n"));
    folder
        .shakedown(&["check", "bad.yaml"])
        .exits(2)
        .complains("warm-up")
        .complains("latncy")
        .complains("2 errors");
    // What is left out with a whole part is not told of everyone who needs it.
    let part = scenario
        .replace("warmup: 1s", "lod: { users: { rate: 5/s } }")
        .replace("load: { users: { rate: 5/s } }\n", "");
    folder.write("bad.yaml", &format!("{part}expect: [ arrival-rate of users > 1/s ]\n"));
    folder.shakedown(&["check", "bad.yaml"]).exits(2).complains("`load`").complains("1 error");
}
