//! The model and data files of `tests/fixtures/assistant` are what `support/model_files.rs` makes,
//! and the manifests say so: each `path` exists, and each `sha256` is that of the file.
//!
//! `COVENANT_BLESS=1 cargo test --test fixture_files` writes the files anew, and their sums into
//! the manifests.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use toml::{Table, Value};

#[path = "support/model_files.rs"]
pub mod model_files;

/// Files that no declaration has as its `path`, because they only say something about another.
const BESIDE_AN_ARTEFACT: [&str; 1] = ["crates/chat/models/support-chat/adapter_config.json"];

/// Steps one after the other in one test: the sums are taken from files that a blessing writes.
#[test]
fn files_and_declared_sums_are_those_of_the_generator() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/assistant");
    let bless = env::var_os("COVENANT_BLESS").is_some_and(|value| value == "1");
    let files = model_files::all();

    if bless {
        for (path, bytes) in &files {
            write(&fixture.join(path), bytes);
        }
        for manifest in manifests(&fixture) {
            bless_sums(&manifest);
        }
    }

    let mut problems = Vec::new();
    for (path, bytes) in &files {
        match fs::read(fixture.join(path)) {
            Ok(committed) if committed == *bytes => {}
            Ok(committed) => problems.push(format!(
                "{path}: differs from the generated file at byte {} ({} bytes committed, {} generated)",
                committed.iter().zip(bytes).take_while(|(left, right)| left == right).count(),
                committed.len(),
                bytes.len(),
            )),
            Err(error) => problems.push(format!("{path}: {error}")),
        }
    }

    let mut declared = BTreeSet::new();
    for manifest in manifests(&fixture) {
        let folder = manifest.parent().expect("a manifest lies in a folder");
        for declaration in declarations(&manifest) {
            if let Some(licence) = text(&declaration, "license-file")
                && !folder.join(licence).is_file()
            {
                problems.push(format!("{}: no file {licence}", below(&fixture, &manifest)));
            }
            let Some(path) = text(&declaration, "path") else {
                continue;
            };
            let file = folder.join(path);
            let name = below(&fixture, &file);
            match fs::read(&file) {
                Ok(bytes) if text(&declaration, "sha256") == Some(&sum(&bytes)) => {}
                Ok(bytes) => problems.push(format!(
                    "{}: sha256 of {path} is {}, not {:?}",
                    below(&fixture, &manifest),
                    sum(&bytes),
                    text(&declaration, "sha256"),
                )),
                Err(error) => problems.push(format!("{}: {path}: {error}", below(&fixture, &manifest))),
            }
            declared.insert(name);
        }
    }

    let generated: BTreeSet<String> = files
        .iter()
        .map(|(path, _)| (*path).to_owned())
        .filter(|path| !BESIDE_AN_ARTEFACT.contains(&&**path))
        .collect();
    problems
        .extend(generated.difference(&declared).map(|path| format!("{path}: generated, but no manifest declares it")));
    problems.extend(declared.difference(&generated).map(|path| format!("{path}: declared, but nothing generates it")));

    assert!(problems.is_empty(), "{}\n(COVENANT_BLESS=1 rewrites the files and the sums)", problems.join("\n"));
}

/// A changed generator must not change with the machine, the time, or the call.
#[test]
fn the_generator_is_deterministic() {
    assert_eq!(model_files::all(), model_files::all());
}

/// The manifests of all packages of the fixture, in order.
fn manifests(fixture: &Path) -> Vec<PathBuf> {
    let mut manifests = vec![fixture.join("assistant/Cargo.toml")];
    let crates = fixture.join("crates");
    let entries = fs::read_dir(&crates).unwrap_or_else(|error| panic!("failed to list {}: {error}", crates.display()));
    manifests.extend(
        entries.filter_map(Result::ok).map(|entry| entry.path().join("Cargo.toml")).filter(|path| path.is_file()),
    );
    manifests.sort();
    manifests
}

/// Every `[[package.metadata.covenant.model]]` of a manifest, and every `from` within.
fn declarations(manifest: &Path) -> Vec<Table> {
    let document: Table =
        read(manifest).parse().unwrap_or_else(|error| panic!("failed to read {}: {error}", manifest.display()));
    let covenant =
        ["package", "metadata", "covenant"].iter().try_fold(document, |mut table, key| match table.remove(*key) {
            Some(Value::Table(inner)) => Some(inner),
            _ => None,
        });
    let mut found = Vec::new();
    let mut pending: Vec<Table> = covenant.iter().flat_map(|covenant| tables(covenant, "model")).collect();
    while let Some(declaration) = pending.pop() {
        pending.extend(tables(&declaration, "from"));
        found.push(declaration);
    }
    found
}

fn tables(table: &Table, key: &str) -> Vec<Table> {
    let entries = table.get(key).and_then(Value::as_array);
    entries.into_iter().flatten().filter_map(Value::as_table).cloned().collect()
}

/// Puts the sum of the file into each `sha256` line that stands directly below a `path` line.
///
/// Line by line, so that comments and layout of the manifest stay as they are.
fn bless_sums(manifest: &Path) {
    let folder = manifest.parent().expect("a manifest lies in a folder");
    let before = read(manifest);
    let mut after = String::new();
    let mut path: Option<&str> = None;
    for line in before.lines() {
        match path {
            Some(path) if line.starts_with("sha256 = ") => {
                let file = folder.join(path);
                let bytes =
                    fs::read(&file).unwrap_or_else(|error| panic!("failed to read {}: {error}", file.display()));
                after.extend(["sha256 = \"", &sum(&bytes), "\""]);
            }
            _ => after.push_str(line),
        }
        after.push('\n');
        path = line.strip_prefix("path = \"").and_then(|rest| rest.strip_suffix('"'));
    }
    if after != before {
        write(manifest, after.as_bytes());
    }
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text<'table>(table: &'table Table, key: &str) -> Option<&'table str> {
    table.get(key).and_then(Value::as_str)
}

/// A path as messages show it: below the fixture, with slashes on every platform.
fn below(fixture: &Path, path: &Path) -> String {
    path.strip_prefix(fixture).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("failed to read {}: {error}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap_or_else(|error| panic!("failed to write {}: {error}", path.display()));
}
