//! The policy format as a JSON schema (2020-12), for editors: `docs/schema/covenant.schema.json`.
//!
//! Closed sets of words come from the vocabulary, authorities from the catalogue, and the keys of each table are held
//! against those that the reader takes, so that the schema cannot drift from it. What no schema can say (whether a licence
//! or a policy of a name exists) is left to the reader: what it accepts, the schema accepts.

use serde_json::{Map, Value, json};

use super::file::{CONTEXT_KEYS, Grade, KEYS};
use super::load::built_in_names;
use crate::artifact::declared::{PARTS, Use};
use crate::license::Catalogue;
use crate::obligation::crossing::{NOT_OPEN, Subject, Value as Crossing};
use crate::vocabulary::term::{AsOf, Control, Ends, Metric, Results, Scope, When};
use crate::vocabulary::{Code, Delivery, Domain, FactId, How, Kind, Level, Relation, TermId, Word};

/// The schema of `covenant.toml`.
pub fn schema() -> Value {
    let mut properties = Map::new();
    for key in KEYS {
        properties.insert((*key).to_owned(), top_level(key));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://raw.githubusercontent.com/cargo-covenant/cargo-covenant/main/docs/schema/covenant.schema.json",
        "title": "covenant.toml",
        "description": "What a workspace accepts: the policy of cargo covenant.",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "$defs": definitions(),
    })
}

fn top_level(key: &str) -> Value {
    match key {
        "extends" => described(
            json!({ "type": "array", "items": { "anyOf": [
                { "enum": built_in_names().collect::<Vec<_>>() },
                { "type": "string" },
            ] } }),
            "The policies it builds on: names of built-in ones, or paths relative to this file. Default: open-source.",
        ),
        "context" => context(),
        "product" => described(
            json!({ "type": "object", "additionalProperties": reference("product") }),
            "What holds for one product, by its name, or `package:bin/name`.",
        ),
        "build" => table(
            "What is built for a release.",
            &[("targets", strings("Target triples for which all products are released."))],
            &[],
        ),
        "open" => open(),
        "lints" => levels(
            "The level of each finding. `deny` fails the gate, `warn` is shown, `allow` is recorded.",
            words::<Code>(),
        ),
        "terms" => levels(
            "The level of `denied-term` when a term, or a term of a class, reaches a product. A term beats its class.",
            Subject::term_words().collect(),
        ),
        "licenses" => table(
            "Plain lists of licence ids; an empty one has no opinion.",
            &[
                ("allow", strings("If not empty, anything else is `denied-license`.")),
                ("deny", strings("These are `denied-license`.")),
            ],
            &[],
        ),
        "relations" => {
            levels("The highest level a finding can have that comes only through a relation.", words::<Relation>())
        }
        "crossing" => rows("crossing", "Overrides of one cell of the crossing table."),
        "license" => rows("license", "Licences of one's own."),
        "clarify" => rows("clarify", "What the licence of a component really is."),
        "choice" => rows("choice", "Which branch of an OR is taken for a component."),
        "exception" => rows("exception", "Findings that are let pass: why, and until when."),
        "attestation" => rows("attestation", "Evidence for obligations that no program can see."),
        "model" => rows("model", "Artefacts declared for crates that one does not own."),
        // A test holds every key against the reader; one without a description is still allowed.
        _ => json!({}),
    }
}

fn context() -> Value {
    let mut properties = Map::new();
    for key in CONTEXT_KEYS {
        let value = match *key {
            "delivery" => {
                deliveries("How products reach others. Default: source for a published library, else binary.")
            }
            "commercial" => flag("Whether the use is commercial."),
            "interactive" => flag("Whether products have an interactive interface."),
            "consumer-device" => flag("Whether products are conveyed inside consumer devices."),
            "territories" => strings("Where products are offered, such as US or EU."),
            "fields" => strings("What products are used for."),
            _ => reference("scale"),
        };
        properties.insert((*key).to_owned(), value);
    }
    let money = format!("^({}|{})-[a-z]{{3}}$", Metric::AnnualRevenue, Metric::MonthlyRevenue);
    json!({
        "description": "Facts about the organisation, against which limits are held. What is absent was not said.",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "patternProperties": { money: reference("scale") },
    })
}

