//! The graph format as a JSON schema (2020-12): `docs/schema/graph.schema.json`.
//!
//! Like the policy's, it is made from the vocabulary, and its keys are held against those that the reader takes. That ids are
//! unique, and that a relation joins components which are there, no schema can say.

use serde_json::{Map, Value, json};

use super::file::{FORMAT, VERSION};
use crate::policy::schema::{deliveries, flag, license_tables, list, reference, set, strings, table, text, word};
use crate::vocabulary::{How, Kind, Relation};

/// The schema of a graph file.
pub fn schema() -> Value {
    let mut definitions: Map<String, Value> = license_tables()
        .into_iter()
        .filter(|(name, _)| *name != "license")
        .map(|(name, definition)| (name.to_owned(), definition))
        .collect();
    definitions.insert("component".to_owned(), component());
    definitions.insert("relation".to_owned(), relation());
    let mut schema = table(
        "Components and relations, as cargo covenant writes and judges them.",
        &[
            ("format", json!({ "const": FORMAT })),
            ("version", json!({ "const": VERSION })),
            ("components", list(reference("component"), "Products, packages, models, data, services.")),
            ("relations", list(reference("relation"), "How they use one another.")),
        ],
        &["format", "version", "components", "relations"],
    );
    set(&mut schema, "$schema", json!("https://json-schema.org/draft/2020-12/schema"));
    set(
        &mut schema,
        "$id",
        json!("https://raw.githubusercontent.com/cargo-covenant/cargo-covenant/main/docs/schema/graph.schema.json"),
    );
    set(&mut schema, "title", json!("covenant-graph"));
    set(&mut schema, "$defs", Value::Object(definitions));
    schema
}

fn component() -> Value {
    let optional = |mut value: Value| {
        set(&mut value, "type", json!(["string", "null"]));
        value
    };
    table(
        "A component.",
        &[
            ("id", json!({ "description": "Unique in the file.", "type": "string", "pattern": "\\S" })),
            ("kind", word::<Kind>("What it is.")),
            ("name", optional(text("Its name. Default: what stands before `@` in its id."))),
            ("version", optional(text("Its version. Default: what stands behind `@` in its id."))),
            ("purl", optional(text("Its package URL."))),
            ("license", optional(text("Its licence expression."))),
            ("license-file", optional(text("A text that is named where there is no expression."))),
            ("terms", list(reference("term-or-word"), "Terms it has beside those of its licence.")),
            ("facts", list(reference("fact-or-word"), "Facts it has beside those of its licence.")),
            ("delivery", deliveries("Of a product: how it reaches others.")),
            ("modified", flag("Whether it was changed here.")),
            ("ships", flag("Of a dynamic library: whether it is delivered.")),
            ("data-package", flag("Whether it is data in the shape of a package.")),
            ("private", flag("Whether it is the workspace's own, and not published.")),
            ("published", flag("Of a product: whether it is a published library.")),
            ("task", optional(text("Its task, as a Hugging Face pipeline tag."))),
            ("family", optional(text("Its family, such as llama-2."))),
            ("released", optional(text("The day it was released, as YYYY-MM-DD."))),
            ("claims", strings("What its project says about it in public.")),
            (
                "parts",
                json!({
                    "description": "What is public of it: a licence, or `absent`.",
                    "type": "object",
                    "additionalProperties": { "type": "string" },
                }),
            ),
            ("features", strings("The features with which it is built.")),
        ],
        &["id", "kind"],
    )
}

fn relation() -> Value {
    let how = json!({ "description": "What was done.", "anyOf": [word::<How>(""), { "type": "null" }] });
    let mut products = strings("In which products it holds. Default: all.");
    set(&mut products, "type", json!(["array", "null"]));
    table(
        "How the upper component uses the lower one.",
        &[
            ("from", text("The id of the upper component.")),
            ("to", text("The id of the lower component.")),
            ("relation", word::<Relation>("Which relation.")),
            ("how", how),
            ("products", products),
        ],
        &["from", "to", "relation"],
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::graph::file::{ComponentRow, RelationRow};
    use crate::policy::schema::tests::fields;

    #[test]
    fn every_row_has_the_keys_that_the_reader_takes() {
        for (definition, fields) in [(component(), fields::<ComponentRow>()), (relation(), fields::<RelationRow>())] {
            let keys = definition["properties"].as_object().expect("a table").keys();
            assert_eq!(keys.map(String::as_str).collect::<BTreeSet<_>>(), fields);
        }
    }
}
