//! Texts with a meaning: durations, laws, rates. Kept as typed; parsed by `units` and `dist`.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident, $format:literal, $example:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(pub String);

        impl $name {
            /// The text as typed.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // Maps and lists are refused so that the other forms of an untagged key are tried.
                match serde_json::Value::deserialize(deserializer)? {
                    serde_json::Value::String(text) => Ok(Self(text)),
                    serde_json::Value::Number(number) => Ok(Self(number.to_string())),
                    _ => Err(serde::de::Error::custom("expected a text or a number")),
                }
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": ["string", "number"],
                    "format": $format,
                    "examples": [$example]
                })
            }
        }
    )*};
}

texts! {
    /// A span of time such as `250ms`.
    SpanText, "span", "250ms";
    /// A probability law, or a constant.
    LawText, "law", "lognormal(p50 8ms p99 60ms)";
    /// Something per time, such as `40/s`.
    RateText, "rate", "40/s";
    /// A share such as `99.9%` or `0.999`.
    ShareText, "share", "99.9%";
    /// A whole number such as `50k`, or `unlimited` where the key allows it.
    CountText, "count", "50k";
    /// A plain number.
    NumberText, "number", "1.5";
    /// A size such as `2GiB`.
    BytesText, "bytes", "2GiB";
    /// Bytes or bits per time, such as `100Mbit/s`.
    BandwidthText, "bandwidth", "100Mbit/s";
    /// A sum of numbers and attributes, such as `prompt + 500`.
    AmountText, "amount", "prompt + 500";
    /// A sum of numbers and attributes, or a law of counts.
    ValueText, "value", "lognormal(p50 900 p99 6000)";
    /// A comparison of two amounts.
    ConditionText, "condition", "prompt + 500 > 128k";
    /// US dollars per unit, thousand or million.
    PriceText, "price", "2.50 USD/M";
    /// A popularity law.
    PopularityText, "popularity", "zipf(0.9)";
    /// A pause law between attempts.
    BackoffText, "backoff", "full-jitter(50ms 2s)";
    /// `component`, `component.operation` or `store.dataset`.
    TargetText, "target", "orders.place-order";
    /// A value as a source states it.
    NumberOrText, "any", "65000";
    /// An expectation.
    ExpectText, "expectation", "latency p99 of web < 250ms";
}
