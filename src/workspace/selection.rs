//! What the caller asks for: plain data, free of clap, so that every stage can be tested without a command line.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Which workspace is read, which of its members are judged, and how they are built.
///
/// Every field means what the Cargo flag of its name means; [`Selection::default`] is a plain `cargo build`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag of Cargo's, under its name")]
pub struct Selection {
    /// `--manifest-path`; without it Cargo searches upwards from the current directory.
    pub manifest_path: Option<PathBuf>,
    /// `-p/--package`: package specs (`name`, `name@version`, a URL) and globs over names.
    pub packages: Vec<String>,
    /// `--workspace`: every member.
    pub workspace: bool,
    /// `--exclude`: specs and globs taken away from `--workspace`.
    pub exclude: Vec<String>,
    /// `-F/--features`, each entry one feature or a list separated by commas or blanks.
    pub features: Vec<String>,
    /// `--all-features` of every selected member.
    pub all_features: bool,
    /// `--no-default-features` of every selected member.
    pub no_default_features: bool,
    /// `--target`: triples, paths of target files, or `all` for every platform at once.
    pub targets: Vec<String>,
    /// `--locked`: the lock file must need no change.
    pub locked: bool,
    /// `--offline`: Cargo may not use the network.
    pub offline: bool,
    /// `--frozen`: both of these.
    pub frozen: bool,
    /// `--libraries`: every library of the selected members is a product.
    pub libraries: bool,
}

/// What is released, as a policy states it: it holds wherever the command line says nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// `[build] targets`.
    pub targets: Vec<String>,
    /// `[product.KEY]`, by product key (see [`Product::key`](super::Product)).
    pub products: BTreeMap<String, ProductRelease>,
}

/// How one product is released, where that differs from a plain build of its package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductRelease {
    /// Features switched on in addition to the package's own.
    pub features: Vec<String>,
    /// The platforms it is released for; empty: those of the whole build.
    pub targets: Vec<String>,
}

/// The process's surroundings. Everything that a run reads from outside its arguments and files stands here.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The directory from which Cargo searches for manifests and configuration.
    pub current_dir: PathBuf,
    /// All environment variables. Child processes get these and no others.
    pub variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// The surroundings of this process.
    ///
    /// # Errors
    ///
    /// If the current directory does not exist or may not be read.
    pub fn of_process() -> std::io::Result<Self> {
        Ok(Self { current_dir: std::env::current_dir()?, variables: std::env::vars_os().collect() })
    }

    /// The variable `name`, if it is set and not empty (Cargo, too, takes an empty one as unset).
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }
}
