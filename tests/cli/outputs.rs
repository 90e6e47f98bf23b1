//! What is printed and written.

use super::{Done, Folder};
use std::process::Stdio;

fn kept() -> Folder {
    let folder = Folder::new();
    folder.scenario("kept", "20s", "availability >= 99%");
    folder
}

#[test]
fn json_is_all_there_is_on_standard_output() {
    let folder = kept();
    folder.scenario("broken", "20s", "latency p50 < 1ms");
    let flags = ["--format", "json", "--no-store", "--no-report"];
    let one = folder.shakedown(&[&["run", "kept.yaml"][..], &flags].concat()).exits(0).json();
    assert_eq!(one["verdict"], "pass");
    assert_eq!(one["outcome"]["scenario"], "kept");
    let two = folder.shakedown(&[&["run", "kept.yaml", "broken.yaml"][..], &flags].concat()).exits(99).json();
    assert_eq!((&two[0]["verdict"], &two[1]["verdict"]), (&"pass".into(), &"fail".into()));
    let none = folder.shakedown(&[&["run", "missing.yaml"][..], &flags].concat()).exits(2);
    assert!(none.out.is_empty());
}

#[test]
fn the_replay_line_repeats_the_run() {
    let folder = kept();
    let arguments = ["run", "kept.yaml", "--seed", "7", "--set", "load.users.rate=50/s", "--format", "json"];
    let first = folder.shakedown(&arguments).exits(0).json();
    let replay = first["command"].as_str().expect("a command").to_owned();
    let words: Vec<&str> = replay.split_whitespace().skip(1).chain(["--format", "json"]).collect();
    let second = folder.shakedown(&words).exits(0).json();
    assert_eq!(first["outcome"]["digest"], second["outcome"]["digest"]);
    assert_eq!(first["outcome"]["seed"], 7);
}

#[test]
fn replications_narrow_the_interval_and_do_not_depend_on_threads() {
    let folder = kept();
    let run = |jobs: &str| {
        let flags = ["--replications", "4", "--jobs", jobs, "--format", "json", "--no-store", "--no-report"];
        folder.shakedown(&[&["run", "kept.yaml"][..], &flags].concat()).exits(0).json()
    };
    let one = run("1");
    assert!(one["judgements"][0]["half_width"].as_f64().is_some(), "{}", one["judgements"]);
    assert_eq!(one, run("3"));
}

#[test]
fn reports_appear_where_they_were_asked_for_and_nowhere_else() {
    let folder = kept();
    let before = folder.files();
    let done = folder.shakedown(&["run", "kept.yaml"]).exits(0);
    assert!(done.out.contains("html    reports/runs/kept-seed1.html\n"), "{}", done.out);
    assert!(done.out.contains("kept    as run 1 in reports/runs/shakedown.sqlite\n"), "{}", done.out);
    let mut after = folder.files();
    after.retain(|name| !before.contains(name));
    assert_eq!(after, ["reports/runs/kept-seed1.html", "reports/runs/shakedown.sqlite"]);
    let outs = ["--out", "markdown=out/{scenario}.md", "--out", "json=out/{scenario}-{seed}.json"];
    folder
        .shakedown(&[&["run", "kept.yaml", "--no-store", "--report", "out/page.html"][..], &outs].concat())
        .exits(0);
    assert!(folder.read("out/page.html").starts_with("<!"));
    assert!(folder.read("out/kept.md").contains("kept"));
    serde_json::from_str::<serde_json::Value>(&folder.read("out/kept-1.json")).expect("it is JSON");
}

#[test]
fn one_file_for_several_results_is_refused_before_anything_is_run() {
    let folder = kept();
    folder.scenario("other", "20s", "availability >= 99%");
    let before = folder.files();
    let arguments = ["run", "kept.yaml", "other.yaml", "--no-store", "--report", "page.html"];
    folder.shakedown(&arguments).exits(2).complains("{scenario}");
    folder.shakedown(&["run", "kept.yaml", "--no-store", "--report", "one.yaml/page.html"]).exits(2);
    assert_eq!(folder.files(), before);
}

#[test]
fn results_never_replace_what_they_were_made_from() {
    let folder = kept();
    let before = (folder.read("kept.yaml"), folder.read("one.yaml"));
    for input in ["kept.yaml", "./one.yaml"] {
        let out = format!("json={input}");
        folder
            .shakedown(&["run", "kept.yaml", "--no-store", "--report", input])
            .exits(2)
            .complains("it is an input");
        folder.shakedown(&["run", "kept.yaml", "--no-store", "--no-report", "--out", &out]).exits(2);
    }
    assert_eq!((folder.read("kept.yaml"), folder.read("one.yaml")), before);
}

#[cfg(unix)]
#[test]
fn a_result_can_go_to_standard_output_and_a_long_name_into_a_files() {
    let folder = Folder::new();
    folder.scenario(&"ä".repeat(110), "5s", "availability >= 99%");
    let out = ["run", ".", "--no-store", "--quiet", "--out", "markdown=/dev/stdout"];
    let done = folder.shakedown(&out).exits(0);
    assert!(done.out.contains("## PASS: ää") && done.out.contains("pass          ää"), "{}", done.out);
}

