//! How long a trigger a system survives.

use super::Folder;

const STORM: &str = "
topology: storm
components:
  db: { threads: 4, operations: { get: [{ compute: exp(10ms) }] } }
clients:
  users:
    calls: { db: { timeout: 300ms, retry: { attempts: 4 } } }
    journeys: { visit: [{ call: db.get }] }
";

fn folder(faults: &str) -> Folder {
    let folder = Folder::new();
    folder.write("storm.yaml", STORM);
    let scenario = "scenario: storm\ntopology: storm.yaml\nduration: 60s\nwindow: 1s\nload: { users: { rate: 250/s } }\n";
    folder.write("s.yaml", &format!("{scenario}faults: [ {faults} ]\nexpect: [\"availability > 0%\"]\n"));
    folder
}

#[test]
fn a_table_says_how_often_each_length_is_survived() {
    let folder = folder("{ name: pause, at: 10s, for: 5s, pause: { target: db } }");
    let tip = ["tip", "s.yaml", "--lengths", "0,50ms,5s", "--seeds", "5"];
    let found = folder.shakedown(&[&tip[..], &["--format", "json"]].concat()).exits(0).json();
    let collapsed: Vec<u64> =
        found["rows"].as_array().unwrap().iter().map(|row| row["collapsed"].as_u64().unwrap()).collect();
    assert_eq!(collapsed, [0, 0, 5], "{found}");
    let text = folder.shakedown(&tip).exits(0).out;
    assert!(text.contains("100.0 %") && text.contains("replay  shakedown tip"), "{text}");
    folder.shakedown(&["tip", "s.yaml", "--lengths", "59s"]).exits(2).complains("leaves no time");
    folder
        .shakedown(&["tip", "s.yaml", "--lengths", "5s", "--trigger", "pose"])
        .exits(2)
        .complains("there are: pause");
    folder.shakedown(&["tip", "s.yaml", "--lengths", "soon"]).exits(2);
}

#[test]
fn a_run_that_does_not_recover_says_why_unless_told_not_to() {
    let folder = folder("{ name: pause, at: 10s, for: 5s, pause: { target: db } }");
    let run = ["run", "s.yaml", "--no-store", "--no-report"];
    let done = folder.shakedown(&run).exits(0);
    // Sentences are broken over lines.
    let said = done.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("kept down by retries"), "{}", done.out);
    let without = folder.shakedown(&[&run[..], &["--no-diagnosis"]].concat()).exits(0);
    let said = without.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("did not come back") && !said.contains("kept down"), "{}", without.out);
    let digest = |text: &str| text.split("digest ").nth(1).map(|rest| rest[..16].to_owned());
    assert_eq!(digest(&done.out), digest(&without.out));
}
