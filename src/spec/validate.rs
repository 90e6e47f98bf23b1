//! Checks a tree against the schema of the raw types and reports every mistake at once.
//!
//! The schema is generated from the types themselves, so that what the checker
//! accepts, what an editor offers and what the program reads cannot differ.

use super::amount::{parse_amount, parse_condition, parse_price};
use super::codes;
use super::law::{LawUnit, parse_backoff, parse_law, parse_popularity};
use super::node::{Node, Value};
use crate::diag::{Diag, Location};
use crate::units::parse::{self, ParseError};
use serde_json::Value as Json;

/// Words that belong to the language's design but are not built in this version.
const NOT_BUILT: [&str; 24] = [
    "use",
    "transaction",
    "lock",
    "push",
    "stream",
    "given",
    "runbook",
    "runbooks",
    "monitors",
    "monitor",
    "teams",
    "team",
    "sessions",
    "topics",
    "queues",
    "pipelines",
    "deploys",
    "prices",
    "price-book",
    "start",
    "abort-when",
    "for-each",
    "replication",
    "backups",
];
/// Mistakes reported at most; a file with more is no such file at all.
const DIAGS_MAX: usize = 200;
/// What a law's values are, in the schema of a key: `bytes` or `count`; otherwise they are times.
const LAW_OF: &str = "x-law-of";
/// Characters of a name at most.
const NAME_MAX: usize = 64;

/// Checks `node` against `schema`, a whole JSON Schema with its definitions.
pub(super) fn validate(node: &Node, schema: &Json, diags: &mut Vec<Diag>) {
    let mut validator = Validator { root: schema, diags: Vec::new(), more: 0 };
    validator.check(node, schema, "the file");
    let more = validator.more;
    diags.append(&mut validator.diags);
    if more > 0 {
        let message = format!("there are {more} more mistakes like these");
        diags.push(Diag::error(codes::MORE_ERRORS, message).at(node.at.clone()));
    }
}

struct Validator<'a> {
    root: &'a Json,
    diags: Vec<Diag>,
    /// Mistakes that are only counted.
    more: usize,
}

impl<'a> Validator<'a> {
    fn report(&mut self, code: &'static str, at: &Location, message: String, help: String) {
        if self.diags.len() >= DIAGS_MAX {
            self.more += 1;
            return;
        }
        let diag = Diag::error(code, message).at(at.clone());
        self.diags.push(if help.is_empty() { diag } else { diag.help(help) });
    }

