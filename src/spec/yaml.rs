//! YAML text to a tree. The only module that knows the parser.

use super::codes;
use super::node::{Node, Value};
use crate::diag::{Diag, Location};
use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{
    DuplicateKeyPolicy, Error, MessageFormatter, NonFiniteFloatPolicy, Spanned, UserMessageFormatter,
};
use std::cell::RefCell;
use std::fmt;
use std::io::Read;
use std::path::Path;

/// Largest file read. The largest hand-written topology is a hundredth of it.
const FILE_MAX: u64 = 4 << 20;

/// Reads a file as text.
///
/// # Errors
/// One diagnostic that says why it cannot be read.
pub(super) fn read(path: &Path) -> Result<String, Diag> {
    let name = path.display();
    let error = |message: String, help: &str| {
        let whole = Location { file: name.to_string(), ..Location::default() };
        Diag::error(codes::UNREADABLE, message).at(whole).help(help)
    };
    let cannot = |cause: std::io::Error| error(format!("`{name}` cannot be read: {cause}"), "check the path");
    // Asked before opening: opening a pipe that nobody writes to would wait for ever.
    let meta = std::fs::metadata(path).map_err(cannot)?;
    if meta.is_dir() {
        return Err(error(format!("`{name}` is a folder"), "name a YAML file in it"));
    }
    if !meta.is_file() {
        return Err(error(format!("`{name}` is not a file on disk"), "save it to a file first"));
    }
    // A file may grow after it was measured, so the reading itself is bounded.
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(cannot)?;
    file.take(FILE_MAX + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(error(format!("`{name}` has more than 4 MiB"), "larger files are not read"));
    }
    String::from_utf8(bytes).map_err(|cause| {
        let at = cause.utf8_error().valid_up_to();
        error(format!("`{name}` is not UTF-8 text (byte {at})"), "save it as UTF-8")
    })
}

/// Parses a text; says in `diags` what is wrong with it.
///
/// A text with repeated keys still gives a tree, so that its other mistakes
/// are found; after a syntax error there is nothing more to say.
pub(super) fn parse(text: &str, file: &str, diags: &mut Vec<Diag>) -> Option<Node> {
    let whole = || Location { file: file.to_owned(), ..Location::default() };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() as u64 > FILE_MAX {
        diags.push(Diag::error(codes::UNREADABLE, "the text has more than 4 MiB").at(whole()));
        return None;
    }
    READING.with(|reading| *reading.borrow_mut() = Reading { file: file.to_owned(), repeated: Vec::new() });
    // Repeated keys and NaN are let through so that they are reported with everything else.
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        reject_unsupported_tags: true,
    };
    let parsed = serde_saphyr::from_str_with_options::<Node>(text, options);
    diags.append(&mut READING.with(|reading| std::mem::take(&mut reading.borrow_mut().repeated)));
    match parsed {
        Ok(node) => Some(node),
        Err(error) => {
            diags.push(syntax_error(&error, file));
            None
        }
    }
}

/// Parses a file's text, which must say something.
pub(super) fn parse_file(text: &str, file: &str, diags: &mut Vec<Diag>) -> Option<Node> {
    let node = parse(text, file, diags)?;
    let diag = match node.value {
        Value::Map(_) => return Some(node),
        Value::Null => {
            let at = Location { file: file.to_owned(), line: 1, column: 1, length: 1 };
            let diag = Diag::error(codes::EMPTY, "the file is empty").at(at);
            diag.help("`shakedown init` writes one to start from")
        }
        _ => {
            let message = format!("the file holds {}, not a map of keys and values", node.kind());
            Diag::error(codes::WRONG_TYPE, message).at(node.at).help("start with `topology:` or `scenario:`")
        }
    };
    diags.push(diag);
    None
}

