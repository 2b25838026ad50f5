//! What can keep a workspace from being read. Each message finishes the sentence "failed to …".

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a workspace could not be read.
///
/// Every message says where, and what to do; what Cargo or rustc said itself is kept word for word.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The program cannot be started.
    #[error("run `{program}`: {source}; {help}")]
    Start {
        /// The program, as it was looked up.
        program: String,
        /// What the operating system said.
        source: std::io::Error,
        /// What to do.
        help: &'static str,
    },
    /// Cargo refused.
    #[error("read the workspace{}: {reason}{}", place(manifest_path.as_deref()), quoted(stderr))]
    Cargo {
        /// What kind of refusal it is.
        reason: Refusal,
        /// The manifest that was asked for, if one was.
        manifest_path: Option<PathBuf>,
        /// All that Cargo said, without the leading `error: `.
        stderr: String,
    },
    /// rustc refused.
    #[error("ask `{command}`{}", quoted(stderr))]
    Rustc {
        /// The whole command.
        command: String,
        /// All that rustc said, without the leading `error: `.
        stderr: String,
    },
    /// Nobody knows this platform.
    #[error("find the target `{target}`{}{}", nearest_is(nearest.as_deref()), quoted(stderr))]
    UnknownTarget {
        /// The triple or the path, as it was given.
        target: String,
        /// The most similar triple that rustc knows.
        nearest: Option<String>,
        /// All that rustc said.
        stderr: String,
    },
    /// Cargo's configuration (`.cargo/config.toml`, `CARGO_…`) cannot be read.
    #[error("read Cargo's configuration: {0}")]
    Configuration(#[source] cargo_config2::Error),
    /// What `cargo metadata` printed is not what it documents.
    #[error("understand the output of `{program} metadata`: {message}; is `CARGO` set to another program?")]
    Metadata {
        /// The Cargo that was run.
        program: String,
        /// What is wrong, and where.
        message: String,
    },
    /// The root manifest cannot be read again.
    #[error("read {}: {message}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// No member matches a spec of `-p` or `--exclude`.
    #[error(
        "find the package `{spec}` among the members of the workspace{}",
        nearest.as_deref().map_or_else(
            || "; `cargo metadata --no-deps` lists them".to_owned(),
            |word| nearest_is(Some(word))
        )
    )]
    UnknownPackage {
        /// The spec, as it was given.
        spec: String,
        /// The most similar member.
        nearest: Option<String>,
    },
    /// No selected member has this feature.
    #[error("find the feature `{feature}` in {}{}", packages.join(", "), nearest_is(nearest.as_deref()))]
    UnknownFeature {
        /// The feature, as it was given.
        feature: String,
        /// The packages that were searched.
        packages: Vec<String>,
        /// The most similar feature.
        nearest: Option<String>,
    },
    /// A policy names a product that the workspace does not have.
    #[error("find the product `{key}`{}; the products are: {}", nearest_is(nearest.as_deref()), known.join(", "))]
    UnknownProduct {
        /// The key, as it was given.
        key: String,
        /// The most similar key.
        nearest: Option<String>,
        /// All keys.
        known: Vec<String>,
    },
    /// The dependency graph contradicts itself.
    #[error("simulate the build of `{package}`: {source}")]
    Simulation {
        /// The package whose build it is.
        package: String,
        /// What is wrong.
        source: Box<guppy::Error>,
    },
}

/// Why Cargo refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no manifest here or above.
    NoManifest,
    /// A manifest is broken.
    BrokenManifest,
    /// The lock file would have to change, and may not.
    LockOutdated,
    /// Something was never downloaded, and the network may not be used.
    NotDownloaded,
    /// Anything else.
    Other,
}

impl Refusal {
    /// Tells from Cargo's own words; they are English in every locale.
    pub(crate) fn of(stderr: &str) -> Self {
        let says = |words: &str| stderr.contains(words);
        if says("could not find `Cargo.toml`") || (says("manifest path `") && says("` does not exist")) {
            Self::NoManifest
        } else if says("the lock file") && (says("--locked") || says("--frozen"))
            || says("cannot update the lock file")
            || says("cannot create the lock file")
        {
            Self::LockOutdated
        } else if says("--offline was specified")
            || says("--frozen was specified")
            || says("without the `--offline` flag")
            || says("can't checkout from")
            || says("in offline mode")
            || says("you're using offline mode")
            || says("you're offline")
        {
            Self::NotDownloaded
        } else if says("failed to parse manifest") || says("failed to load manifest") || says("failed to read `") {
            Self::BrokenManifest
        } else {
            Self::Other
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoManifest => "there is no `Cargo.toml`; run inside a package or pass `--manifest-path`",
            Self::BrokenManifest => "a manifest is broken; mend what cargo names",
            Self::LockOutdated => "`Cargo.lock` is out of date; run `cargo update --workspace` and commit it",
            Self::NotDownloaded => "a package was never downloaded; run `cargo fetch` where the network is allowed",
            Self::Other => "cargo refused",
        })
    }
}

/// What a program said, from its first error on, without the `error: ` that our own message already has. What stands
/// before is what it was busy with (`Updating crates.io index`).
pub(crate) fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let text = text.trim();
    let from_error = text.find("\nerror: ").and_then(|at| text.get(at + 1..)).filter(|_| !text.starts_with("error"));
    let text = from_error.unwrap_or(text);
    text.strip_prefix("error: ").unwrap_or(text).to_owned()
}

/// The word among `known` that is most like `word`, if any is like it at all.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| candidate.to_owned())
}

fn nearest_is(nearest: Option<&str>) -> String {
    nearest.map(|word| format!("; did you mean `{word}`?")).unwrap_or_default()
}

fn place(path: Option<&Path>) -> String {
    path.map(|path| format!(" of {}", path.display())).unwrap_or_default()
}

fn quoted(stderr: &str) -> String {
    if stderr.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n\n");
    for line in stderr.lines() {
        // With a margin no line of a stranger's can be a command of a continuous integration runner.
        text.push_str("  | ");
        text.push_str(line);
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text
}
