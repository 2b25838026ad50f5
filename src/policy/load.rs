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
    let mut stack = Stack {
        root: sources.root,
        merged: Policy::default(),
        faults: Vec::new(),
        files: Vec::new(),
        open: Vec::new(),
        done: BTreeSet::new(),
    };
    let mut extended = false;
    let own = match (sources.given, sources.root) {
        (Some(given), _) => Some(given.to_owned()),
        (None, Some(root)) => {
            let path = root.join("covenant.toml");
            // Whatever stands there is meant to be the policy: a link that leads nowhere is an error, not the default.
            path.symlink_metadata().is_ok().then(|| path.display().to_string())
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
    let Stack { merged, mut faults, files, .. } = stack;
    let catalogue = match merged.catalogue(Catalogue::built_in()) {
        Ok(catalogue) => catalogue,
        Err(taken) => {
            faults.extend(taken);
            Catalogue::built_in().clone()
        }
    };
    faults.extend(merged.validate(&catalogue));
    // By file, in the order in which they were opened, and within each by place.
    faults.sort_by_key(|fault| {
        let start = fault.mark.as_ref().map_or(usize::MAX, |mark| mark.range.start);
        (files.iter().position(|file| *file == fault.file).unwrap_or(usize::MAX), start)
    });
    if faults.is_empty() { Ok(Loaded { policy: merged, catalogue }) } else { Err(Error::Faults(Faults(faults))) }
}

struct Stack<'a> {
    /// What shown paths are relative to.
    root: Option<&'a Path>,
    merged: Policy,
    faults: Vec<Fault>,
    /// The names of all files, in the order in which they were opened.
    files: Vec<String>,
    /// The files that are being read, to see a cycle.
    open: Vec<String>,
    /// Files that were merged: a base that two policies share is merged once.
    done: BTreeSet<String>,
}

impl Stack<'_> {
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
                let name = self.shown(&path);
                let text = match std::fs::read(&path) {
                    Ok(bytes) => match String::from_utf8(bytes) {
                        Ok(text) => text,
                        Err(error) => {
                            self.faults.push(not_utf8(&name, &error));
                            return Ok(());
                        }
                    },
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
                (canonical.display().to_string(), SourceFile::new(name, text), parent)
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
        self.files.push(file.name().to_owned());
        let (policy, faults) = PolicyFile::parse(&file);
        self.faults.extend(faults);
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
        self.files.push(manifest.name().to_owned());
        let mut reader = Reader::new(manifest);
        let root = reader.parse();
        if let Some((_, mut table)) = covenant_table(&mut reader, root, "workspace") {
            table.remove("model");
            if let Some((key, _)) = table.remove_entry("extends") {
                reader.fault(key.span(), "`extends` stands in `covenant.toml`: what stands here comes on top of that");
            }
            let known: Vec<&str> = KEYS.iter().copied().filter(|key| *key != "extends").collect();
            let policy = PolicyFile::read(&mut reader, table, &known);
            self.merged.merge(policy, true);
        }
        self.faults.extend(reader.finish());
    }

    /// A path as it is shown: relative to the workspace; elsewhere its last part, unless it was given as relative.
    fn shown(&self, path: &Path) -> String {
        let inside = self.root.filter(|root| root.is_absolute()).and_then(|root| path.strip_prefix(root).ok());
        let shown = match inside {
            Some(inside) => inside,
            None if path.is_relative() => path,
            None => path.file_name().map_or(path, Path::new),
        };
        // `policies/./base.toml` is the same file as `policies/base.toml`.
        shown.components().collect::<PathBuf>().display().to_string()
    }
}

/// The first byte of a file that is no UTF-8, pointed at.
fn not_utf8(name: &str, error: &std::string::FromUtf8Error) -> Fault {
    let at = error.utf8_error().valid_up_to();
    let file = SourceFile::new(name, String::from_utf8_lossy(error.as_bytes()));
    Fault::at(Mark::new(&file, at..at + 1, ""), "this is not UTF-8: save the file as UTF-8")
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

impl Loosened {
    /// The sentence that is shown.
    pub fn sentence(&self) -> String {
        format!("`{}` is loosened from {} to {}", self.code, self.from, self.to)
    }
}
