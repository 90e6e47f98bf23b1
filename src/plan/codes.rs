//! The stable codes of what a plan can find wrong: one line each, never reused.

macro_rules! codes {
    ($($name:ident = $code:literal, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub(super) const $name: &str = $code;)*

        /// Every code of this layer with its meaning, in order.
        pub static CODES: &[(&str, &str)] = &[$(($code, $meaning)),*];
    };
}

codes! {
    UNKNOWN_NAME = "E201", "A name that nothing has.";
    BAD_VALUE = "E202", "A text that is not the quantity it should be.";
    OUT_OF_RANGE = "E203", "A quantity beyond what is possible.";
    CONTRADICTION = "E204", "Keys that exclude each other, or not exactly one of several.";
    MISSING = "E205", "A key that is needed here.";
    NO_LINK = "E206", "A call between two places without a link between them.";
    DUPLICATE = "E207", "The same thing said twice.";
    BAD_NAME = "E208", "A name with characters that a name cannot have.";
    ENDLESS_CYCLE = "E210", "Operations that call each other for ever.";
    MISPLACED_STEP = "E211", "A step where it cannot stand.";
    WHICH_OPERATION = "E212", "A call that does not say which of several operations it means.";
    NO_MECHANISM = "E213", "A component used as a cache or store without being one.";
    TOO_BIG = "E214", "A model too big to simulate.";
    BAD_SHARES = "E215", "Shares that do not add up.";
    BAD_FILE = "E216", "A data file that cannot be read or understood.";
    NO_TARGET = "E217", "A fault's target that chooses nothing.";
    BAD_SCHEDULE = "E218", "A fault's times that contradict each other or the run.";
    MORE_ERRORS = "E219", "More findings than are shown.";
    EXPECT_SYNTAX = "E220", "An expectation that cannot be read.";
    EXPECT_METRIC = "E221", "A metric that does not exist.";
    EXPECT_SCOPE = "E222", "A metric of something that does not have it.";
    EXPECT_VALUE = "E223", "A value that does not fit the metric.";
    AMBIGUOUS = "E224", "A name that could mean several things.";
    EXPECT_WINDOW = "E225", "A part of the run that does not exist.";
    UNUSED_POLICY = "W201", "A call policy that no call uses.";
    RETRY_TWICE = "W202", "Retries of an operation that must not be done twice.";
    NO_LOAD = "W203", "Load that never arrives.";
    HANGS = "W204", "A fault that leaves callers without a timeout waiting until the end.";
    NO_EFFECT = "W205", "A value that changes nothing here.";
    CUT_OFF = "W206", "Something that lies after the end of the run.";
    MORE_WARNINGS = "W207", "More warnings than are shown.";
    ONE_WAY = "W208", "A link in one direction only where both are used.";
    BARRED = "W230", "A call that its target's `reachable-from` never lets through.";
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