#[test]
fn a_pipe_gets_no_colours_and_a_reader_that_leaves_no_panic() {
    let folder = kept();
    let done = folder.shakedown(&["run", "kept.yaml", "--no-store", "--no-report"]).exits(0);
    assert!(!done.out.contains('\u{1b}') && done.err.is_empty(), "{done:?}");
    let mut command = folder.command(&["catalogue", "show", "core/service"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let done = Done::of(&child.wait_with_output().expect("it ends")).exits(0);
    assert!(done.err.is_empty(), "{}", done.err);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_told() {
    let folder = kept();
    let full = std::fs::File::create("/dev/full").expect("Linux has it");
    let output = folder.command(&["schema", "scenario"]).stdout(full).output().expect("it starts");
    Done::of(&output).exits(2).complains("standard output");
}

#[test]
fn schemas_kinds_and_explanations_are_printed() {
    let folder = kept();
    for kind in ["topology", "scenario", "kind"] {
        let schema = folder.shakedown(&["schema", kind]).exits(0).json();
        assert!(schema["properties"].is_object(), "{kind}");
    }
    assert!(folder.shakedown(&["catalogue"]).exits(0).out.contains("core/service"));
    assert!(
        folder.shakedown(&["catalogue", "list", "--format", "json"]).exits(0).json().as_array().is_some()
    );
    assert!(folder.shakedown(&["catalogue", "show", "core/cache"]).exits(0).out.contains("kind: core/cache"));
    folder
        .shakedown(&["catalogue", "show", "core/servise"])
        .exits(2)
        .complains("did you mean `core/service`");
    let text = folder.shakedown(&["explain", "kept.yaml", "--component", "app"]).exits(0).out;
    assert!(text.contains("threads = 2") && text.contains("one.yaml:4"), "{text}");
    let set = ["explain", "one.yaml", "--set", "components.app.threads=9", "--format", "json"];
    let document = folder.shakedown(&set).exits(0).json();
    let values = document[0]["values"].as_array().expect("a list");
    let threads = values.iter().find(|value| value["path"] == "threads").expect("it has threads");
    assert_eq!(
        (&threads["value"], &threads["at"]["file"]),
        (&9.into(), &"--set components.app.threads".into())
    );
    folder.shakedown(&["explain", "kept.yaml", "--component", "ape"]).exits(2).complains("there are app");
}

#[test]
fn a_catalogue_figure_explains_only_what_the_catalogue_said() {
    let folder = Folder::new();
    let kind = |name: &str, rest: &str| format!("kind: my/{name}\ndescription: Mine.\n{rest}");
    let figure = |value: u32| {
        format!(
            "figures: [{{ path: component/threads, value: {value}, unit: threads, source: 'paper {value}', \
             confidence: documented, verified: true }}]\n"
        )
    };
    let base = "component: { threads: 3, operations: { get: [{ compute: 1ms }] } }\n";
    folder.write("kinds/base.yaml", &kind("base", &format!("{base}{}", figure(3))));
    let more = format!("extends: my/base\ncomponent: {{ threads: 4 }}\n{}", figure(4));
    folder.write("kinds/more.yaml", &kind("more", &more));
    let silent = "extends: my/base\ncomponent: { threads: 5 }\n";
    folder.write("kinds/silent.yaml", &kind("silent", silent));
    let topology = "topology: two\ncomponents:\n  same: { kind: my/base }\n  \
                    own: { kind: my/base, threads: 3 }\n  more: { kind: my/more }\n  silent: { kind: my/silent }\n";
    folder.write("two.yaml", topology);
    let explain = ["explain", "two.yaml", "--catalogue", "kinds", "--format", "json"];
    let document = folder.shakedown(&explain).exits(0).json();
    let threads = |index: usize| {
        let values = document[index]["values"].as_array().expect("a list");
        values.iter().find(|value| value["path"] == "threads").expect("it has threads").clone()
    };
    assert_eq!(threads(0)["figure"]["source"], "paper 3");
    assert_eq!((&threads(1)["figure"], &threads(1)["at"]["line"]), (&serde_json::Value::Null, &4.into()));
    assert_eq!(threads(2)["figure"]["source"], "paper 4");
    assert_eq!(threads(3)["figure"], serde_json::Value::Null, "its base says something else");
}

#[test]
fn a_call_is_explained_key_by_key() {
    let folder = Folder::new();
    let kind = "kind: my/db\ndescription: Mine.\ncomponent:\n  client-defaults: { timeout: 9s, pool: 5, cancel: true }\n  \
                operations: { read: [{ wait: 1ms }], write: [{ wait: 1ms }] }\n\
                figures: [{ path: component/client-defaults/pool, value: 5, unit: connections, source: paper, \
                confidence: documented, verified: true }]\n";
    folder.write("kinds/db.yaml", kind);
    let topology = "topology: calls\ncomponents:\n  db: { kind: my/db }\nclients:\n  users:\n    calls:\n      \
                    db: { timeout: 3s, retry: { attempts: 2 } }\n      db.write: { timeout: 1s }\n    \
                    journeys: { go: [{ call: db.read }, { call: db.write }] }\n";
    folder.write("calls.yaml", topology);
    let explain = ["explain", "calls.yaml", "--catalogue", "kinds"];
    let json = folder.shakedown(&[&explain[..], &["--format", "json"]].concat()).exits(0).json();
    let call = &json[0]["calls"][1];
    assert_eq!(call["call"], "users -> db.write");
    let found: Vec<(&str, String)> = call["values"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|value| {
            (
                value["path"].as_str().expect("a path"),
                format!("{}:{}", value["at"]["file"], value["at"]["line"]),
            )
        })
        .collect();
    let at = |file: &str, line: u32| format!("\"{file}\":{line}");
    assert_eq!(
        found,
        [
            ("timeout", at("calls.yaml", 8)),
            ("retry/attempts", at("calls.yaml", 7)),
            ("pool", at("kinds/db.yaml", 4)),
            ("cancel", at("kinds/db.yaml", 4)),
        ]
    );
    assert_eq!(call["values"][2]["figure"]["source"], "paper");
    let text = folder.shakedown(&explain).exits(0).out;
    assert!(text.contains("users -> db.write: each attempt 1s at most, 2 attempts, 5 pooled"), "{text}");
}