fn open() -> Value {
    let authorities: Vec<&str> = Catalogue::built_in().authorities().collect();
    let list = |domain: Domain| {
        let what = match domain {
            Domain::Software => "packages, programs and native libraries",
            Domain::Data => "datasets, tokenizers and assets",
            Domain::Weights => "models and adapters",
            Domain::Service => "hosted models and APIs",
        };
        let description = format!("Whose rulings count for {what}.");
        described(json!({ "type": "array", "items": { "enum": authorities } }), &description)
    };
    let domains = Domain::ALL.iter().map(|domain| (domain.as_str(), list(*domain)));
    let minimum = word::<Grade>("How open a model has to be at least; less is `insufficient-openness`.");
    table(
        "Who decides what is open, by kind of component.",
        &domains.chain([("minimum", minimum)]).collect::<Vec<_>>(),
        &[],
    )
}

/// The tables that stand in arrays or inside one another.
fn definitions() -> Value {
    let mut all = Map::new();
    all.insert("level".to_owned(), word::<Level>("allow: recorded; warn: shown; deny: fails the gate."));
    all.insert(
        "date".to_owned(),
        json!({ "description": "A date, written without quotes.", "type": "string", "format": "date" }),
    );
    all.insert(
        "sha256".to_owned(),
        json!({ "description": "64 hexadecimal digits.", "type": "string", "pattern": "^[0-9A-Fa-f]{64}$" }),
    );
    all.insert("filled".to_owned(), json!({ "type": "string", "pattern": "\\S" }));
    all.insert(
        "scale".to_owned(),
        described(
            json!({ "anyOf": [whole_number(""), { "type": "array", "items": reference("scale-entry") }] }),
            "A number, or a list of numbers each from a day on.",
        ),
    );
    for (name, definition) in policy_tables().into_iter().chain(license_tables()).chain(model_tables()) {
        all.insert(name.to_owned(), definition);
    }
    Value::Object(all)
}

fn policy_tables() -> Vec<(&'static str, Value)> {
    let component =
        || filled("Which component: its name, its id, its package URL, or `name@` and the start of a version.");
    let license = |what| text(what);
    vec![
        (
            "product",
            table(
                "What holds for one product.",
                &[
                    ("delivery", deliveries("How it reaches others. Default: that of [context].")),
                    ("features", strings("Features it is released with, beside its defaults.")),
                    ("targets", strings("Target triples it is released for. Default: those of [build].")),
                    ("license", license("The licence expression it goes out under. Default: that of its package.")),
                    ("ship", flag("Whether it is released at all. Default: true.")),
                ],
                &[],
            ),
        ),
        (
            "scale-entry",
            table(
                "A number that holds from a day on.",
                &[("on", dated("The day from which it holds.")), ("value", whole_number("The number."))],
                &["on", "value"],
            ),
        ),
        (
            "crossing",
            table(
                "One cell of the crossing table.",
                &[
                    ("term", subject()),
                    ("relation", word::<Relation>("Which relation.")),
                    ("value", word::<Crossing>("How it crosses instead.")),
                    ("reason", filled("Why.")),
                ],
                &["term", "relation", "value", "reason"],
            ),
        ),
        (
            "clarify",
            table(
                "What a component's licence really is.",
                &[
                    ("component", component()),
                    ("license", license("Its licence expression.")),
                    (
                        "files",
                        described(
                            json!({ "type": "array", "items": reference("clarified-file") }),
                            "The texts it was read from.",
                        ),
                    ),
                ],
                &["component", "license"],
            ),
        ),
        (
            "clarified-file",
            table(
                "A text on which a clarification was decided.",
                &[("path", text("Relative to the component's folder.")), ("sha256", reference("sha256"))],
                &["path", "sha256"],
            ),
        ),
        (
            "choice",
            table(
                "Which branch of an OR is taken.",
                &[("component", component()), ("license", license("The branch."))],
                &["component", "license"],
            ),
        ),
        (
            "exception",
            table(
                "One finding that is let pass.",
                &[
                    ("component", component()),
                    ("finding", word::<Code>("Only this finding is let pass.")),
                    ("reason", filled("Why.")),
                    ("expires", dated("The last day on which it holds.")),
                    ("approved-by", text("Who decided.")),
                    ("product", text("For this product alone.")),
                    ("version", text("For this version alone, written in full.")),
                    ("terms", list(word::<TermId>(""), "A finding with another term is not covered.")),
                ],
                &["component", "finding", "reason", "expires"],
            ),
        ),
        (
            "attestation",
            table(
                "Evidence for an obligation.",
                &[
                    ("obligation", word::<TermId>("For which obligation.")),
                    ("component", component()),
                    ("evidence", text("Where it can be looked up.")),
                    ("by", text("Who says so.")),
                    ("date", dated("Since when.")),
                ],
                &["obligation", "component", "evidence", "by", "date"],
            ),
        ),
    ]
}

