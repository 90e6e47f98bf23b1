//! The stable codes of what files can get wrong: one line each, never reused.

macro_rules! codes {
    ($($name:ident = $code:literal, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub(super) const $name: &str = $code;)*

        /// Every code of this layer with its meaning, in order.
        pub static CODES: &[(&str, &str)] = &[$(($code, $meaning)),*];
    };
}

codes! {
    UNREADABLE = "E101", "A file or folder that cannot be read.";
    SYNTAX = "E102", "A text that is not one YAML document of a reasonable size.";
    EMPTY = "E103", "A file that says nothing.";
    UNKNOWN_KEY = "E104", "A key that does not exist.";
    MISSING_KEY = "E105", "A key that is needed here.";
    WRONG_TYPE = "E106", "A value of the wrong kind, such as a list instead of a text.";
    WRONG_SIZE = "E107", "A number out of range, or a list or map with too many or too few entries.";
    BAD_QUANTITY = "E108", "A text that is not the quantity, law or name it should be.";
    UNKNOWN_WORD = "E109", "A word that is not one of those allowed.";
    BAD_NAME = "E110", "A name with characters that a name cannot have.";
    NOT_BUILT = "E111", "Something that this version does not build.";
    UNKNOWN_KIND = "E112", "A kind that the catalogue does not have.";
    UNKNOWN_ENVIRONMENT = "E113", "An environment that the topology does not have.";
    REPEATED_KEY = "E114", "A key that is said twice.";
    NEW_COMPONENT = "E115", "An overlay that changes a component that does not exist.";
    BAD_SET = "E116", "A value set from outside at a place that does not exist.";
    MORE_ERRORS = "E117", "More findings than are shown.";
    UNKNOWN_NEMESIS = "E118", "A nemesis that the catalogue does not have.";
    BAD_PART = "E119", "A file that cannot be a part of a topology, or an `include` where none can be.";
    INTERNAL = "E199", "A mistake of this program: what it checked, it cannot read.";
    NOTHING_TO_REMOVE = "W101", "An overlay that removes what is not there.";
    UNCHECKED = "W102", "More environments than are checked.";
}

#[cfg(test)]
mod tests {
    use super::CODES;

    #[test]
    fn codes_are_unique_in_order_and_explained() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0), "{CODES:?}");
        assert!(CODES.iter().all(|(_, meaning)| meaning.ends_with('.') && meaning.len() > 10));
    }
}
