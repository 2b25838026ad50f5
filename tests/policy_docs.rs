//! What is written about policies: the schema for editors says what the reader takes, and every example in the docs loads.
//!
//! `COVENANT_BLESS=1 cargo test --test policy_docs` writes the schemas anew.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on should stop")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_covenant::artifact::declared::of_package;
use cargo_covenant::graph;
use cargo_covenant::policy::load;
use cargo_covenant::policy::load::{Sources, built_in_names};
use cargo_covenant::policy::schema::schema;
use cargo_covenant::source::SourceFile;
use toml::{Table, Value};

/// Everything that a policy can say, in one.
const WHOLE: &str = r#"
extends = ["open-source"]

[context]
delivery = ["binary"]
commercial = true
interactive = false
consumer-device = false
monthly-active-users = 2_000_000
daily-active-users = 400_000
headcount = [{ on = 2024-01-01, value = 90 }, { on = 2026-01-01, value = 120 }]
annual-revenue-usd = 5_000_000
monthly-revenue-eur = 400_000
territories = ["US", "EU"]
fields = ["translation"]

[product.assistant-server]
delivery = ["service"]
features = ["server"]
targets = ["x86_64-unknown-linux-gnu"]
license = "MIT OR Apache-2.0"
ship = true

[build]
targets = ["x86_64-unknown-linux-gnu"]

[open]
software = ["osi", "fsf", "reviewed"]
data = ["osi", "fsf", "open-data"]
weights = ["osi", "fsf", "open-data", "openmdw"]
service = []
minimum = "open-weights"

[lints]
license-mismatch = "deny"

[terms]
source-of-work = "deny"
source = "warn"

[licenses]
allow = []
deny = ["AGPL-3.0-only"]

[relations]
dev = "warn"

[[crossing]]
term = "source-of-work"
relation = "embedded"
value = "up"
reason = "our counsel treats embedded data as one work"

[[license]]
id = "LicenseRef-Acme"
name = "Acme Licence"
source = "https://acme.example/licence"
aliases = ["acme"]
terms = [
    "keep-copyright",
    { id = "scale-limit", metric = "annual-revenue", threshold = 1_000_000, currency = "USD", as-of = "continuing" },
    { id = "same-license", scope = "work", compatible = ["MIT"], only-in = ["binary"], when = "modified", clause = "2" },
    { id = "patent-retaliation", scope = "patent", ends = "all-grants", defensive-exempt = true },
    { id = "licensor-control", how = ["remote"], url = "https://acme.example/use", mutable = true },
    { id = "no-output-training", scope = "other-llm", same-family-allowed = true, outputs = true },
    { id = "no-added-restrictions", tolerates = ["keep-copyright"], text = "a", prefix = "b" },
    { id = "territory-limit", territories = ["EU"], fields = ["c"] },
]
facts = ["outputs-unclaimed", { id = "opens-later", date = "2030-01-01", after = "4 years", license = "MIT", of = ["outputs"], clause = "3" }]

[[clarify]]
component = "ring@0.17"
license = "ISC AND MIT AND OpenSSL"
files = [{ path = "LICENSE", sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }]

[[choice]]
component = "wezterm-font"
license = "MIT"

[[exception]]
component = "kalosm-llama"
finding = "undeclared-model"
reason = "presets are not compiled in: we pass our own source"
expires = 2027-03-01
approved-by = "ospo"
product = "assistant"
version = "0.4.4"
terms = ["scale-limit"]

[[attestation]]
obligation = "display-attribution"
component = "llama-3.1-8b"
evidence = "docs/about.png"
by = "release manager"
date = 2026-11-02

[[model]]
crate = "kalosm-llama"
name = "support-chat"
purl = "pkg:huggingface/acme/support-chat-lora@8a1f3c2"
kind = "adapter"
task = "text-generation"
family = "llama-2"
use = "downloaded"
path = "models/support-chat.safetensors"
sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
license = "Apache-2.0"
license-file = "models/LICENSE"
required-features = ["chat"]
target = 'cfg(not(target_arch = "wasm32"))'
claims = ["open-source"]
released = 2024-07-23

