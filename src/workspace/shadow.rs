//! Where something was never downloaded: the resolve of the products alone.
//!
//! `cargo metadata` resolves every member with its dev-dependencies, while `cargo build` downloads neither the
//! dev-dependencies nor what only other members need. After a plain build without a network, the question is therefore
//! asked again of a shadow: manifests in a temporary directory, at the same paths below it, that hold less.
//!
//! 1. The members are the products' packages, and the members that these depend on by path.
//! 2. Dev-dependencies are gone, and with them features of theirs. Default features are asked for by name, for the
//!    products' packages only: a member that is only depended on must not bring its own.
//! 3. All paths to files are absolute and lead to the real files; a path to a shadowed member leads to its shadow. Targets
//!    are listed one by one, since Cargo could find none beside a shadow.
//! 4. The lock file is a copy, so that versions stay as they are, and what Cargo drops from it is dropped from the copy.
//! 5. In the answer, the directory's own path is taken away again, and every path and id is the real one.
//!
//! It says resolver 2 whatever the workspace says: this changes nothing in which versions and links are resolved, and lets
//! features of members be named under every root.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use cargo_metadata::{CrateType, Metadata, Package, TargetKind};
use toml::{Table, Value};

/// A shadow that stands in for a workspace as long as it lives.
pub(crate) struct Shadow {
    directory: tempfile::TempDir,
    root: PathBuf,
}

impl Shadow {
    /// The shadow of the workspace of `metadata`, with the packages named in `wanted` and what they depend on.
    ///
    /// # Errors
    ///
    /// If a manifest cannot be read or the shadow cannot be written; the message says which.
    pub(crate) fn of(metadata: &Metadata, wanted: &BTreeSet<&str>) -> Result<Self, String> {
        let directory = tempfile::Builder::new()
            .prefix("cargo-covenant-")
            .tempdir()
            .map_err(|error| format!("create a temporary directory: {error}"))?;
        // Cargo may resolve links in what it prints, and what it prints has to begin like this.
        let base = directory.path().canonicalize().map_err(|error| format!("find the temporary directory: {error}"))?;
        let plan =
            Plan { base: &base, real_root: metadata.workspace_root.as_std_path(), members: closure(metadata, wanted) };
        let root = plan.shadow(plan.real_root);
        let mut root_is_written = false;
        for package in plan.members.values() {
            let real = package.manifest_path.as_std_path();
            let is_root = real.parent() == Some(plan.real_root);
            root_is_written |= is_root;
            let manifest = plan.member(package, read(real)?, is_root);
            write(&plan.shadow(real), &manifest)?;
        }
        if !root_is_written {
            write(&root.join("Cargo.toml"), &plan.virtual_root(read(&plan.real_root.join("Cargo.toml"))?))?;
        }
        let lock = plan.real_root.join("Cargo.lock");
        if lock.is_file() {
            std::fs::copy(&lock, root.join("Cargo.lock"))
                .map_err(|error| format!("copy {}: {error}", lock.display()))?;
        }
        Ok(Self { directory, root })
    }

    /// The root manifest of the shadow.
    pub(crate) fn manifest(&self) -> PathBuf {
        self.root.join("Cargo.toml")
    }

    /// What Cargo says of the shadow, as if it said it of the workspace.
    pub(crate) fn reveal(&self, json: &str) -> String {
        let base = self.directory.path().canonicalize().unwrap_or_else(|_| self.directory.path().to_owned());
        json.replace(&base.to_string_lossy().into_owned(), "")
    }
}

struct Plan<'m> {
    base: &'m Path,
    real_root: &'m Path,
    /// By directory.
    members: BTreeMap<&'m Path, &'m Package>,
}