    /// Follows references, and wrappers of one, to the schema that says something.
    fn resolve(&self, mut schema: &'a Json) -> &'a Json {
        loop {
            if let Some(name) = schema.get("$ref").and_then(Json::as_str) {
                let name = name.rsplit('/').next().unwrap_or_default();
                match self.root.get("definitions").and_then(|all| all.get(name)) {
                    Some(found) => schema = found,
                    None => return schema,
                }
            } else if let Some([only]) = schema.get("allOf").and_then(Json::as_array).map(Vec::as_slice) {
                schema = only;
            } else {
                return schema;
            }
        }
    }

    fn check(&mut self, node: &Node, schema: &'a Json, what: &str) {
        let schema = self.resolve(schema);
        if says_nothing(schema) {
            return;
        }
        if let Some(variants) = schema.get("oneOf").and_then(Json::as_array) {
            return self.check_variant(node, variants, what);
        }
        if let Some(branches) = schema.get("anyOf").and_then(Json::as_array) {
            return self.check_branches(node, branches, what);
        }
        if let Some(words) = schema.get("enum").and_then(Json::as_array) {
            let words: Vec<&str> = words.iter().filter_map(Json::as_str).collect();
            return self.check_word(node, &words, what);
        }
        let types = types_of(schema);
        if !types.is_empty() && !types.iter().any(|name| fits(node, name)) {
            if !(matches!(node.value, Value::Null) && types.contains(&"null")) {
                self.wrong_kind(node, &types, schema, what);
            }
            return;
        }
        match &node.value {
            Value::Map(_) => self.check_map(node, schema, what),
            Value::List(items) => self.check_list(node, items, schema, what),
            _ => self.check_scalar(node, schema, what),
        }
    }

    fn wrong_kind(&mut self, node: &Node, types: &[&str], schema: &Json, what: &str) {
        let wanted: Vec<&str> = types.iter().filter_map(|name| words_for(name)).collect();
        let message = format!("{what} is {}, not {}", node.kind(), wanted.join(" or "));
        let help = match &node.value {
            Value::Null if types.contains(&"object") => {
                "write `{}` for one that says nothing more".to_owned()
            }
            Value::Null if types.contains(&"array") => "write `[]` for an empty list".to_owned(),
            Value::Text(text) if types.iter().any(|name| is_quoted(text, name)) => {
                "remove the quotes".to_owned()
            }
            Value::Bool(_) | Value::Number(_) if types.contains(&"string") => "put it in quotes".to_owned(),
            _ => description(schema),
        };
        self.report(codes::WRONG_TYPE, &node.at, message, help);
    }

    fn check_map(&mut self, node: &Node, schema: &'a Json, what: &str) {
        let Some(map) = node.as_map() else { return };
        let properties = schema.get("properties").and_then(Json::as_object);
        let others = schema.get("additionalProperties");
        if properties.is_none() && others.is_none() {
            // Any map fits, such as an overlay: it is checked once it is merged.
            return;
        }
        let is_names = properties.is_none();
        for (key, (at, value)) in map {
            if let Some(known) = properties.and_then(|all| all.get(key)) {
                if !matches!(value.value, Value::Null) {
                    self.check(value, known, &format!("`{key}`"));
                }
            } else if let Some(schema) =
                others.filter(|schema| schema.is_object() || schema.as_bool() == Some(true))
            {
                if is_names {
                    self.check_name(key, at, what);
                }
                self.check(value, schema, &format!("`{key}`"));
            } else {
                self.unknown_key(key, at, properties);
            }
        }
        for required in
            schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
        {
            if !map.get(required).is_some_and(|(_, value)| !matches!(value.value, Value::Null)) {
                let about = properties.and_then(|all| all.get(required)).map(|schema| self.describe(schema));
                self.report(
                    codes::MISSING_KEY,
                    &node.at,
                    format!("{what} needs the key `{required}`"),
                    about.unwrap_or_default(),
                );
            }
        }
    }

    /// Names end up in pointers, files and metrics, and call policies are keyed by `component.operation`.
    fn check_name(&mut self, key: &str, at: &Location, what: &str) {
        let is_plain = |part: &str| {
            !part.is_empty()
                && part.len() <= NAME_MAX
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        };
        let is_policy = what == "`calls`";
        let is_good = if is_policy {
            key.split('.').count() <= 2 && key.split('.').all(is_plain)
        } else {
            is_plain(key)
        };
        if !is_good {
            let help = "names are letters, digits, `-` and `_`, at most 64 of them".to_owned();
            self.report(codes::BAD_NAME, at, format!("`{key}` cannot be a name in {what}"), help);
        }
    }

    fn unknown_key(&mut self, key: &str, at: &Location, properties: Option<&serde_json::Map<String, Json>>) {
        if NOT_BUILT.contains(&key) {
            let help = "see docs/coverage.md for what is built".to_owned();
            return self.report(codes::NOT_BUILT, at, format!("`{key}` is not built in this version"), help);
        }
        let known: Vec<&str> = properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        self.report(codes::UNKNOWN_KEY, at, format!("there is no key `{key}` here"), suggest(key, &known));
    }

    fn check_list(&mut self, node: &Node, items: &[Node], schema: &'a Json, what: &str) {
        let Some(schema_of_items) = schema.get("items") else { return };
        if let Some(each) = schema_of_items.as_array() {
            if items.len() != each.len() {
                let message = format!("{what} has {} entries, not {}", items.len(), each.len());
                self.report(codes::WRONG_SIZE, &node.at, message, description(schema));
            }
            for (item, schema) in items.iter().zip(each) {
                self.check(item, schema, &format!("an entry of {what}"));
            }
            return;
        }
        let bound = |key: &str| schema.get(key).and_then(Json::as_u64);
        if bound("minItems").is_some_and(|least| (items.len() as u64) < least)
            || bound("maxItems").is_some_and(|most| items.len() as u64 > most)
        {
            let message = format!("{what} has {} entries", items.len());
            self.report(codes::WRONG_SIZE, &node.at, message, description(schema));
        }
        for item in items {
            self.check(item, schema_of_items, &format!("an entry of {what}"));
        }
    }

    fn check_scalar(&mut self, node: &Node, schema: &Json, what: &str) {
        let Some(text) = node.scalar() else { return };
        if let Some(format) = schema.get("format").and_then(Json::as_str)
            && let Err(error) = check_format(format, schema, &text)
        {
            return self.report(
                codes::BAD_QUANTITY,
                &node.at,
                format!("{what}: {}", error.message),
                error.help,
            );
        }
        if types_of(schema).contains(&"integer") {
            let (least, most) = integer_range(schema);
            if !text.parse::<u64>().is_ok_and(|value| (least..=most).contains(&value)) {
                let help = format!("write a whole number from {least} to {most}");
                self.report(
                    codes::WRONG_SIZE,
                    &node.at,
                    format!("{what}: `{text}` is not a whole number in range"),
                    help,
                );
            }
        }
    }

    fn check_word(&mut self, node: &Node, words: &[&str], what: &str) {
        match &node.value {
            Value::Text(text) if words.contains(&text.as_str()) => {}
            Value::Text(text) => self.report(
                codes::UNKNOWN_WORD,
                &node.at,
                format!("{what}: there is no `{text}`"),
                suggest(text, words),
            ),
            _ => self.report(
                codes::WRONG_TYPE,
                &node.at,
                format!("{what} is {}, not a word", node.kind()),
                suggest("", words),
            ),
        }
    }

    /// An externally tagged enum: a word, or a map with one key.
    fn check_variant(&mut self, node: &Node, variants: &'a [Json], what: &str) {
        let mut words: Vec<&str> = Vec::new();
        let mut tagged: Vec<(&str, &'a Json)> = Vec::new();
        for variant in variants {
            if let Some(word) = variant.get("const").and_then(Json::as_str) {
                words.push(word);
            }
            words.extend(
                variant.get("enum").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str),
            );
            for (name, schema) in variant.get("properties").and_then(Json::as_object).into_iter().flatten() {
                tagged.push((name, schema));
            }
        }
        let names: Vec<&str> = words.iter().copied().chain(tagged.iter().map(|(name, _)| *name)).collect();
        let Some(map) = node.as_map() else {
            if tagged.is_empty() || matches!(&node.value, Value::Text(text) if words.contains(&text.as_str()))
            {
                return self.check_word(node, &names, what);
            }
            let message = format!("{what} is {}, not a map with one key", node.kind());
            return self.report(
                codes::WRONG_TYPE,
                &node.at,
                message,
                suggest(&node.scalar().unwrap_or_default(), &names),
            );
        };
        if map.len() != 1 {
            let found: Vec<&str> = map.keys().map(String::as_str).collect();
            let message = format!("{what} has {} keys ({}), not one", map.len(), found.join(", "));
            return self.report(codes::WRONG_SIZE, &node.at, message, suggest("", &names));
        }
        for (key, (at, value)) in map {
            match tagged.iter().find(|(name, _)| name == key) {
                Some((_, schema)) => self.check(value, schema, &format!("`{key}`")),
                None if words.contains(&key.as_str()) => self.report(
                    codes::WRONG_TYPE,
                    at,
                    format!("`{key}` is a word by itself and says nothing more"),
                    format!("write `{key}` without the colon and what follows it"),
                ),
                None if NOT_BUILT.contains(&key.as_str()) => self.unknown_key(key, at, None),
                None => self.report(
                    codes::UNKNOWN_KEY,
                    at,
                    format!("there is no `{key}` here"),
                    suggest(key, &names),
                ),
            }
        }
    }

    /// One of several forms: the one that fits the kind of value is meant.
    fn check_branches(&mut self, node: &Node, branches: &'a [Json], what: &str) {
        let mut forms = Vec::new();
        self.flatten(branches, &mut forms);
        let fitting = forms.iter().find(|form| types_of(form).iter().any(|name| fits(node, name)));
        let tagged = forms.iter().find(|form| form.get("oneOf").is_some() || form.get("enum").is_some());
        match fitting.or(tagged) {
            Some(form) => self.check(node, form, what),
            None => {
                let mut types: Vec<&str> =
                    forms.iter().flat_map(|form| types_of(form)).filter(|name| *name != "null").collect();
                types.sort_unstable();
                types.dedup();
                self.wrong_kind(node, &types, forms.first().copied().unwrap_or(&Json::Null), what);
            }
        }
    }

    /// All forms, forms of forms included.
    fn flatten(&self, branches: &'a [Json], forms: &mut Vec<&'a Json>) {
        for branch in branches {
            let form = self.resolve(branch);
            match form.get("anyOf").and_then(Json::as_array) {
                Some(inner) => self.flatten(inner, forms),
                None => forms.push(form),
            }
        }
    }

    fn describe(&self, schema: &'a Json) -> String {
        let own = description(schema);
        if own.is_empty() { description(self.resolve(schema)) } else { own }
    }
}

/// The range of a whole number. None of the language's is negative, and as
/// floats the largest would not be told from the first that no longer fits.
fn integer_range(schema: &Json) -> (u64, u64) {
    let bound = |key: &str| schema.get(key).and_then(Json::as_u64);
    let widest = match schema.get("format").and_then(Json::as_str) {
        Some("uint8") => u64::from(u8::MAX),
        Some("uint32") => u64::from(u32::MAX),
        _ => u64::MAX,
    };
    (bound("minimum").unwrap_or(0), bound("maximum").unwrap_or(widest))
}

/// Whether a schema accepts anything, as that of an overlay does.
fn says_nothing(schema: &Json) -> bool {
    const TELLING: [&str; 6] = ["type", "properties", "additionalProperties", "oneOf", "anyOf", "enum"];
    schema.as_bool() == Some(true)
        || schema.as_object().is_some_and(|map| !TELLING.iter().any(|key| map.contains_key(*key)))
}

fn types_of(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(name)) => vec![name],
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

fn fits(node: &Node, name: &str) -> bool {
    match &node.value {
        Value::Map(_) => name == "object",
        Value::List(_) => name == "array",
        Value::Bool(_) => name == "boolean",
        Value::Null => name == "null",
        Value::Text(_) => name == "string",
        Value::Number(_) => matches!(name, "number" | "integer"),
    }
}

/// Whether a text would be of this type without its quotes.
fn is_quoted(text: &str, name: &str) -> bool {
    match name {
        "integer" => text.parse::<u64>().is_ok(),
        "number" => text.parse::<f64>().is_ok(),
        "boolean" => ["true", "false"].contains(&text),
        _ => false,
    }
}

fn words_for(name: &str) -> Option<&'static str> {
    Some(match name {
        "object" => "a map",
        "array" => "a list",
        "boolean" => "true or false",
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        _ => return None,
    })
}