/// Licences, and the terms and facts they hold; graph files have these too.
pub(crate) fn license_tables() -> Vec<(&'static str, Value)> {
    let deliveries = || deliveries("The delivery contexts in which alone it holds. Default: all.");
    // A limit by scale says of what, and how much: it is never a bare word.
    let bare: Vec<&str> = words::<TermId>().into_iter().filter(|term| *term != TermId::ScaleLimit.as_str()).collect();
    let mut tables = vec![
        (
            "license",
            table(
                "A licence of one's own.",
                &[
                    ("id", filled("Its id, such as LicenseRef-Acme.")),
                    ("name", text("Its own name.")),
                    ("source", text("Where it can be read.")),
                    ("aliases", strings("Other words for it.")),
                    ("terms", list(reference("term-or-word"), "What it binds to.")),
                    ("facts", list(reference("fact-or-word"), "What changes how its terms travel.")),
                ],
                &["id"],
            ),
        ),
        ("term-or-word", json!({ "anyOf": [{ "enum": bare }, reference("term")] })),
        ("fact-or-word", json!({ "anyOf": [word::<FactId>(""), reference("fact")] })),
        (
            "term",
            table(
                "A term with its parameters.",
                &[
                    ("id", word::<TermId>("Which term.")),
                    ("clause", text("The clause it was read from.")),
                    ("text", text("A fixed string to be shown or kept.")),
                    ("when", word::<When>("The case in which alone it holds.")),
                    ("only-in", deliveries()),
                    ("prefix", text("With what the name of a derived model starts.")),
                    ("scope", word::<Scope>("How far it reaches; which words fit depends on the term.")),
                    ("compatible", strings("Licences under which a derivative may go out instead.")),
                    ("tolerates", list(word::<TermId>(""), "Terms of others that are no added restriction.")),
                    ("ends", word::<Ends>("What a suit ends.")),
                    ("defensive-exempt", flag("Whether suits in answer to a suit are exempt.")),
                    ("url", text("Where the policy that is part of the licence stands.")),
                    ("mutable", flag("Whether the licensor can change that policy later.")),
                    ("fields", strings("Fields of use that are barred.")),
                    ("metric", word::<Metric>("What a scale limit counts.")),
                    ("threshold", whole_number("The number above which another licence is needed.")),
                    ("currency", text("ISO 4217 code of a threshold in money.")),
                    ("as-of", word::<AsOf>("On which day the scale is looked at.")),
                    ("territories", strings("Territories that are excluded.")),
                    ("same-family-allowed", flag("Whether models of the same family may be improved all the same.")),
                    ("how", list(word::<Control>(""), "How the licensor keeps control.")),
                    ("outputs", flag("Whether it also reaches outputs.")),
                ],
                &["id"],
            ),
        ),
        (
            "fact",
            table(
                "A fact with its parameters.",
                &[
                    ("id", word::<FactId>("Which fact.")),
                    ("clause", text("The clause it was read from.")),
                    ("of", list(word::<Results>(""), "What is freed.")),
                    ("date", text("The day from which the later licence applies, as YYYY-MM-DD.")),
                    ("after", text("How long after release, as the licence says it.")),
                    ("license", text("The licence that applies from then on.")),
                ],
                &["id"],
            ),
        ),
    ];
    for (_, term) in tables.iter_mut().filter(|(name, _)| *name == "term") {
        set(
            term,
            "if",
            json!({ "anyOf": [
            { "properties": { "id": { "const": TermId::ScaleLimit.as_str() } } },
            { "required": ["when"], "properties": { "when": { "const": When::Scale.as_str() } } },
        ] }),
        );
        set(term, "then", json!({ "required": ["metric", "threshold"] }));
    }
    tables
}