impl Plan<'_> {
    /// Where the shadow of `real` is, an absolute path.
    fn shadow(&self, real: &Path) -> PathBuf {
        let below = real.components().filter(|part| matches!(part, Component::Normal(_)));
        self.base.join(below.collect::<PathBuf>())
    }

    /// Where a path in a manifest of `directory` leads, from the shadow.
    fn led(&self, directory: &Path, path: &str) -> Value {
        let real = normal(&directory.join(path));
        let led = if self.members.contains_key(real.as_path()) { self.shadow(&real) } else { real };
        Value::String(led.to_string_lossy().into_owned())
    }

    fn member(&self, package: &Package, mut manifest: Table, is_root: bool) -> Table {
        let directory = package.manifest_path.as_std_path().parent().unwrap_or(self.real_root);
        drop_dev(&mut manifest);
        for_each_dependencies(&mut manifest, &mut |table| self.lead_dependencies(directory, table));
        drop_features_of_nothing(&mut manifest);
        for key in ["lib", "bin", "example", "test", "bench"] {
            manifest.remove(key);
        }
        list_targets(package, &mut manifest);
        for key in ["package", "project"] {
            let Some(Value::Table(table)) = manifest.get_mut(key) else { continue };
            table.remove("workspace");
            table.remove("resolver");
            if !is_root {
                table.insert(
                    "workspace".to_owned(),
                    Value::String(self.shadow(self.real_root).to_string_lossy().into_owned()),
                );
            }
        }
        if is_root {
            self.root_tables(&mut manifest);
        }
        manifest
    }

    fn virtual_root(&self, mut manifest: Table) -> Table {
        manifest.retain(|key, _| matches!(key, "workspace" | "patch" | "replace" | "profile" | "cargo-features"));
        self.root_tables(&mut manifest);
        manifest
    }

    fn root_tables(&self, manifest: &mut Table) {
        for key in ["patch", "replace"] {
            let Some(Value::Table(table)) = manifest.get_mut(key) else { continue };
            if key == "replace" {
                self.lead_dependencies(self.real_root, table);
                continue;
            }
            for (_, registry) in table.iter_mut() {
                if let Value::Table(registry) = registry {
                    self.lead_dependencies(self.real_root, registry);
                }
            }
        }
        let workspace = manifest.entry("workspace").or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(workspace) = workspace else { return };
        for key in ["exclude", "default-members"] {
            workspace.remove(key);
        }
        let members =
            self.members.keys().map(|member| Value::String(self.shadow(member).to_string_lossy().into_owned()));
        workspace.insert("members".to_owned(), Value::Array(members.collect()));
        workspace.insert("resolver".to_owned(), Value::String("2".to_owned()));
        if let Some(Value::Table(dependencies)) = workspace.get_mut("dependencies") {
            self.lead_dependencies(self.real_root, dependencies);
        }
    }

    fn lead_dependencies(&self, directory: &Path, dependencies: &mut Table) {
        for (_, dependency) in dependencies.iter_mut() {
            let Value::Table(dependency) = dependency else { continue };
            if let Some(Value::String(path)) = dependency.get("path") {
                let led = self.led(directory, path);
                dependency.insert("path".to_owned(), led);
            }
        }
    }
}

/// Lists the targets that the build of `package` may need, with absolute paths.
fn list_targets(package: &Package, manifest: &mut Table) {
    let text = |value: &str| Value::String(value.to_owned());
    let mut binaries = Vec::new();
    let mut build = Value::Boolean(false);
    for target in &package.targets {
        let path = text(target.src_path.as_str());
        if target.kind.contains(&TargetKind::CustomBuild) {
            build = path;
        } else if target.kind.contains(&TargetKind::Bin) {
            let required = target.required_features.iter().map(|feature| text(feature)).collect();
            binaries.push(Value::Table(Table::from_iter([
                ("name".to_owned(), text(&target.name)),
                ("path".to_owned(), path),
                ("required-features".to_owned(), Value::Array(required)),
            ])));
        } else if !target
            .kind
            .iter()
            .any(|kind| matches!(kind, TargetKind::Example | TargetKind::Test | TargetKind::Bench))
        {
            let kind = if target.crate_types.contains(&CrateType::ProcMacro) {
                ("proc-macro".to_owned(), Value::Boolean(true))
            } else {
                let types = target.crate_types.iter().map(|kind| text(&kind.to_string())).collect();
                ("crate-type".to_owned(), Value::Array(types))
            };
            let library = [("name".to_owned(), text(&target.name)), ("path".to_owned(), path), kind];
            manifest.insert("lib".to_owned(), Value::Table(Table::from_iter(library)));
        }
    }
    if !binaries.is_empty() {
        manifest.insert("bin".to_owned(), Value::Array(binaries));
    }
    for key in ["package", "project"] {
        let Some(Value::Table(table)) = manifest.get_mut(key) else { continue };
        table.insert("build".to_owned(), build.clone());
        table.remove("default-run");
        for automatic in ["autobins", "autoexamples", "autotests", "autobenches"] {
            table.insert(automatic.to_owned(), Value::Boolean(false));
        }
    }
}

