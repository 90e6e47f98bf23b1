//! From files to a scenario with its topology: overlays applied, kinds filled
//! in, structure checked, every mistake reported at once.

use super::codes;
use super::include::{beside, is_same_file, join, take_includes, take_part_of};
use super::kinds::Catalogue;
use super::layers::{Change, assemble};
use super::merge::set;
use super::nemeses::expand;
use super::node::Node;
use super::origins::Origins;
use super::raw::{RawScenario, RawTopology};
use super::schema::{FileKind, schema};
use super::validate::{suggest, validate};
use super::{Input, InputFile, yaml};
use crate::diag::{Diag, Location, Severity};
use crate::rng;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a caller wants changed about the files.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// Environment to use instead of the scenario's.
    pub environment: Option<String>,
    /// `(path, YAML value)`: values set from outside, such as `duration` and `10s`, or `components.app.replicas`
    /// and `3`. A path whose first key is one of the scenario's changes the scenario, any other the topology.
    /// Slashes separate keys as well as dots do, for keys that have dots in them.
    /// Maps merge with what is there, anything else replaces it, and null removes it.
    pub sets: Vec<(String, String)>,
}

/// Texts of the files read, by name: what a diagnostic quotes.
pub type Sources = BTreeMap<String, String>;

/// What loading leaves when it fails: everything wrong, and the texts to quote.
#[derive(Clone, Debug, Default)]
pub struct LoadError {
    /// Everything wrong, warnings included, in the order of the files' lines.
    pub diags: Vec<Diag>,
    /// Texts of the files read.
    pub sources: Sources,
    /// What the files say apart from keys that do not exist, if that is all that is wrong with their shape. Whether it
    /// means something can be looked at as well; it is not what was asked for.
    pub rest: Option<Box<Input>>,
}

/// Environments of a lone topology that are checked at most.
const ENVIRONMENTS_MAX: usize = 32;

/// Loads a scenario and the topology it names.
///
/// # Errors
/// Everything wrong with either.
pub fn load_scenario(path: &Path, catalogue: &Catalogue, options: &LoadOptions) -> Result<Input, LoadError> {
    let mut loader = Loader::new(catalogue);
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let changes = loader.changes(options);
    let scenario = loader.read(path).map(|scenario| loader.set_in_scenario(scenario, &changes));
    let file = scenario.as_ref().and_then(|scenario| scenario.get("topology")).and_then(Node::scalar);
    let topology = file.and_then(|file| loader.read_topology(&folder.join(file)));
    let result = loader.join(scenario, topology, changes, options);
    loader.finish(result.map(|input| Input { folder, ..input }))
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
    let changes = loader.changes(options);
    let scenario = loader.parse(scenario.to_owned(), "scenario.yaml");
    let scenario = scenario.map(|scenario| loader.set_in_scenario(scenario, &changes));
    let topology =
        loader.parse(topology.to_owned(), "topology.yaml").map(|topology| loader.without_parts(topology));
    let result = loader.join(scenario, topology, changes, options);
    loader.finish(result)
}

/// Loads a topology by itself: checked as if a scenario without load used it,
/// in each of its environments unless the options choose one.
///
/// # Errors
/// Everything wrong with it.
pub fn load_topology(path: &Path, catalogue: &Catalogue, options: &LoadOptions) -> Result<Input, LoadError> {
    let mut loader = Loader::new(catalogue);
    let changes = loader.changes(options);
    let topology = loader.read_topology(path);
    if let (Some(topology), None) = (&topology, &options.environment) {
        loader.check_environments(topology);
    }
    let stand_in = "scenario: none\ntopology: here\nduration: 1s\n";
    let scenario = yaml::parse(stand_in, "stand-in", &mut loader.diags);
    let scenario = scenario.map(|scenario| loader.set_in_scenario(scenario, &changes));
    let result = loader.join(scenario, topology, changes, options);
    loader.finish(result)
}

