//! Compiles the catalogues under `policies/catalog/` and the pages under `docs/` into the crate.
//!
//! The catalogues are TOML, for people; what the library loads is one JSON document per file, with `like` rows
//! written out, so that nothing is parsed as TOML at start-up. Whether each row says something meaningful is checked by
//! the tests of `license::catalogue`, which know the vocabulary; here only the shape is.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::{Map, Value};

/// The files whose `[[license]]` rows make up the catalogue of licences; `like` may name a row of any of them.
const LICENSE_FILES: &[&str] = &["licenses", "copyleft", "data-licenses", "source-available", "model-licenses"];

/// The other catalogues, handed on as they are.
const PLAIN_FILES: &[&str] = &["exceptions", "authorities", "crossings", "curations", "territories"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=policies");
    println!("cargo::rerun-if-changed=docs");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    let catalog = root.join("policies/catalog");

    let mut rows: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for file in LICENSE_FILES {
        let path = catalog.join(file).with_extension("toml");
        for row in take_rows(&read(&path)?, "license", &path)? {
            let id = text(&row, "id").ok_or_else(|| format!("{}: a row has no id", path.display()))?;
            if rows.insert(id.clone(), row).is_some() {
                return Err(format!("{}: `{id}` has two rows", path.display()).into());
            }
        }
    }
    let licenses = rows.keys().map(|id| resolve(id, &rows, 0).map(Value::Object)).collect::<Result<Vec<_>, _>>()?;
    fs::write(out.join("licenses.json"), Value::Array(licenses).to_string())?;

    for file in PLAIN_FILES {
        let value = read(&catalog.join(file).with_extension("toml"))?;
        fs::write(out.join(file).with_extension("json"), value.to_string())?;
    }

    fs::write(out.join("pages.rs"), pages(&root)?)?;
    Ok(())
}

/// A TOML file as JSON; dates become strings.
fn read(path: &Path) -> Result<Value, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let table: toml::Table = text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(json(toml::Value::Table(table)))
}

fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(json).collect()),
        toml::Value::Table(table) => Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect()),
    }
}

fn text(row: &Map<String, Value>, key: &str) -> Option<String> {
    row.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn take_rows(file: &Value, key: &str, path: &Path) -> Result<Vec<Map<String, Value>>, Box<dyn Error>> {
    let rows = file.get(key).and_then(Value::as_array);
    let rows = rows.ok_or_else(|| format!("{}: no [[{key}]] rows", path.display()))?;
    rows.iter()
        .map(|row| {
            let row = row.as_object().cloned();
            row.ok_or_else(|| format!("{}: a {key} is no table", path.display()).into())
        })
        .collect()
}

/// A row with what it is `like` written out: terms and facts of the other row, less `without`, replaced by id by its own.
fn resolve(
    id: &str,
    rows: &BTreeMap<String, Map<String, Value>>,
    depth: usize,
) -> Result<Map<String, Value>, Box<dyn Error>> {
    let mut row = rows.get(id).cloned().ok_or_else(|| format!("no row for `{id}`"))?;
    let without: Vec<String> = match row.remove("without") {
        Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let Some(Value::String(like)) = row.remove("like") else {
        return Ok(row);
    };
    if depth > 8 {
        return Err(format!("`{id}`: `like` goes round in circles").into());
    }
    let parent = resolve(&like, rows, depth + 1).map_err(|error| format!("`{id}`: {error}"))?;
    for list in ["terms", "facts"] {
        let own = row.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
        let own_ids: Vec<String> = own.iter().filter_map(atom_id).collect();
        let inherited = parent.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
        let mut all: Vec<Value> = inherited
            .into_iter()
            .filter(|atom| atom_id(atom).is_none_or(|id| !own_ids.contains(&id) && !without.contains(&id)))
            .collect();
        all.extend(own);
        row.insert(list.to_owned(), Value::Array(all));
    }
    Ok(row)
}

fn atom_id(atom: &Value) -> Option<String> {
    let id = atom.as_str().or_else(|| atom.get("id").and_then(Value::as_str));
    id.map(str::to_owned)
}

/// A table of the pages that `explain` prints: `(name, text)`, findings before terms.
fn pages(root: &Path) -> Result<String, Box<dyn Error>> {
    let mut code = String::new();
    for (table, folder) in [("FINDING_PAGES", "docs/findings"), ("TERM_PAGES", "docs/terms")] {
        writeln!(code, "pub(crate) static {table}: &[(&str, &str)] = &[")?;
        let mut files: Vec<PathBuf> = fs::read_dir(root.join(folder))
            .map_err(|error| format!("{folder}: {error}"))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|ext| ext == "md")) {
            let name = file.file_stem().and_then(|stem| stem.to_str()).ok_or("a page has no name")?;
            writeln!(code, "    ({name:?}, include_str!({:?})),", file.display().to_string())?;
        }
        writeln!(code, "];")?;
    }
    Ok(code)
}