[[model.from]]
relation = "adapter-of"
how = "lora"
name = "llama-2-7b-chat"
license = "llama2"
from = [{ name = "llama-2-7b" }]

[model.parts]
weights = "Apache-2.0"
inference-code = "MIT"
training-code = "absent"
data = "absent"
model-card = "CC-BY-4.0"

[[model]]
name = "chat-api"
kind = "service"
"#;

fn home(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Holds a schema against the file that is committed, or writes that file.
fn is_committed(schema: &serde_json::Value, path: &str) {
    let path = home(path);
    if std::env::var_os("COVENANT_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, serde_json::to_string_pretty(schema).unwrap() + "\n").unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let committed: serde_json::Value = serde_json::from_str(&committed).unwrap_or_default();
    assert!(committed == *schema, "{} is stale: run this test with COVENANT_BLESS=1", path.display());
}

/// What is wrong with a policy, if anything.
fn fault(text: &str) -> Option<String> {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("policies")).unwrap();
    fs::write(root.path().join("policies/company.toml"), "").unwrap();
    fs::write(root.path().join("covenant.toml"), text).unwrap();
    load(&Sources { root: Some(root.path()), ..Sources::default() }).err().map(|error| error.to_string())
}

/// TOML as a validator sees it: a date is a string there.
fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Datetime(date) => date.to_string().into(),
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Table(table) => table.iter().map(|(key, value)| (key.clone(), json(value))).collect(),
        other => serde_json::to_value(other).unwrap(),
    }
}

fn toml(text: &str) -> Value {
    Value::Table(text.parse::<Table>().unwrap_or_else(|error| panic!("{error}\n{text}")))
}

