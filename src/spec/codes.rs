//! What the codes of loading mean.

/// Codes with one line each.
pub const CODES: &[(&str, &str)] = &[
    ("E101", "a file or folder cannot be read"),
    ("E102", "a file is not one YAML document"),
    ("E103", "a file is empty"),
    ("E104", "there is no such key"),
    ("E105", "a key is missing"),
    ("E106", "a value is of the wrong kind"),
    ("E107", "a number or a count of entries is out of range"),
    ("E108", "a quantity or law cannot be read"),
    ("E109", "there is no such word"),
    ("E110", "a text cannot be a name"),
    ("E111", "a key of the language is not built in this version"),
    ("E112", "there is no such kind in the catalogue"),
    ("E113", "the topology has no such environment"),
    ("E199", "the program contradicts its own schema, which is a bug"),
];
