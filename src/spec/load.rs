//! From files to a scenario with its topology: overlays applied, kinds filled
//! in, structure checked, every mistake reported at once.

use super::kinds::Catalogue;
use super::merge::merge;
use super::node::{Node, Value};
use super::origins::{Origins, Part};
use super::raw::{RawScenario, RawTopology};
use super::schema::{FileKind, schema};
use super::validate::{suggest, validate};
use super::{Input, InputFile, yaml};
use crate::diag::{Diag, Location};
use crate::rng;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a caller wants changed about the files.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// Environment to use instead of the scenario's.
    pub environment: Option<String>,
    /// `(path, YAML value)`: values set from outside, such as `duration=10s` or `components.app.replicas=3`.
    pub sets: Vec<(String, String)>,
}

/// Texts of the files read, by name: what a diagnostic quotes.
pub type Sources = BTreeMap<String, String>;

/// What loading leaves when it fails: everything wrong, and the texts to quote.
#[derive(Clone, Debug, Default)]
pub struct LoadError {
    /// Everything wrong, in the order found.
    pub diags: Vec<Diag>,
    /// Texts of the files read.
    pub sources: Sources,
}

/// Keys of a scenario, which tell `--set` which file is meant.
const SCENARIO_KEYS: [&str; 15] = [
    "scenario",
    "description",
    "topology",
    "environment",
    "override",
    "seed",
    "duration",
    "warm-up",
    "window",
    "events-max",
    "in-system-max",
    "service-level",
    "load",
    "faults",
    "expect",
];

/// Loads a scenario and the topology it names.
///
/// # Errors
/// Everything wrong with either.
pub fn load_scenario(path: &Path, catalogue: &Catalogue, options: &LoadOptions) -> Result<Input, LoadError> {
    let mut loader = Loader::new(catalogue);
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let result = loader.read(path).and_then(|scenario| {
        let topology = loader.topology_path(&scenario, &folder)?;
        let topology = loader.read(&topology)?;
        loader.join(scenario, topology, folder, options)
    });
    loader.finish(result)
}

/// Loads a scenario and a topology from texts, for callers without files.
///
/// # Errors
/// Everything wrong with either.
pub fn load_text(
    scenario: &str,
    topology: &str,
    catalogue: &Catalogue,
    options: &LoadOptions,
) -> Result<Input, LoadError> {
    let mut loader = Loader::new(catalogue);
    let scenario = loader.parse(scenario.to_owned(), "scenario.yaml");
    let topology = loader.parse(topology.to_owned(), "topology.yaml");
    let result = match (scenario, topology) {
        (Some(scenario), Some(topology)) => loader.join(scenario, topology, PathBuf::new(), options),
        _ => None,
    };
    loader.finish(result)
}

/// Loads a topology by itself: checked as if a scenario without load used it.
///
/// # Errors
/// Everything wrong with it.
pub fn load_topology(path: &Path, catalogue: &Catalogue, options: &LoadOptions) -> Result<Input, LoadError> {
    let mut loader = Loader::new(catalogue);
    let stand_in = "scenario: none\ntopology: here\nduration: 1s\n";
    let result = loader.read(path).and_then(|topology| {
        let scenario = yaml::parse(stand_in, "stand-in").ok()?;
        loader.join(scenario, topology, PathBuf::new(), options)
    });
    loader.finish(result)
}

/// Whether a file is a scenario or a topology, by its keys.
///
/// # Errors
/// Why it cannot be read.
pub fn file_kind(path: &Path) -> Result<FileKind, LoadError> {
    let catalogue = Catalogue::default();
    let mut loader = Loader::new(&catalogue);
    let kind = loader.read(path).map(|node| {
        if node.get("scenario").is_some() {
            FileKind::Scenario
        } else if node.get("kind").is_some() && node.get("topology").is_none() {
            FileKind::Kind
        } else {
            FileKind::Topology
        }
    });
    kind.ok_or(LoadError { diags: loader.diags, sources: loader.sources })
}

struct Loader<'a> {
    catalogue: &'a Catalogue,
    diags: Vec<Diag>,
    sources: Sources,
    files: Vec<InputFile>,
}

impl<'a> Loader<'a> {
    fn new(catalogue: &'a Catalogue) -> Self {
        Self { catalogue, diags: Vec::new(), sources: Sources::new(), files: Vec::new() }
    }

    fn finish(self, result: Option<Input>) -> Result<Input, LoadError> {
        match result {
            Some(input) if self.diags.is_empty() => Ok(Input { sources: self.sources, ..input }),
            _ => Err(LoadError { diags: self.diags, sources: self.sources }),
        }
    }

    fn read(&mut self, path: &Path) -> Option<Node> {
        match yaml::read(path) {
            Ok(text) => self.parse(text, &path.display().to_string()),
            Err(diag) => {
                self.diags.push(diag);
                None
            }
        }
    }

    fn parse(&mut self, text: String, name: &str) -> Option<Node> {
        self.files.push(InputFile {
            path: name.to_owned(),
            fingerprint: format!("{:016x}", rng::name_hash(&text)),
        });
        let parsed = yaml::parse(&text, name);
        self.sources.insert(name.to_owned(), text);
        let node = parsed.map_err(|diag| self.diags.push(diag)).ok()?;
        if node.as_map().is_none() {
            let message = format!("the file holds {}, not a map of keys and values", node.kind());
            self.diags.push(Diag::error("E106", message).at(node.at));
            return None;
        }
        Some(node)
    }

