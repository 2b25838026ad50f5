//! A package as Cargo resolved it: what its manifest declares, and where it came from.

use std::fmt;
use std::path::PathBuf;

use guppy::graph::{BuildTargetId, BuildTargetKind, PackageMetadata, PackagePublish, PackageSource};
use semver::Version;

/// A package's place in [`Workspace::packages`](super::Workspace::packages).
///
/// Indices follow name, version, then Cargo's id, so that sorting by index is sorting by name, on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageIndex(pub(crate) usize);

/// Where the files of a package come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The crates.io registry.
    CratesIo,
    /// Another registry, by the URL of its index (`sparse+https://…`, `https://…`).
    Registry(String),
    /// A git repository: its URL with query and revision, as Cargo writes it after `git+`.
    Git(String),
    /// A directory of this machine: workspace members, path dependencies, patches.
    Path,
}

/// Whether a package may be published, as `package.publish` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Publish {
    /// To any registry.
    Anywhere,
    /// To these registries only.
    Registries(Vec<String>),
    /// Nowhere (`publish = false`).
    Never,
}

/// What a build target is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetKind {
    /// A library with these crate types (`lib`, `rlib`, `dylib`, `cdylib`, `staticlib`), sorted.
    Library(Vec<String>),
    /// A procedural macro.
    ProcMacro,
    /// A binary.
    Binary,
    /// `build.rs`.
    BuildScript,
    /// An example, a test or a benchmark.
    Development,
}

/// One build target of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name, as `--bin NAME` takes it.
    pub name: String,
    /// What it is.
    pub kind: TargetKind,
    /// Its root source file.
    pub path: PathBuf,
    /// Features without which Cargo does not build it.
    pub required_features: Vec<String>,
}

/// One resolved package.
#[derive(Clone, Debug)]
pub struct Package {
    /// Cargo's opaque id: unique, but it holds paths of this machine and is not for output.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Where its files come from.
    pub source: Source,
    /// Its `Cargo.toml`.
    pub manifest_path: PathBuf,
    /// `package.license`, unparsed.
    pub license: Option<String>,
    /// `package.license-file`, relative to the directory of the manifest.
    pub license_file: Option<PathBuf>,
    /// `package.publish`.
    pub publish: Publish,
    /// Whether it is a member of the workspace that is judged.
    pub is_member: bool,
    /// Whether `[package.metadata.covenant]` is there. Its values are read from the manifest, where they have places.
    pub has_covenant_metadata: bool,
    /// `package.links`: the native library that it links.
    pub links: Option<String>,
    /// All build targets, sorted by kind and name.
    pub targets: Vec<Target>,
    /// Every feature it declares (also the implicit ones of optional dependencies), sorted.
    pub features: Vec<String>,
    /// `package.authors`.
    pub authors: Vec<String>,
    /// `package.description`.
    pub description: Option<String>,
    /// `package.homepage`.
    pub homepage: Option<String>,
    /// `package.repository`.
    pub repository: Option<String>,
}

impl Package {
    /// Whether the files may differ from a published release: path and git sources, and with them every patch that
    /// `[patch]` can express short of another registry.
    #[must_use]
    pub fn is_modified(&self) -> bool {
        match self.source {
            Source::CratesIo | Source::Registry(_) => false,
            Source::Git(_) | Source::Path => true,
        }
    }

    /// Whether its library is a procedural macro.
    #[must_use]
    pub fn is_proc_macro(&self) -> bool {
        self.targets.iter().any(|target| target.kind == TargetKind::ProcMacro)
    }

    /// Whether it is compiled with a build script.
    #[must_use]
    pub fn has_build_script(&self) -> bool {
        self.targets.iter().any(|target| target.kind == TargetKind::BuildScript)
    }

    /// Whether a Rust crate that depends on it can only link it dynamically: its library is a `dylib` and nothing that
    /// rustc could link statically.
    #[must_use]
    pub fn is_dynamic_only(&self) -> bool {
        self.targets.iter().any(|target| match &target.kind {
            TargetKind::Library(types) => {
                types.iter().any(|kind| kind == "dylib") && !types.iter().any(|kind| kind == "lib" || kind == "rlib")
            }
            TargetKind::ProcMacro | TargetKind::Binary | TargetKind::BuildScript | TargetKind::Development => false,
        })
    }

    /// Whether it is, as its manifest has it, published somewhere.
    #[must_use]
    pub fn is_published(&self) -> bool {
        self.publish != Publish::Never
    }

    pub(crate) fn from_metadata(package: &PackageMetadata<'_>, is_member: bool) -> Self {
        let text = |value: Option<&str>| value.map(str::to_owned);
        let mut targets: Vec<Target> = package
            .build_targets()
            .map(|target| Target {
                name: target.name().to_owned(),
                kind: match (target.id(), target.kind()) {
                    (BuildTargetId::Library, BuildTargetKind::ProcMacro) => TargetKind::ProcMacro,
                    (BuildTargetId::Library, BuildTargetKind::LibraryOrExample(types)) => {
                        TargetKind::Library(types.to_vec())
                    }
                    (BuildTargetId::Binary(_), _) => TargetKind::Binary,
                    (BuildTargetId::BuildScript, _) => TargetKind::BuildScript,
                    _ => TargetKind::Development,
                },
                path: target.path().as_std_path().to_owned(),
                required_features: target.required_features().to_vec(),
            })
            .collect();
        targets.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
        let mut features: Vec<String> = package.named_features().map(str::to_owned).collect();
        features.sort();
        Self {
            id: package.id().repr().to_owned(),
            name: package.name().to_owned(),
            version: package.version().clone(),
            source: Source::from_metadata(&package.source()),
            manifest_path: package.manifest_path().as_std_path().to_owned(),
            license: text(package.license()),
            license_file: package.license_file().map(|path| path.as_std_path().to_owned()),
            publish: match package.publish() {
                PackagePublish::Registries([]) => Publish::Never,
                PackagePublish::Registries(names) => Publish::Registries(names.to_vec()),
                _ => Publish::Anywhere,
            },
            is_member,
            has_covenant_metadata: package.metadata_table().get("covenant").is_some(),
            links: text(package.links()),
            targets,
            features,
            authors: package.authors().to_vec(),
            description: text(package.description()),
            homepage: text(package.homepage()),
            repository: text(package.repository()),
        }
    }
}

impl fmt::Display for Package {
    /// `name@version`, as a package spec.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl Source {
    fn from_metadata(source: &PackageSource<'_>) -> Self {
        match source {
            PackageSource::External(PackageSource::CRATES_IO_REGISTRY) => Self::CratesIo,
            PackageSource::External(text) => match (text.strip_prefix("git+"), text.strip_prefix("registry+")) {
                (Some(url), _) => Self::Git(url.to_owned()),
                (None, Some(url)) => Self::Registry(url.to_owned()),
                (None, None) => Self::Registry((*text).to_owned()),
            },
            PackageSource::Workspace(_) | PackageSource::Path(_) => Self::Path,
        }
    }
}