/// Which kind of file it is, by its keys.
///
/// # Errors
/// Why it cannot be read.
pub fn file_kind(path: &Path) -> Result<FileKind, LoadError> {
    let catalogue = Catalogue::default();
    let mut loader = Loader::new(&catalogue);
    let kind = loader.read(path).map(|node| {
        let has = |key: &str| node.get(key).is_some();
        // One that lacks its name is told by what else is in it.
        let is_nameless = !has("components") && ["duration", "load", "expect"].iter().any(|key| has(key));
        if has("scenario") || is_nameless || node.as_map().is_none() {
            FileKind::Scenario
        } else if has("kind") && !has("topology") {
            FileKind::Kind
        } else {
            FileKind::Topology
        }
    });
    kind.ok_or(LoadError { diags: loader.diags, sources: loader.sources, rest: None })
}

/// Values set from outside, by the document that they change.
struct Changes {
    scenario: Vec<(Vec<String>, Node)>,
    topology: Vec<Change>,
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

    fn finish(mut self, result: Option<Input>) -> Result<Input, LoadError> {
        let place = |diag: &Diag| diag.at.as_ref().map(|at| (at.file.clone(), at.line, at.column));
        self.diags.sort_by_cached_key(place);
        // An anchor's value, or a kind's, is checked wherever it is used.
        self.diags.dedup();
        match result {
            Some(input) if !self.has_errors() => {
                Ok(Input { warnings: self.diags, files: self.files, sources: self.sources, ..input })
            }
            rest => Err(LoadError { diags: self.diags, sources: self.sources, rest: rest.map(Box::new) }),
        }
    }