    fn topology_path(&mut self, scenario: &Node, folder: &Path) -> Option<PathBuf> {
        let path = scenario.get("topology").and_then(Node::scalar).map(|path| folder.join(path));
        if path.is_none() {
            // Say everything else that is wrong with it, too.
            validate(scenario, &schema(FileKind::Scenario), &mut self.diags);
        }
        path
    }

    fn join(
        &mut self,
        mut scenario: Node,
        mut topology: Node,
        folder: PathBuf,
        options: &LoadOptions,
    ) -> Option<Input> {
        let (scenario_sets, topology_sets) = self.sets(options);
        for set in scenario_sets {
            merge(&mut scenario, set);
        }
        validate(&scenario, &schema(FileKind::Scenario), &mut self.diags);
        self.lay_environment(&mut topology, &scenario, options);
        if let Some(overrides) = scenario.get("override") {
            merge(&mut topology, overrides.clone());
        }
        for set in topology_sets {
            merge(&mut topology, set);
        }
        self.fill_in_kinds(&mut topology);
        validate(&topology, &schema(FileKind::Topology), &mut self.diags);
        if !self.diags.is_empty() {
            return None;
        }
        let mut origins = Origins::default();
        for (part, node) in [(Part::Topology, &topology), (Part::Scenario, &scenario)] {
            origins.insert(part, "", node.at.clone());
            node.walk("", &mut |pointer, at, value| {
                let at = if value.as_map().is_some() || matches!(value.value, Value::List(_)) {
                    at
                } else {
                    &value.at
                };
                origins.insert(part, pointer, at.clone());
            });
        }
        let scenario_at = scenario.at.clone();
        let scenario = self.typed::<RawScenario>(&scenario)?;
        let document = topology.to_json();
        let topology = self.typed::<RawTopology>(&topology)?;
        let environment = options.environment.clone().or_else(|| scenario.environment.clone());
        let scenario = RawScenario { environment, ..scenario };
        let _ = scenario_at;
        Some(Input {
            topology,
            scenario,
            document,
            origins,
            files: std::mem::take(&mut self.files),
            folder,
            sources: Sources::new(),
        })
    }

    fn typed<T: serde::de::DeserializeOwned>(&mut self, node: &Node) -> Option<T> {
        serde_json::from_value(node.to_json())
            .map_err(|error| {
                self.diags.push(
                    Diag::error("E199", format!("the file cannot be read: {error}")).at(node.at.clone()),
                )
            })
            .ok()
    }

    /// Values set from outside, as trees: those of the scenario and those of the topology.
    fn sets(&mut self, options: &LoadOptions) -> (Vec<Node>, Vec<Node>) {
        let (mut scenario, mut topology) = (Vec::new(), Vec::new());
        for (path, text) in &options.sets {
            let name = format!("--set {path}");
            let segments: Vec<&str> = path.split(['.', '/']).filter(|part| !part.is_empty()).collect();
            let Some(value) = yaml::parse(text, &name).map_err(|diag| self.diags.push(diag)).ok() else {
                continue;
            };
            self.sources.insert(name, text.clone());
            let is_scenario = segments.first().is_some_and(|first| SCENARIO_KEYS.contains(first));
            let tree = segments.iter().rev().fold(value, |inner, key| {
                let at = inner.at.clone();
                let mut outer = Node::empty(at.clone());
                if let Value::Map(map) = &mut outer.value {
                    map.insert((*key).to_owned(), (at, inner));
                }
                outer
            });
            if is_scenario { scenario.push(tree) } else { topology.push(tree) }
        }
        (scenario, topology)
    }

    fn lay_environment(&mut self, topology: &mut Node, scenario: &Node, options: &LoadOptions) {
        let stated = scenario.get("environment");
        let Some(name) = options.environment.clone().or_else(|| stated.and_then(Node::scalar)) else {
            return;
        };
        let environments = topology.get("environments").and_then(Node::as_map);
        let found = environments.and_then(|all| all.get(&name)).map(|(_, overlay)| overlay.clone());
        match found {
            Some(overlay) => merge(topology, overlay),
            None => {
                let names: Vec<&str> =
                    environments.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                let at = if options.environment.is_some() {
                    Location::default()
                } else {
                    stated.map(|node| node.at.clone()).unwrap_or_default()
                };
                let message = format!("the topology has no environment `{name}`");
                self.diags.push(Diag::error("E113", message).at(at).help(suggest(&name, &names)));
            }
        }
    }

    fn fill_in_kinds(&mut self, topology: &mut Node) {
        let Value::Map(map) = &mut topology.value else { return };
        let Some((_, components)) = map.get_mut("components") else { return };
        let Value::Map(components) = &mut components.value else { return };
        for (_, component) in components.values_mut() {
            if component.as_map().is_none() {
                continue;
            }
            let stated = component.get("kind");
            let kind = stated.and_then(Node::scalar).unwrap_or_else(|| "core/service".to_owned());
            let at = stated.map_or_else(|| component.at.clone(), |node| node.at.clone());
            let own = std::mem::replace(component, Node::empty(Location::default()));
            let place = own.at.clone();
            match self.catalogue.fill_in(&kind, own.clone()) {
                Ok(whole) => *component = Node { at: place, ..whole },
                Err(help) => {
                    *component = own;
                    self.diags
                        .push(Diag::error("E112", format!("there is no kind `{kind}`")).at(at).help(help));
                }
            }
        }
    }
}