/// The value with one thing changed, in every way: a key left out or made up, a value of another type.
fn mutants(path: &str, value: &Value) -> Vec<(String, Value)> {
    let other = if value.is_bool() { Value::Integer(1) } else { Value::Boolean(true) };
    let mut all = vec![(format!("{path}: another type"), other)];
    match value {
        Value::Table(table) => {
            let mut more = table.clone();
            more.insert("zzz".to_owned(), Value::Integer(1));
            all.push((format!("{path}.zzz: made up"), Value::Table(more)));
            for (key, inner) in table {
                let mut less = table.clone();
                less.remove(key);
                all.push((format!("{path}.{key}: left out"), Value::Table(less)));
                for (name, mutant) in mutants(&format!("{path}.{key}"), inner) {
                    let mut changed = table.clone();
                    changed.insert(key.clone(), mutant);
                    all.push((name, Value::Table(changed)));
                }
            }
        }
        Value::Array(items) => {
            for (number, inner) in items.iter().enumerate() {
                for (name, mutant) in mutants(&format!("{path}[{number}]"), inner) {
                    let mut changed = items.clone();
                    changed[number] = mutant;
                    all.push((name, Value::Array(changed)));
                }
            }
        }
        Value::Integer(_) => all.push((format!("{path}: below zero"), Value::Integer(-1))),
        Value::String(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
    all
}

#[test]
fn the_committed_schemas_are_what_the_code_says() {
    is_committed(&schema(), "docs/schema/covenant.schema.json");
    is_committed(&graph::schema::schema(), "docs/schema/graph.schema.json");
}

#[test]
fn the_schemas_are_schemas() {
    jsonschema::meta::validate(&schema()).unwrap();
    jsonschema::meta::validate(&graph::schema::schema()).unwrap();
}

#[test]
fn the_schema_takes_every_built_in_policy() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let files: BTreeSet<String> = fs::read_dir(home("policies"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            let policy = toml(&fs::read_to_string(&path).unwrap());
            let errors: Vec<String> = validator.iter_errors(&json(&policy)).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
            path.file_stem().unwrap().to_string_lossy().into_owned()
        })
        .collect();
    assert_eq!(files, built_in_names().map(str::to_owned).collect());
}

#[test]
fn the_schema_and_the_reader_agree() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let whole = toml(WHOLE);
    assert_eq!(fault(WHOLE), None);
    let errors: Vec<String> = validator.iter_errors(&json(&whole)).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");

    let mut differ = Vec::new();
    let (mut sound, mut broken) = (0, 0);
    for (name, mutant) in mutants("", &whole) {
        let Value::Table(table) = &mutant else { continue };
        let fault = fault(&toml::to_string(table).unwrap());
        match (&fault, validator.is_valid(&json(&mutant))) {
            (None, true) => sound += 1,
            (Some(_), false) => broken += 1,
            (None, false) => differ.push(format!("only the schema refuses {name}")),
            (Some(fault), true) => differ.push(format!("only the reader refuses {name}: {fault}")),
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
    assert!(sound > 50 && broken > 200, "{sound} sound, {broken} broken");
}

/// A graph that says everything a graph can say.
const GRAPH: &str = r#"
format = "covenant-graph"
version = 1

[[components]]
id = "app"
kind = "product"
license = "MIT"
delivery = ["binary"]
published = false
private = false
features = ["chat"]

[[components]]
id = "lib@1.0.0"
kind = "package"
name = "lib"
version = "1.0.0"
purl = "pkg:cargo/lib@1.0.0"
license = "LGPL-2.1-only"
license-file = "COPYING"
modified = false
ships = true
data-package = false

[[components]]
id = "model"
kind = "model"
terms = ["keep-copyright", { id = "scale-limit", metric = "headcount", threshold = 100 }]
facts = ["outputs-unclaimed", { id = "results-unencumbered", of = ["outputs"] }]
task = "text-generation"
family = "llama-2"
released = "2024-07-23"
claims = ["open-source"]
parts = { weights = "Apache-2.0" }

[[relations]]
from = "app"
to = "lib@1.0.0"
relation = "dynamic-link"
products = ["app"]

[[relations]]
from = "app"
to = "model"
relation = "derived"
how = "quantized"
"#;

#[test]
fn the_schema_of_graphs_and_their_reader_agree() {
    let validator = jsonschema::validator_for(&graph::schema::schema()).unwrap();
    let whole = toml(GRAPH);
    let mutants = mutants("", &whole).into_iter().filter(|(_, mutant)| mutant.is_table());
    let mut differ = Vec::new();
    let (mut sound, mut broken) = (0, 0);
    for (name, mutant) in mutants.chain([("nothing".to_owned(), whole)]) {
        let document = json(&mutant);
        let read = graph::file::read(&SourceFile::new("graph.json", document.to_string()));
        match (read, validator.is_valid(&document)) {
            (Ok(_), true) => sound += 1,
            (Err(_), false) => broken += 1,
            (Ok(_), false) => differ.push(format!("only the schema refuses {name}")),
            (Err(fault), true) => differ.push(format!("only the reader refuses {name}: {fault}")),
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
    assert!(sound > 20 && broken > 50, "{sound} sound, {broken} broken");
}

#[test]
fn the_schema_refuses_words_that_nobody_knows() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for text in [
        "[lints]\nunlicensed = 'denny'",
        "[lints]\nunlicenced = 'deny'",
        "[terms]\nnot-open = 'deny'",
        "[terms]\nsorce = 'deny'",
        "[open]\nsoftware = ['ozi']",
        "[open]\nminimum = 'open-weight'",
        "[relations]\ndev-dependency = 'warn'",
        "[context]\ndelivery = ['binery']",
        "[context]\nannual-revenue = 1",
        "[context]\nannual-revenue-USD = 1",
        "[[crossing]]\nterm = 'source'\nrelation = 'dev'\nvalue = 'no'\nreason = 'a'",
        "[[exception]]\ncomponent = 'a'\nfinding = 'unlicensed'\nreason = ' '\nexpires = 2027-01-01",
        "[[clarify]]\ncomponent = 'a'\nlicense = 'MIT'\nfiles = [{ path = 'a', sha256 = 'b' }]",
        "[[model]]\nname = 'a'",
        "[[model]]\nuse = 'dev'",
        "[[model]]\nname = 'a'\nuse = 'dev'\nkind = 'package'",
        "[[model]]\nname = 'a'\nuse = 'dev'\npurl = 'huggingface/a'",
        "[[model]]\nname = 'a'\nuse = 'dev'\nrelation = 'derived'",
        "[[model]]\nname = 'a'\nuse = 'dev'\nfrom = [{ name = 'b', relation = 'embedded' }]",
    ] {
        assert!(fault(text).is_some(), "the reader takes {text}");
        assert!(!validator.is_valid(&json(&toml(text))), "the schema takes {text}");
    }
}

/// The examples of a page; one that shows several files, each under a comment with its name, counts as several.
fn examples(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let blocks = text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let files = |block: &str| -> Vec<String> {
        let mut files = vec![String::new()];
        for line in block.lines() {
            if matches!(line, "# Cargo.toml" | "# covenant.toml") {
                files.push(String::new());
            }
            let last = files.last_mut().unwrap();
            *last += line;
            *last += "\n";
        }
        files.into_iter().filter(|file| !file.trim().is_empty()).collect()
    };
    blocks.flat_map(files).collect()
}

/// What is wrong with an example, as the policy or the manifest that it is.
fn example_fault(example: &str) -> Option<String> {
    let is_manifest = ["package", "workspace", "dependencies"].iter().any(|key| toml(example).get(*key).is_some());
    if !is_manifest {
        return fault(example);
    }
    // A table below a model's belongs to the one that is shown before it.
    let above = "[[package.metadata.covenant.model]]\nname = 'above'\nuse = 'dev'\n";
    let goes_on = example.starts_with("[[package.metadata.covenant.model.")
        || example.starts_with("[package.metadata.covenant.model.");
    let text = if goes_on { above.to_owned() + example } else { example.to_owned() };
    let (_, faults) = of_package(&SourceFile::new("Cargo.toml", text));
    faults.first().map(ToString::to_string)
}

#[test]
fn every_example_in_the_docs_loads() {
    let mut pages = vec![home("docs/policy.md"), home("docs/guide.md"), home("docs/README.md")];
    for folder in ["docs/findings", "docs/terms"] {
        pages.extend(fs::read_dir(home(folder)).unwrap().map(|entry| entry.unwrap().path()));
    }
    pages.sort();
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let mut wrong = Vec::new();
    let mut policies = 0;
    for page in pages {
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        let examples = examples(&page);
        for (number, example) in examples.iter().enumerate() {
            // The last example of this page shows what the finding is about.
            let meant_to_fail = name == "invalid-metadata.md" && number + 1 == examples.len();
            let fault = example_fault(example);
            if fault.is_some() != meant_to_fail {
                wrong.push(format!("{name}, example {}: {fault:?}\n{example}", number + 1));
            }
            let parsed = toml(example);
            if ["package", "workspace", "dependencies"].iter().all(|key| parsed.get(*key).is_none()) {
                policies += 1;
                if !validator.is_valid(&json(&parsed)) {
                    wrong.push(format!("{name}, example {}: the schema refuses it\n{example}", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(policies > 30, "{policies}");
}

#[test]
fn the_page_on_policies_names_every_key() {
    let page = fs::read_to_string(home("docs/policy.md")).unwrap();
    let schema = schema();
    let mut missing = Vec::new();
    let mut wants = |key: &str| {
        let written = [format!("`{key}`"), format!("[{key}]"), format!("[{key}.NAME]")];
        if !written.iter().any(|written| page.contains(written)) {
            missing.push(key.to_owned());
        }
    };
    let top = schema["properties"].as_object().unwrap();
    for (key, value) in top {
        wants(key);
        if !["lints", "terms"].contains(&key.as_str()) {
            value["properties"].as_object().into_iter().flatten().for_each(|(key, _)| wants(key));
        }
    }
    for definition in ["product", "crossing", "license", "clarify", "choice", "exception", "attestation"] {
        schema["$defs"][definition]["properties"].as_object().unwrap().keys().for_each(|key| wants(key));
    }
    for word in schema["$defs"]["crossing"]["properties"]["value"]["enum"].as_array().unwrap() {
        wants(word.as_str().unwrap());
    }
    assert!(missing.is_empty(), "{missing:?}");
}