fn model_tables() -> Vec<(&'static str, Value)> {
    let kinds: Vec<&str> = Kind::ALL
        .iter()
        .filter(|kind| !matches!(kind, Kind::Product | Kind::Package))
        .map(|kind| kind.as_str())
        .collect();
    let lineage: Vec<&str> =
        Relation::ALL.iter().filter(|relation| relation.is_lineage()).map(|relation| relation.as_str()).collect();
    let parts: Vec<(&str, Value)> = PARTS.iter().map(|part| (*part, text("A licence, or `absent`."))).collect();
    let keys = vec![
        ("name", filled("Its name.")),
        ("purl", described(json!({ "type": "string", "pattern": "^pkg:" }), "Its package URL, with the revision.")),
        ("kind", described(json!({ "enum": kinds }), "What it is. Default: model; dataset below `trained-on`.")),
        ("task", text("Its task, as a Hugging Face pipeline tag.")),
        ("family", text("Its family, such as llama-2.")),
        ("use", word::<Use>("How it is used. A service is hosted without saying so.")),
        ("path", text("Its file; globs are allowed.")),
        ("sha256", reference("sha256")),
        ("license", text("Its licence: an SPDX expression, a Hugging Face id, or LicenseRef-….")),
        ("license-file", text("The file in which that licence stands.")),
        ("required-features", strings("The features with which alone it is used.")),
        ("target", text("The platforms on which alone it is used: a triple or a cfg(…).")),
        ("claims", strings("What its project says about it in public.")),
        ("released", dated("The day it was released.")),
        ("from", list(reference("origin"), "What it was made from.")),
        ("parts", table("What is public of it.", &parts, &[])),
    ];
    let named = json!([{ "required": ["name"] }, { "required": ["purl"] }]);
    let summed = json!({ "sha256": ["path"] });
    let mut model = keys.clone();
    model.push(("crate", text("The crate that uses it. Default: every product does.")));
    let mut model = table("A declared artefact.", &model, &[]);
    let used = json!([{ "anyOf": [
        { "required": ["use"] },
        { "required": ["kind"], "properties": { "kind": { "const": Kind::Service.as_str() } } },
    ] }]);
    let mut origin = keys;
    origin.push(("relation", described(json!({ "enum": lineage }), "How it was made from this. Default: derived.")));
    origin.push(("how", word::<How>("What was done.")));
    let mut origin = table("What an artefact was made from.", &origin, &[]);
    for definition in [&mut model, &mut origin] {
        set(definition, "anyOf", named.clone());
        set(definition, "dependentRequired", summed.clone());
    }
    set(&mut model, "allOf", used);
    vec![("model", model), ("origin", origin)]
}

/// A table that has these keys and no others.
pub(crate) fn table(description: &str, keys: &[(&str, Value)], required: &[&str]) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let mut table = json!({ "description": description, "type": "object", "additionalProperties": false, "properties": properties });
    if !required.is_empty() {
        set(&mut table, "required", json!(required));
    }
    table
}

fn words<W: Word>() -> Vec<&'static str> {
    W::ALL.iter().map(|word| word.as_str()).collect()
}

pub(crate) fn word<W: Word>(description: &str) -> Value {
    described(json!({ "enum": words::<W>() }), description)
}

fn subject() -> Value {
    let words: Vec<&str> = Subject::term_words().chain([NOT_OPEN]).collect();
    described(json!({ "enum": words }), "A term, a class of terms, or not-open.")
}

fn levels(description: &str, words: Vec<&str>) -> Value {
    let properties: Vec<(&str, Value)> = words.into_iter().map(|word| (word, reference("level"))).collect();
    table(description, &properties, &[])
}

fn rows(definition: &str, description: &str) -> Value {
    list(reference(definition), description)
}

pub(crate) fn list(items: Value, description: &str) -> Value {
    let mut schema = json!({ "type": "array" });
    set(&mut schema, "items", items);
    described(schema, description)
}

