//! YAML text to a tree. The only module that knows the parser.

use super::node::{Node, Value};
use crate::diag::{Diag, Location};
use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::cell::RefCell;
use std::fmt;
use std::path::Path;

/// Largest file read. The largest hand-written topology is a hundredth of it.
const FILE_MAX: u64 = 4 << 20;

/// Reads a file as text.
///
/// # Errors
/// One diagnostic that says why it cannot be read.
pub(super) fn read(path: &Path) -> Result<String, Diag> {
    let name = path.display();
    let whole = || Location { file: path.display().to_string(), ..Location::default() };
    let error = |message: String, help: &str| Diag::error("E101", message).at(whole()).help(help);
    let meta = std::fs::metadata(path)
        .map_err(|e| error(format!("`{name}` cannot be read: {e}"), "check the path"))?;
    if meta.is_dir() {
        return Err(error(format!("`{name}` is a folder"), "name a YAML file in it"));
    }
    if meta.len() > FILE_MAX {
        let size = meta.len() >> 20;
        return Err(error(format!("`{name}` has {size} MiB"), "files of more than 4 MiB are not read"));
    }
    let bytes = std::fs::read(path)
        .map_err(|e| error(format!("`{name}` cannot be read: {e}"), "check its permissions"))?;
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        error(format!("`{name}` is not UTF-8 text (byte {at})"), "save it as UTF-8")
    })
}

/// Parses a text.
///
/// # Errors
/// One diagnostic: after a syntax error nothing more can be said.
pub(super) fn parse(text: &str, file: &str) -> Result<Node, Diag> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() as u64 > FILE_MAX {
        let at = Location { file: file.to_owned(), ..Location::default() };
        return Err(Diag::error("E101", "the text has more than 4 MiB").at(at));
    }
    FILE.with(|current| file.clone_into(&mut current.borrow_mut()));
    match serde_saphyr::from_str::<Node>(text) {
        Ok(node) if matches!(node.value, Value::Null) => {
            let at = Location { file: file.to_owned(), line: 1, column: 1, length: 1 };
            Err(Diag::error("E103", "the file is empty")
                .at(at)
                .help("`shakedown init` writes one to start from"))
        }
        Ok(node) => Ok(node),
        Err(error) => Err(syntax_error(&error, file)),
    }
}

fn syntax_error(error: &serde_saphyr::Error, file: &str) -> Diag {
    let error = error.without_snippet();
    let place = error.location();
    let at = Location {
        file: file.to_owned(),
        line: place.map_or(0, |place| place.line() as u32),
        column: place.map_or(0, |place| place.column() as u32),
        length: 1,
    };
    let message = error.render_with_formatter(&serde_saphyr::UserMessageFormatter);
    let message = message.lines().next().unwrap_or("not YAML").trim_end_matches('.').to_owned();
    Diag::error("E102", message).at(at).help("the file must be one YAML document: a map of keys and values")
}

thread_local! {
    /// The file being parsed: serde has no way to hand it to each value.
    static FILE: RefCell<String> = const { RefCell::new(String::new()) };
}

fn location(place: serde_saphyr::Location) -> Location {
    Location {
        file: FILE.with(|file| file.borrow().clone()),
        line: place.line() as u32,
        column: place.column() as u32,
        length: (place.span().len() as u32).clamp(1, 200),
    }
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
        let mut map = IndexMap::new();
        while let Some((key, node)) = entries.next_entry::<Spanned<String>, Node>()? {
            map.insert(key.value, (location(key.referenced), node));
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_places() {
        let node = parse("a: 1\nb:\n  - x\n  - {c: 2s, d: no}\n", "t.yaml").unwrap();
        let mut seen = Vec::new();
        node.walk("", &mut |pointer, at, node| {
            seen.push(format!("{pointer} {}:{} {:?}", at.line, at.column, node.scalar()));
        });
        let expected = [
            "a 1:1 Some(\"1\")",
            "b 2:1 None",
            "b/0 3:5 Some(\"x\")",
            "b/1 4:5 None",
            "b/1/c 4:6 Some(\"2s\")",
            "b/1/d 4:13 Some(\"false\")",
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn what_is_not_one_document_is_refused_with_a_place() {
        let bomb = format!(
            "a: &a [x,x,x,x,x,x,x,x,x]\n{}",
            (1..12)
                .map(|i| {
                    let (name, before) = ((b'a' + i) as char, (b'a' + i - 1) as char);
                    format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 9].join(","))
                })
                .collect::<String>()
        );
        let deep = "[".repeat(10_000);
        let block = (0..1000).map(|i| format!("{}a:\n", " ".repeat(i))).collect::<String>();
        for text in [
            "",
            "# only a comment\n",
            "a: [1",
            "a: 1\na: 2",
            "a: 1\n---\nb: 2\n",
            "a:\n\t- x",
            &bomb,
            &deep,
            &block,
        ] {
            let error = parse(text, "t.yaml").map(|_| ()).unwrap_err();
            assert!(["E102", "E103"].contains(&error.code), "{:.40}: {error:?}", text);
        }
    }
}
