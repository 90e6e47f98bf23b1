//! The first steps.

use super::Folder;

#[test]
fn what_init_writes_is_clean_and_passes() {
    let folder = Folder::new();
    folder.shakedown(&["init", "mine"]).exits(0);
    let check = folder.shakedown(&["check", "mine/topologies", "mine/scenarios"]).exits(0);
    assert!(check.err.is_empty(), "{}", check.err);
    folder.shakedown(&["run", "mine/scenarios/first.yaml", "--no-store", "--no-report"]).exits(0);
    for name in ["mine/topologies/shop.yaml", "mine/scenarios/first.yaml"] {
        let text = folder.read(name);
        let modeline = text.lines().next().expect("a first line");
        let schema = modeline.strip_prefix("# yaml-language-server: $schema=../").expect("a modeline");
        assert!(folder.path("mine").join(schema).exists(), "{modeline}");
    }
}

#[test]
fn init_overwrites_only_when_forced() {
    let folder = Folder::new();
    folder.write("mine/scenarios/first.yaml", "precious");
    let before = folder.files();
    folder.shakedown(&["init", "mine"]).exits(2).complains("--force");
    assert_eq!((folder.read("mine/scenarios/first.yaml").as_str(), folder.files()), ("precious", before));
    folder.shakedown(&["init", "mine", "--force"]).exits(0);
    assert_ne!(folder.read("mine/scenarios/first.yaml"), "precious");
}