pub(crate) fn deliveries(description: &str) -> Value {
    list(word::<Delivery>(""), description)
}

pub(crate) fn strings(description: &str) -> Value {
    list(json!({ "type": "string" }), description)
}

pub(crate) fn text(description: &str) -> Value {
    described(json!({ "type": "string" }), description)
}

fn filled(description: &str) -> Value {
    described(reference("filled"), description)
}

fn dated(description: &str) -> Value {
    described(reference("date"), description)
}

pub(crate) fn flag(description: &str) -> Value {
    described(json!({ "type": "boolean" }), description)
}

fn whole_number(description: &str) -> Value {
    described(json!({ "type": "integer", "minimum": 0 }), description)
}

pub(crate) fn reference(definition: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{definition}") })
}

/// Sets a key of a schema.
pub(crate) fn set(schema: &mut Value, key: &str, value: Value) {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert(key.to_owned(), value);
    }
}

fn described(mut schema: Value, description: &str) -> Value {
    if !description.is_empty() {
        set(&mut schema, "description", json!(description));
    }
    schema
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;
    use std::fmt;

    use serde::Deserialize;
    use serde::de::{Deserializer, Error, Visitor};
    use serde::forward_to_deserialize_any;

    use super::*;
    use crate::artifact::declared::ModelTable;
    use crate::license::catalogue::License;
    use crate::policy::file::{
        AttestationRow, ChoiceRow, ClarifiedFileRow, ClarifyRow, CrossingRow, ExceptionRow, ProductRow, ScaleRow,
    };
    use crate::vocabulary::{Fact, Term};

    /// Asked for a struct, answers with the names of its fields.
    struct Probe;

    #[derive(Debug, Default)]
    struct Fields(&'static [&'static str]);

    impl fmt::Display for Fields {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{:?}", self.0)
        }
    }

    impl std::error::Error for Fields {}

    impl Error for Fields {
        fn custom<T: fmt::Display>(_: T) -> Self {
            Self::default()
        }
    }

    impl<'de> Deserializer<'de> for Probe {
        type Error = Fields;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fields> {
            Err(Fields::default())
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Fields> {
            Err(Fields(fields))
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    /// The keys that the reader takes for a table.
    pub(crate) fn fields<T: for<'de> Deserialize<'de>>() -> BTreeSet<&'static str> {
        T::deserialize(Probe).err().unwrap_or_default().0.iter().copied().collect()
    }

    fn keys(definition: &str) -> BTreeSet<String> {
        let schema = schema();
        let keys = schema["$defs"][definition]["properties"].as_object();
        keys.expect("a table").keys().cloned().collect()
    }

    #[test]
    fn every_table_has_the_keys_that_the_reader_takes() {
        let cases = [
            ("product", fields::<ProductRow>()),
            ("scale-entry", fields::<ScaleRow>()),
            ("crossing", fields::<CrossingRow>()),
            ("license", fields::<License>()),
            ("term", fields::<Term>()),
            ("fact", fields::<Fact>()),
            ("clarify", fields::<ClarifyRow>()),
            ("clarified-file", fields::<ClarifiedFileRow>()),
            ("choice", fields::<ChoiceRow>()),
            ("exception", fields::<ExceptionRow>()),
            ("attestation", fields::<AttestationRow>()),
        ];
        for (definition, fields) in cases {
            assert!(!fields.is_empty(), "{definition}");
            assert_eq!(keys(definition), fields.into_iter().map(str::to_owned).collect(), "{definition}");
        }
        // The reader has one table for both; which key may stand where, it checks afterwards.
        let both: BTreeSet<String> = keys("model").union(&keys("origin")).cloned().collect();
        assert_eq!(both, fields::<ModelTable>().into_iter().map(str::to_owned).collect());
        assert_eq!(keys("model").difference(&keys("origin")).collect::<Vec<_>>(), ["crate"]);
        assert_eq!(keys("origin").difference(&keys("model")).collect::<Vec<_>>(), ["how", "relation"]);
    }

    #[test]
    fn every_key_is_described() {
        let schema = schema();
        for key in KEYS {
            assert!(schema["properties"][key]["description"].is_string(), "{key}");
        }
    }
}