fn syntax_error(error: &Error, file: &str) -> Diag {
    let error = error.without_snippet();
    let place = error.location();
    let at = Location {
        file: file.to_owned(),
        line: place.map_or(0, |place| place.line() as u32),
        column: place.map_or(0, |place| place.column() as u32),
        length: 1,
    };
    let (message, help) = explain(error);
    Diag::error(codes::SYNTAX, message).at(at).help(help)
}

/// The parser's complaint in this program's words.
fn explain(error: &Error) -> (String, &'static str) {
    let said = |message: &str, help| (message.to_owned(), help);
    match error {
        Error::AliasError { error, .. } => explain(error),
        Error::MultipleDocuments { .. } => {
            said("a second document begins here", "keep to one document in a file: remove the line `---`")
        }
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => said(
            "the file is too large or too deeply nested",
            "at most 250000 values, nested at most 64 deep",
        ),
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            said("a value refers to itself", "remove the `*` reference from inside its own `&` value")
        }
        Error::UnknownAnchor { .. } => {
            said("this reference names nothing", "a value `&name` must come before its reference `*name`")
        }
        Error::UnsupportedTag { tag, .. } => (format!("the tag `{tag}` means nothing here"), "remove it"),
        Error::Unexpected { expected: "string scalar", .. } => {
            said("a key must be a single word", "write `key: value`")
        }
        other => {
            let message = UserMessageFormatter.format_message(other).escape_debug().to_string();
            let message = message.trim_end_matches('.').to_owned();
            (message, "the file must be one YAML document: a map of keys and values")
        }
    }
}

/// What serde has no way to hand to each value, and to take back from it.
#[derive(Default)]
struct Reading {
    file: String,
    repeated: Vec<Diag>,
}

thread_local! {
    static READING: RefCell<Reading> = RefCell::default();
}

fn location(place: serde_saphyr::Location) -> Location {
    Location {
        file: READING.with(|reading| reading.borrow().file.clone()),
        line: place.line() as u32,
        column: place.column() as u32,
        length: (place.span().len() as u32).clamp(1, 200),
    }
}

fn note_repeated(key: &str, at: &Location, first: &Location) {
    let message = format!("the key `{key}` is here twice");
    let help = format!("it was first said in line {}: keep one of them", first.line);
    let diag = Diag::error(codes::REPEATED_KEY, message).at(at.clone()).help(help);
    READING.with(|reading| reading.borrow_mut().repeated.push(diag));
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Bare>::deserialize(deserializer)?;
        Ok(Self::new(location(spanned.referenced), spanned.value.0))
    }
}

struct Bare(Value);

