//! Proof that runs repeat.

use super::Folder;

#[test]
fn a_run_repeats_here_and_against_a_saved_one() {
    let folder = Folder::new();
    folder.scenario("kept", "20s", "availability >= 99%");
    folder.shakedown(&["verify", "kept.yaml", "--save", "c.json"]).exits(0);
    let found =
        folder.shakedown(&["verify", "kept.yaml", "--against", "c.json", "--format", "json"]).exits(0).json();
    assert_eq!(found["compared"], serde_json::json!(["again", "without-lanes", "saved"]));
    assert_eq!(found["divergences"], serde_json::json!([]));
}

#[test]
fn a_saved_run_that_differs_is_named_and_other_inputs_are_not_compared() {
    let folder = Folder::new();
    folder.scenario("kept", "20s", "availability >= 99%");
    folder.shakedown(&["verify", "kept.yaml", "--save", "c.json"]).exits(0);
    let mut saved: serde_json::Value = serde_json::from_str(&folder.read("c.json")).expect("it is JSON");
    saved["digests"][0] = "0123456789abcdef".into();
    folder.write("changed.json", &saved.to_string());
    let done = folder.shakedown(&["verify", "kept.yaml", "--against", "changed.json"]).exits(3);
    assert!(
        done.out.contains("DIFFERS from the saved run") && done.out.contains("event 1 at"),
        "{}",
        done.out
    );
    let other = ["verify", "kept.yaml", "--seed", "5", "--against", "c.json"];
    folder.shakedown(&other).exits(2).complains("seeds differ");
    let other = ["verify", "kept.yaml", "--set", "load.users.rate=99/s", "--against", "c.json"];
    folder.shakedown(&other).exits(2).complains("an option or a kind has changed");
    folder.shakedown(&["verify", "./kept.yaml", "--against", "c.json"]).exits(0);
    folder.write("no.json", "{}");
    folder.shakedown(&["verify", "kept.yaml", "--against", "no.json"]).exits(2).complains("no checkpoints");
}