fn description(schema: &Json) -> String {
    schema.get("description").and_then(Json::as_str).unwrap_or_default().replace('\n', " ")
}

/// The nearest of some words, and all of them if they are few.
pub(super) fn suggest(word: &str, words: &[&str]) -> String {
    let score = |candidate: &&str| strsim::jaro_winkler(word, candidate);
    let nearest = words.iter().copied().max_by(|a, b| score(a).total_cmp(&score(b)));
    let meant = nearest.filter(|nearest| !word.is_empty() && score(nearest) > 0.75);
    let meant = meant.map(|nearest| format!("did you mean `{nearest}`? ")).unwrap_or_default();
    match words.len() {
        0 => meant,
        1..=40 => format!("{meant}allowed: {}", words.join(", ")),
        _ => format!("{meant}there are {} to choose from", words.len()),
    }
}

fn check_format(format: &str, schema: &Json, text: &str) -> Result<(), ParseError> {
    match format {
        "span" => parse::span(text).map(|_| ()),
        "rate" => parse::rate(text).map(|_| ()),
        "share" => parse::share(text).map(|_| ()),
        "count" => parse::count(text).map(|_| ()),
        "number" => parse::number(text).map(|_| ()),
        "bytes" => parse::bytes(text).map(|_| ()),
        "bandwidth" => parse::bandwidth(text).map(|_| ()),
        "law" => check_law(schema, text),
        "amount" => parse_amount(text).map(|_| ()),
        "value" if text.contains('(') => parse_law(text, LawUnit::Count).map(|_| ()),
        "value" => parse_amount(text).map(|_| ()),
        "condition" => parse_condition(text).map(|_| ()),
        "price" => parse_price(text).map(|_| ()),
        "popularity" => parse_popularity(text).map(|_| ()),
        "backoff" => parse_backoff(text).map(|_| ()),
        "target" => check_target(text),
        "expectation" if text.trim().is_empty() => {
            Err(ParseError::new("an empty expectation", "write one such as `latency p99 of web < 250ms`"))
        }
        _ => Ok(()),
    }
}

/// Checks a law of what its key says: of time unless the schema says otherwise.
fn check_law(schema: &Json, text: &str) -> Result<(), ParseError> {
    let unit = match schema.get(LAW_OF).and_then(Json::as_str) {
        Some("bytes") => LawUnit::Bytes,
        Some("count") => LawUnit::Count,
        _ => LawUnit::Time,
    };
    parse_law(text, unit).map(|_| ())
}

fn check_target(text: &str) -> Result<(), ParseError> {
    let parts: Vec<&str> = text.split('.').collect();
    let is_good = parts.len() <= 2 && parts.iter().all(|part| !part.trim().is_empty());
    let help = "write `component`, `component.operation` or `store.dataset`";
    if is_good { Ok(()) } else { Err(ParseError::new(format!("`{text}` names nothing"), help)) }
}