/// The members named in `wanted`, and those below them by normal and build-dependencies, by directory.
fn closure<'m>(metadata: &'m Metadata, wanted: &BTreeSet<&str>) -> BTreeMap<&'m Path, &'m Package> {
    let directory = |package: &'m Package| package.manifest_path.as_std_path().parent();
    let all: BTreeMap<&Path, &Package> =
        metadata.packages.iter().filter_map(|package| Some((directory(package)?, package))).collect();
    let mut todo: Vec<&Path> = all
        .iter()
        .filter(|(_, package)| wanted.contains(package.id.repr.as_str()))
        .map(|(directory, _)| *directory)
        .collect();
    let mut found = BTreeMap::new();
    while let Some(directory) = todo.pop() {
        let Some((directory, package)) = all.get_key_value(directory) else { continue };
        if found.insert(*directory, *package).is_some() {
            continue;
        }
        let used = package.dependencies.iter().filter(|dep| dep.kind != cargo_metadata::DependencyKind::Development);
        todo.extend(used.filter_map(|dep| dep.path.as_ref()).map(|path| path.as_std_path()));
    }
    found
}

fn drop_dev(manifest: &mut Table) {
    for key in ["dev-dependencies", "dev_dependencies"] {
        manifest.remove(key);
        if let Some(Value::Table(targets)) = manifest.get_mut("target") {
            for (_, target) in targets.iter_mut() {
                if let Value::Table(target) = target {
                    target.remove(key);
                }
            }
        }
    }
}

/// Calls `visit` for every dependency table of a package.
fn for_each_dependencies(manifest: &mut Table, visit: &mut impl FnMut(&mut Table)) {
    for key in ["dependencies", "build-dependencies", "build_dependencies"] {
        if let Some(Value::Table(table)) = manifest.get_mut(key) {
            visit(table);
        }
    }
    if let Some(Value::Table(targets)) = manifest.get_mut("target") {
        for (_, target) in targets.iter_mut() {
            if let Value::Table(target) = target {
                for_each_dependencies(target, visit);
            }
        }
    }
}

/// Drops `dependency/feature` from features where the dependency is gone; Cargo would refuse it.
fn drop_features_of_nothing(manifest: &mut Table) {
    let mut names = BTreeSet::new();
    for_each_dependencies(manifest, &mut |table| names.extend(table.keys().cloned()));
    let Some(Value::Table(features)) = manifest.get_mut("features") else { return };
    for (_, feature) in features.iter_mut() {
        let Value::Array(values) = feature else { continue };
        values.retain(|value| {
            let dependency = value.as_str().and_then(|text| text.split_once('/')).map(|(name, _)| name);
            dependency.is_none_or(|name| names.contains(name.strip_suffix('?').unwrap_or(name)))
        });
    }
}

/// `path` without `.` and `..`, by its text alone, as Cargo does it.
fn normal(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            part => result.push(part),
        }
    }
    result
}

fn read(path: &Path) -> Result<Table, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("read {}: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| format!("read {}: {error}", path.display()))
}

fn write(path: &Path, manifest: &Table) -> Result<(), String> {
    let text = toml::to_string(manifest).map_err(|error| format!("write {}: {error}", path.display()))?;
    let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(path, text));
    written.map_err(|error| format!("write {}: {error}", path.display()))
}