    fn has_errors(&self) -> bool {
        self.diags.iter().any(|diag| diag.severity == Severity::Error)
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

    /// Reads a topology and the files that it includes; of a part, the whole.
    fn read_topology(&mut self, path: &Path) -> Option<Node> {
        let mut topology = self.read(path)?;
        let Some((at, name)) = take_part_of(&mut topology, &mut self.diags) else {
            return Some(self.with_parts(topology, path, None));
        };
        let file = beside(path, &name);
        let mut whole = self.read(&file)?;
        if let Some((at, _)) = take_part_of(&mut whole, &mut self.diags) {
            let message = "a part of a topology can have no parts itself";
            self.diags.push(Diag::error(codes::BAD_PART, message).at(at));
        }
        Some(self.with_parts(whole, &file, Some((at, path))))
    }

    /// A topology with the files that it includes, of which one may have been named instead of the whole.
    fn with_parts(&mut self, mut whole: Node, path: &Path, wanted: Option<(Location, &Path)>) -> Node {
        let mut wanted = wanted;
        for (at, name) in take_includes(&mut whole, &mut self.diags) {
            let file = beside(path, &name);
            wanted = wanted.filter(|(_, part)| !is_same_file(part, &file));
            let Some(mut part) = self.read(&file) else { continue };
            match take_part_of(&mut part, &mut self.diags) {
                Some((_, said)) if is_same_file(&beside(&file, &said), path) => {}
                Some((said_at, said)) => {
                    let message =
                        format!("this is included by {}, and says that it is part of {said}", at.file);
                    self.diags.push(Diag::error(codes::BAD_PART, message).at(said_at));
                }
                None => {
                    let whole = path.file_name().unwrap_or_default().to_string_lossy();
                    let message = format!("`{name}` does not say of what it is a part");
                    let help = format!("write `part-of: {whole}` into it, as seen from where it lies");
                    self.diags.push(Diag::error(codes::BAD_PART, message).at(at).help(help));
                    continue;
                }
            }
            join(&mut whole, part, &mut self.diags);
        }
        if let Some((at, _)) = wanted {
            let message = format!("{} does not include this file", path.display());
            self.diags.push(Diag::error(codes::BAD_PART, message).at(at).help("add it to `include` there"));
        }
        whole
    }

    /// A topology from a text: there is no folder in which to look for parts.
    fn without_parts(&mut self, mut topology: Node) -> Node {
        let whole = take_part_of(&mut topology, &mut self.diags);
        let parts = take_includes(&mut topology, &mut self.diags);
        for (at, name) in whole.into_iter().chain(parts) {
            let message = format!("`{name}` cannot be found from a topology that is no file");
            self.diags.push(Diag::error(codes::BAD_PART, message).at(at));
        }
        topology
    }

    fn parse(&mut self, text: String, name: &str) -> Option<Node> {
        // A part that was named instead of its whole is read once more with that.
        if !self.sources.contains_key(name) {
            let fingerprint = format!("{:016x}", rng::name_hash(&text));
            self.files.push(InputFile { path: name.to_owned(), fingerprint });
        }
        let node = yaml::parse_file(&text, name, &mut self.diags);
        self.sources.insert(name.to_owned(), text);
        node
    }

    /// Checks and joins what could be read; what could not be was already complained about.
    fn join(
        &mut self,
        scenario: Option<Node>,
        topology: Option<Node>,
        changes: Changes,
        options: &LoadOptions,
    ) -> Option<Input> {
        let scenario = scenario.map(|mut scenario| {
            expand(&mut scenario, self.catalogue, &mut self.diags);
            scenario
        });
        if let Some(scenario) = &scenario {
            validate(scenario, schema(FileKind::Scenario), &mut self.diags);
        }
        let mut layers: Vec<Change> = Vec::new();
        let topology = topology.as_ref()?;
        layers.extend(self.environment(topology, scenario.as_ref(), options).map(Change::Overlay));
        let overrides = scenario.as_ref().and_then(|scenario| scenario.get("override"));
        layers.extend(overrides.filter(|node| node.as_map().is_some()).cloned().map(Change::Overlay));
        layers.extend(changes.topology);
        let mut topology = self.assemble(topology.clone(), layers);
        let mut scenario = scenario?;
        let unknown = self.unknown_keys()?;
        if !scenario.drop_keys(&unknown) || !topology.drop_keys(&unknown) {
            return None;
        }
        let typed_scenario = self.typed::<RawScenario>(&scenario)?;
        let environment = options.environment.clone().or_else(|| typed_scenario.environment.clone());
        Some(Input {
            topology: self.typed::<RawTopology>(&topology)?,
            document: topology.to_json(),
            scenario: RawScenario { environment, ..typed_scenario },
            origins: Origins::of(topology, scenario),
            files: Vec::new(),
            folder: PathBuf::new(),
            sources: Sources::new(),
            warnings: Vec::new(),
        })
    }

    /// Where keys are that do not exist; `None` if anything else is wrong so far.
    fn unknown_keys(&self) -> Option<BTreeSet<Location>> {
        let errors = self.diags.iter().filter(|diag| diag.severity == Severity::Error);
        errors.map(|diag| diag.at.clone().filter(|_| diag.code == codes::UNKNOWN_KEY)).collect()
    }

    /// A topology with everything laid over it, checked.
    fn assemble(&mut self, topology: Node, layers: Vec<Change>) -> Node {
        let mut used = BTreeSet::new();
        let topology = assemble(topology, layers, self.catalogue, &mut used, &mut self.diags);
        for kind in used.iter().filter_map(|name| self.catalogue.get(name)) {
            self.sources.insert(kind.file.clone(), kind.text().to_owned());
        }
        for key in ["include", "part-of"] {
            if let Some(node) = topology.get(key) {
                let message =
                    format!("`{key}` stands in the file of a topology, not in what is laid over it");
                self.diags.push(Diag::error(codes::BAD_PART, message).at(node.at.clone()));
            }
        }
        validate(&topology, schema(FileKind::Topology), &mut self.diags);
        topology
    }

    fn typed<T: serde::de::DeserializeOwned>(&mut self, node: &Node) -> Option<T> {
        let typed = serde_json::from_value(node.to_json());
        // Without a key that it needs, which was complained about, a part may be nothing that can be read.
        let is_whole = !self.has_errors();
        typed.inspect_err(|error| self.diags.extend(is_whole.then(|| internal(error, &node.at)))).ok()
    }

    /// Values set from outside, parsed.
    fn changes(&mut self, options: &LoadOptions) -> Changes {
        let mut changes = Changes { scenario: Vec::new(), topology: Vec::new() };
        let schema = schema(FileKind::Scenario);
        for (path, text) in &options.sets {
            let name = format!("--set {path}");
            // Slashes reach keys that have dots in them, such as call policies.
            let separator = if path.contains('/') { '/' } else { '.' };
            let keys: Vec<&str> = path.split(separator).collect();
            let value = yaml::parse(text, &name, &mut self.diags);
            self.sources.insert(name.clone(), text.clone());
            let Some(value) = value else { continue };
            if keys.contains(&"") {
                let at = Location { file: name, ..Location::default() };
                let message = format!("`{path}` is not a path");
                let help = "join keys by dots, such as `components.app.replicas`";
                self.diags.push(Diag::error(codes::BAD_SET, message).at(at).help(help));
            } else if schema["properties"].get(keys[0]).is_some() {
                changes.scenario.push((keys.iter().map(|key| (*key).to_owned()).collect(), value));
            } else {
                changes.topology.push(Change::set(&keys, value));
            }
        }
        changes
    }

    fn set_in_scenario(&mut self, mut scenario: Node, changes: &Changes) -> Node {
        for (path, value) in &changes.scenario {
            let keys: Vec<&str> = path.iter().map(String::as_str).collect();
            if let Err(reason) = set(&mut scenario, &keys, value.clone(), &mut self.diags) {
                let message = format!("`{}` cannot be set: {reason}", path.join("."));
                self.diags.push(Diag::error(codes::BAD_SET, message).at(value.at.clone()));
            }
        }
        scenario
    }

    /// The overlay of the environment that the options or the scenario choose.
    fn environment(
        &mut self,
        topology: &Node,
        scenario: Option<&Node>,
        options: &LoadOptions,
    ) -> Option<Node> {
        let stated = scenario.and_then(|scenario| scenario.get("environment"));
        let name = options.environment.clone().or_else(|| stated.and_then(Node::scalar))?;
        let environments = topology.get("environments").and_then(Node::as_map);
        let Some((_, overlay)) = environments.and_then(|all| all.get(&name)) else {
            let names: Vec<&str> =
                environments.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            let message = format!("the topology has no environment `{name}`");
            let diag = Diag::error(codes::UNKNOWN_ENVIRONMENT, message).help(suggest(&name, &names));
            let at = stated.filter(|_| options.environment.is_none()).map(|node| node.at.clone());
            self.diags.push(Diag { at, ..diag });
            return None;
        };
        // What is not a map, the check of the topology complains about.
        overlay.as_map().is_some().then(|| overlay.clone())
    }

    /// Checks what each environment makes of the topology.
    fn check_environments(&mut self, topology: &Node) {
        let Some(environments) = topology.get("environments").and_then(Node::as_map) else { return };
        for (name, (at, overlay)) in environments.iter().take(ENVIRONMENTS_MAX + 1) {
            if environments.get_index_of(name) == Some(ENVIRONMENTS_MAX) {
                let message = format!("only the first {ENVIRONMENTS_MAX} environments are checked");
                let help = format!("check the others with `--env {name}`");
                return self.diags.push(Diag::warning(codes::UNCHECKED, message).at(at.clone()).help(help));
            }
            if overlay.as_map().is_some() {
                self.assemble(topology.clone(), vec![Change::Overlay(overlay.clone())]);
            }
        }
    }
}

/// What the checker accepted must be readable; if not, that is a mistake of this program.
pub(super) fn internal(error: &serde_json::Error, at: &Location) -> Diag {
    let message = format!("what was checked cannot be read: {error}");
    Diag::error(codes::INTERNAL, message)
        .at(at.clone())
        .help("this is a mistake of shakedown: please report it")
}
