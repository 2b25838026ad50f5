//! Finding, reading and merging policies.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::{KEYS, PolicyFile};
use super::rules::{Loosened, Policy};
use crate::artifact::declared::covenant_table;
use crate::error::{Error, Fault, Faults};
use crate::license::Catalogue;
use crate::source::toml::Reader;
use crate::source::{Mark, SourceFile};
use crate::vocabulary::nearest;

/// The policies that are compiled in.
const BUILT_IN: &[(&str, &str)] = &[
    ("open-source", include_str!("../../policies/open-source.toml")),
    ("osi-strict", include_str!("../../policies/osi-strict.toml")),
    ("permissive", include_str!("../../policies/permissive.toml")),
    ("copyleft-ok", include_str!("../../policies/copyleft-ok.toml")),
    ("open-source-ai", include_str!("../../policies/open-source-ai.toml")),
    ("release", include_str!("../../policies/release.toml")),
];

/// The policy a policy builds on where it does not say.
const DEFAULT: &str = "open-source";

/// The names of the policies that are compiled in.
pub fn built_in_names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

/// Where policies come from.
#[derive(Debug, Clone, Default)]
pub struct Sources<'a> {
    /// A file, or the name of a built-in policy, given on the command line: it stands instead of `covenant.toml`.
    pub given: Option<&'a str>,
    /// The workspace's root, where `covenant.toml` may lie.
    pub root: Option<&'a Path>,
    /// The root manifest, where it has a `[workspace.metadata.covenant]`.
    pub manifest: Option<Arc<SourceFile>>,
}

/// A policy, ready to be asked, and the catalogue with its own licences.
#[derive(Debug)]
pub struct Loaded {
    /// The policy.
    pub policy: Policy,
    /// The catalogue with the policy's licences.
    pub catalogue: Catalogue,
}

/// Reads and merges all that is there: the built-in defaults, what `covenant.toml` extends, the file itself, and the
/// workspace's own metadata.
///
/// # Errors
///
/// Every mistake in every file, each with its place; a cycle in `extends`; a file that cannot be read.
pub fn load(sources: &Sources<'_>) -> Result<Loaded, Error> {
    let mut stack = Stack { merged: Policy::default(), faults: Vec::new(), open: Vec::new(), done: BTreeSet::new() };
    let mut extended = false;
    let own = match (sources.given, sources.root) {
        (Some(given), _) => Some(given.to_owned()),
        (None, Some(root)) => {
            let path = root.join("covenant.toml");
            path.is_file().then(|| path.display().to_string())
        }
        (None, None) => None,
    };
    if let Some(own) = own {
        stack.add(&own, sources.root.unwrap_or(Path::new("")), None)?;
        extended = true;
    }
    if !extended {
        stack.add(DEFAULT, Path::new(""), None)?;
    }
    if let Some(manifest) = &sources.manifest {
        stack.add_metadata(manifest);
    }
    let Stack { mut merged, mut faults, .. } = stack;
    let catalogue = match merged.catalogue(Catalogue::built_in()) {
        Ok(catalogue) => catalogue,
        Err(taken) => {
            faults.extend(taken);
            Catalogue::built_in().clone()
        }
    };
    faults.extend(merged.validate(&catalogue));
    if faults.is_empty() { Ok(Loaded { policy: merged, catalogue }) } else { Err(Error::Faults(Faults(faults))) }
}

struct Stack {
    merged: Policy,
    faults: Vec<Fault>,
    /// The files that are being read, to see a cycle.
    open: Vec<String>,
    /// Files that were merged: a base that two policies share is merged once.
    done: BTreeSet<String>,
}

impl Stack {
    /// Merges what `name` extends, then `name` itself. `folder` is what a path is relative to.
    fn add(&mut self, name: &str, folder: &Path, named_at: Option<&Mark>) -> Result<(), Error> {
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name);
        let (key, file, folder) = match built_in {
            Some((name, text)) => {
                ((*name).to_owned(), SourceFile::new(format!("{name} (built in)"), *text), PathBuf::new())
            }
            None => {
                let path = folder.join(name);
                let looks_like_a_path = name.contains(['/', '\\', '.']);
                if !looks_like_a_path && !path.exists() {
                    let message = unknown_policy(name);
                    self.faults.push(match named_at {
                        Some(mark) => Fault::at(mark.clone(), message),
                        None => Fault::of(name, message),
                    });
                    return Ok(());
                }
                let text = match std::fs::read_to_string(&path) {
                    Ok(text) => text,
                    Err(source) => match named_at {
                        Some(mark) => {
                            let message = format!("the policy it extends cannot be read: {source}");
                            self.faults.push(Fault::at(mark.clone(), message));
                            return Ok(());
                        }
                        None => return Err(Error::Io { action: "read the policy", path, source }),
                    },
                };
                let canonical = path.canonicalize().unwrap_or_else(|_| path.clone());
                let parent = path.parent().map(Path::to_path_buf).unwrap_or_default();
                (canonical.display().to_string(), SourceFile::new(shown(&path), text), parent)
            }
        };
        if self.open.contains(&key) {
            let message = format!("`extends` goes round in circles through `{}`", file.name());
            self.faults.push(match named_at {
                Some(mark) => Fault::at(mark.clone(), message),
                None => Fault::of(file.name(), message),
            });
            return Ok(());
        }
        if self.done.contains(&key) {
            return Ok(());
        }
        let policy = match PolicyFile::parse(&file) {
            Ok(policy) => policy,
            Err(faults) => {
                self.faults.extend(faults);
                return Ok(());
            }
        };
        self.open.push(key.clone());
        match &policy.extends {
            Some(bases) => {
                for (base, mark) in bases {
                    self.add(base, &folder, Some(mark))?;
                }
            }
            None if built_in.is_none() => self.add(DEFAULT, Path::new(""), None)?,
            None => {}
        }
        self.open.pop();
        self.done.insert(key);
        self.merged.merge(policy, built_in.is_none());
        Ok(())
    }

    /// Merges `[workspace.metadata.covenant]`; its models are read with the other manifests'.
    fn add_metadata(&mut self, manifest: &Arc<SourceFile>) {
        let mut reader = Reader::new(manifest);
        let root = reader.parse();
        if let Some((_, mut table)) = covenant_table(&mut reader, root, "workspace") {
            table.remove("model");
            let known: Vec<&str> = KEYS.iter().copied().filter(|key| *key != "extends").collect();
            let policy = PolicyFile::read(&mut reader, table, &known);
            self.merged.merge(policy, true);
        }
        self.faults.extend(reader.finish());
    }
}

fn unknown_policy(name: &str) -> String {
    let shown = crate::source::printable(name);
    match nearest(name, built_in_names()) {
        Some(near) => format!("unknown policy `{shown}`: did you mean `{near}`?"),
        None => {
            let known: Vec<String> = built_in_names().map(|name| format!("`{name}`")).collect();
            format!("unknown policy `{shown}`: built in are {}; a file is named by its path", known.join(", "))
        }
    }
}

/// A path as it is shown: its last part, unless it was given as relative.
fn shown(path: &Path) -> String {
    if path.is_relative() {
        return path.display().to_string();
    }
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

impl Loosened {
    /// The sentence that is shown.
    pub fn sentence(&self) -> String {
        format!("`{}` is loosened from {} to {}", self.code, self.from, self.to)
    }
}
