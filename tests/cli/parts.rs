//! Topologies in several files.

use super::Folder;

const COMPONENTS: &str = "components:\n  app: { threads: 4, operations: { get: [{ compute: exponential(5ms) }, { call: store.read }] } }\n  store: { threads: 8, operations: { read: [{ compute: exponential(8ms) }] } }\n";
const CLIENTS: &str = "clients: { users: { journeys: { look: [{ call: app.get }] } } }\n";

/// A topology in three files, and a scenario over it.
fn in_parts() -> Folder {
    let folder = Folder::new();
    folder.write(
        "shop/topology.yaml",
        "topology: shop\ninclude: [data.yaml, who/clients.yaml]\nplaces: { here: {} }\n",
    );
    folder.write("shop/data.yaml", &format!("topology: shop\npart-of: topology.yaml\n{COMPONENTS}"));
    folder.write("shop/who/clients.yaml", &format!("topology: shop\npart-of: ../topology.yaml\n{CLIENTS}"));
    folder.write("day.yaml", &scenario("shop/topology.yaml"));
    folder
}

fn scenario(topology: &str) -> String {
    format!("scenario: day\ntopology: {topology}\nduration: 20s\nload: {{ users: {{ rate: 50/s }} }}\n")
}

#[test]
fn what_lies_in_several_files_runs_as_if_it_lay_in_one() {
    let folder = in_parts();
    folder.write("one.yaml", &format!("topology: shop\nplaces: {{ here: {{}} }}\n{COMPONENTS}{CLIENTS}"));
    folder.write("other-day.yaml", &scenario("one.yaml"));
    let digest = |name: &str| {
        let run = ["run", name, "--no-store", "--no-report", "--format", "json"];
        folder.shakedown(&run).exits(0).json()["outcome"]["digest"].clone()
    };
    assert!(digest("day.yaml").is_string());
    assert_eq!(digest("day.yaml"), digest("other-day.yaml"));
    let done = folder.shakedown(&["check", "shop", "day.yaml"]).exits(0);
    assert_eq!(
        done.out,
        "ok  shop/data.yaml\nok  shop/topology.yaml\nok  shop/who/clients.yaml\nok  day.yaml\n"
    );
}

#[test]
fn a_mistake_in_a_part_is_shown_in_that_part_and_once() {
    let folder = in_parts();
    let data =
        format!("topology: shop\npart-of: topology.yaml\n{}", COMPONENTS.replace("store.read", "stor.read"));
    folder.write("shop/data.yaml", &data);
    for file in ["shop", "shop/topology.yaml", "shop/data.yaml", "shop/who/clients.yaml", "day.yaml"] {
        let done = folder.shakedown(&["check", file]).exits(2).complains("1 error");
        assert!(done.err.contains("data.yaml:4:"), "{file}: {}", done.err);
    }
}

#[test]
fn what_cannot_be_a_part_is_refused_with_its_place() {
    let data = |head: &str| format!("{head}\n{COMPONENTS}");
    let cases = [
        ("shop/data.yaml", data("topology: shop"), "topology.yaml:2:11", "write `part-of: topology.yaml`"),
        (
            "shop/data.yaml",
            data("topology: shop\npart-of: who/clients.yaml"),
            "data.yaml:2:",
            "part of who/clients.yaml",
        ),
        (
            "shop/data.yaml",
            data("topology: other\npart-of: topology.yaml"),
            "data.yaml:1:",
            "write `topology: shop`",
        ),
        ("shop/data.yaml", data("part-of: topology.yaml"), "data.yaml:1:", "needs `topology`"),
        (
            "shop/data.yaml",
            data("topology: shop\npart-of: [topology.yaml]"),
            "data.yaml:2:",
            "not the name of a file",
        ),
        (
            "shop/data.yaml",
            data("topology: shop\npart-of: topology.yaml\ninclude: [more.yaml]"),
            "data.yaml:3:",
            "not in a part",
        ),
        (
            "shop/data.yaml",
            data(&format!("topology: shop\npart-of: topology.yaml\n{CLIENTS}")),
            "clients.yaml:3:",
            "`users` is also in",
        ),
        ("shop/data.yaml", "[]".to_owned(), "data.yaml:1:", "holds a list"),
        (
            "shop/topology.yaml",
            "topology: shop\ninclude: data.yaml\n".to_owned(),
            "topology.yaml:2:",
            "not a list of files",
        ),
        (
            "shop/topology.yaml",
            "topology: shop\ninclude: [data.yaml, data.yaml]\n".to_owned(),
            "topology.yaml:2:",
            "included twice",
        ),
        (
            "shop/topology.yaml",
            "topology: shop\ninclude: [nothing.yaml]\n".to_owned(),
            "nothing.yaml",
            "No such file",
        ),
        (
            "shop/topology.yaml",
            "topology: shop\ninclude: [topology.yaml]\n".to_owned(),
            "topology.yaml:2:",
            "part",
        ),
        (
            "day.yaml",
            scenario("shop/topology.yaml") + "override: { include: [] }\n",
            "day.yaml:5:",
            "laid over",
        ),
    ];
    for (file, text, place, says) in cases {
        let folder = in_parts();
        folder.write(file, &text);
        let done = folder.shakedown(&["check", "day.yaml"]).exits(2).complains(place);
        assert!(done.err.contains(says), "{text}: {}", done.err);
    }
    let folder = in_parts();
    folder.write("shop/topology.yaml", "topology: shop\ninclude: [data.yaml]\n");
    folder.shakedown(&["check", "shop/who/clients.yaml"]).exits(2).complains("does not include this file");
}
