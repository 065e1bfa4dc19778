//! A JSON Schema of scenario files, for editors that complete and check while one writes.

use super::Scenario;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// The schema of a scenario file, as `faasim check --schema` prints it.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Scenario).to_value();
    if let Some(top) = schema.as_object_mut() {
        top.insert("title".into(), "faasim scenario".into());
        top.insert("$id".into(), "https://faasim.dev/scenario.schema.json".into());
    }
    schema
}

/// CPU or memory as Kubernetes writes it.
pub(super) struct Quantity;

impl JsonSchema for Quantity {
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "CPU (`10m`, `1`) or memory (`128Mi`, `1G`)",
            "anyOf": [
                { "type": "number", "minimum": 0 },
                { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?([numkKMGTPE]i?)?$" }
            ]
        })
    }
}

/// Any value of TOML.
pub(super) struct Anything;

impl JsonSchema for Anything {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

/// A line of the language that [`crate::lab::expect`] reads.
pub(super) struct Line;

impl JsonSchema for Line {
    fn schema_name() -> Cow<'static, str> {
        "Expectation".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "examples": ["replicas at 45s == 6", "p95(warm) < 50ms", "count(status = 408) == 1",
                         "first time replicas >= 4 within 30s", "course of replicas == 2 4 6 2"]
        })
    }
}
