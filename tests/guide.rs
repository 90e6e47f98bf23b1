//! The worked examples of the language guide are files that resolve and run as the guide says.

use shakedown::plan::{self, Plan};
use shakedown::spec::{Catalogue, LoadOptions, load_text};
use std::path::{Path, PathBuf};

/// A fenced block of the guide that is a whole file.
struct Block {
    kind: String,
    text: String,
}

const DEFAULT_SCENARIO: &str =
    "scenario: any load\ntopology: topology.yaml\nduration: 10m\nload: { users: { rate: 50/s } }\n";

/// The guide and its parts, each with examples of its own.
fn pages() -> Vec<PathBuf> {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs");
    let parts = std::fs::read_dir(docs.join("language")).expect("a folder of parts");
    let mut pages: Vec<PathBuf> = parts.map(|part| part.expect("a readable folder").path()).collect();
    pages.push(docs.join("language.md"));
    pages.sort();
    pages
}

fn blocks(path: &Path) -> Vec<Block> {
    let guide = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_inside = false;
    for line in guide.lines() {
        if is_inside && line == "```" {
            is_inside = false;
        } else if is_inside {
            let block = blocks.last_mut().expect("a block was begun");
            block.text.push_str(line);
            block.text.push('\n');
        } else if let Some(kind) = line.strip_prefix("```yaml ") {
            is_inside = true;
            blocks.push(Block { kind: kind.to_owned(), text: String::new() });
        }
    }
    blocks
}

fn resolve(topology: &str, scenario: &str) -> Plan {
    let input = load_text(scenario, topology, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{:?}\n{topology}\n{scenario}", error.diags));
    let (plan, warnings) =
        plan::resolve(&input).unwrap_or_else(|errors| panic!("{errors:?}\n{topology}\n{scenario}"));
    assert!(warnings.is_empty(), "{warnings:?}\n{topology}\n{scenario}");
    plan
}

/// Each topology of the guide with each scenario that follows it, or with some load if none does.
fn examples() -> Vec<Plan> {
    pages().iter().flat_map(|page| examples_of(page)).collect()
}

fn examples_of(page: &Path) -> Vec<Plan> {
    let blocks = blocks(page);
    let mut plans = Vec::new();
    let mut topology = None;
    for (index, block) in blocks.iter().enumerate() {
        match block.kind.as_str() {
            "topology" => {
                topology = Some(block.text.as_str());
                if blocks.get(index + 1).is_none_or(|next| next.kind == "topology") {
                    plans.push(resolve(&block.text, DEFAULT_SCENARIO));
                }
            }
            "scenario" => plans.push(resolve(topology.expect("a topology before its scenario"), &block.text)),
            other => panic!("what is a block of `{other}`?"),
        }
    }
    plans
}

#[test]
fn every_worked_example_resolves_without_a_warning() {
    assert!(examples().len() > 10);
}