impl<'de> Deserialize<'de> for Bare {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Node>()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map: IndexMap<String, (Location, Node)> = IndexMap::new();
        while let Some((key, node)) = entries.next_entry::<Spanned<String>, Node>()? {
            let at = location(key.referenced);
            if let Some((first, _)) = map.get(&key.value) {
                note_repeated(&key.value, &at, first);
            }
            map.insert(key.value, (at, node));
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Node {
        let mut diags = Vec::new();
        let node = parse_file(text, "t.yaml", &mut diags);
        assert_eq!(diags, []);
        node.unwrap()
    }

    fn refused(text: &str) -> Vec<Diag> {
        let mut diags = Vec::new();
        parse_file(text, "t.yaml", &mut diags);
        diags
    }

    fn places(text: &str) -> Vec<String> {
        let mut seen = Vec::new();
        parsed(text).walk("", &mut |pointer, at, node| {
            seen.push(format!("{pointer} {}:{} {:?}", at.line, at.column, node.scalar()));
        });
        seen
    }

    #[test]
    fn values_keep_their_places() {
        let expected = [
            "a 1:1 Some(\"1\")",
            "b 2:1 None",
            "b/0 3:5 Some(\"x\")",
            "b/1 4:5 None",
            "b/1/c 4:6 Some(\"2s\")",
            "b/1/d 4:13 Some(\"false\")",
        ];
        let text = "a: 1\nb:\n  - x\n  - {c: 2s, d: no}\n";
        assert_eq!(places(text), expected);
        assert_eq!(places(&format!("\u{feff}{text}")), expected);
        assert_eq!(places(&text.replace('\n', "\r\n")), expected);
    }

    #[test]
    fn what_is_not_one_document_is_refused_with_a_place() {
        let cases = [
            ("", "E103 1:1"),
            ("# only a comment\n", "E103 1:1"),
            ("~", "E103 1:1"),
            ("[1, 2]", "E106 1:1"),
            ("a: [1", "E102 1:4"),
            ("a: 1\n---\nb: 2\n", "E102 3:1"),
            ("a:\n\t- x", "E102 2:2"),
            ("a: *b", "E102 1:4"),
            ("a: !make 1", "E102 1:10"),
            ("? [a]\n: 1\n", "E102 1:3"),
        ];
        for (text, expected) in cases {
            let found: Vec<String> = refused(text)
                .iter()
                .map(|diag| {
                    let at = diag.at.clone().unwrap();
                    format!("{} {}:{}", diag.code, at.line, at.column)
                })
                .collect();
            assert_eq!(found, [expected], "{text:?}");
        }
    }

    #[test]
    fn hostile_texts_are_refused_in_a_moment() {
        let bomb: String = (0..12u8)
            .map(|level| {
                let (name, before) = ((b'a' + level) as char, (b'a' + level).saturating_sub(1) as char);
                let item = if level == 0 { "x".to_owned() } else { format!("*{before}") };
                format!("{name}: &{name} [{}]\n", vec![item; 9].join(","))
            })
            .collect();
        let flow = "[".repeat(10_000);
        let block: String = (0..1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        let lists = format!("a: {}", "- ".repeat(10_000));
        let wide = format!("a: [{}]", "1,".repeat(400_000));
        let itself = "a: &a [*a]";
        for text in [bomb.as_str(), &flow, &block, &lists, &wide, itself] {
            let diags = refused(text);
            assert_eq!(diags.len(), 1, "{text:.40}");
            assert_eq!(diags[0].code, "E102", "{text:.40}: {diags:?}");
            assert!(!diags[0].message.contains("Policy"), "{diags:?}");
        }
        let large = "a: 1\n".repeat(2 << 20);
        assert_eq!(refused(&large)[0].code, "E101");
    }

    #[test]
    fn every_repeated_key_is_reported_and_the_rest_is_still_read() {
        let mut diags = Vec::new();
        let node = parse_file("a: 1\nb: {c: 1, c: 2}\na: .nan\n", "t.yaml", &mut diags).unwrap();
        let found: Vec<(u32, u32)> = diags
            .iter()
            .filter_map(|diag| Some((diag.at.as_ref()?.line, diag.at.as_ref()?.column)))
            .collect();
        assert_eq!(found, [(2, 11), (3, 1)]);
        assert!(diags.iter().all(|diag| diag.code == "E114"));
        assert_eq!(node.get("a").and_then(Node::scalar).as_deref(), Some(".nan"));
    }

    #[test]
    fn what_is_not_a_text_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let large = vec![b'#'; (FILE_MAX + 1) as usize];
        let cases = [
            (folder.path().to_path_buf(), "is a folder"),
            (folder.path().join("missing.yaml"), "cannot be read"),
            (write("latin.yaml", b"topology: caf\xe9\n"), "is not UTF-8 text (byte 13)"),
            (write("large.yaml", &large), "more than 4 MiB"),
        ];
        for (path, reason) in cases {
            let diag = read(&path).unwrap_err();
            assert_eq!(diag.code, "E101");
            assert!(diag.message.contains(reason), "{}", diag.message);
            assert_eq!(diag.at.unwrap().file, path.display().to_string());
        }
        assert_eq!(read(&write("empty.yaml", b"")), Ok(String::new()));
    }
}
