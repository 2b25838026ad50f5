//! Runs `cargo metadata`, twice: once without dependencies, for what the workspace declares, and once with, for what
//! Cargo resolved.
//!
//! ## Which features it is asked for
//!
//! guppy simulates features by itself, from what the packages declare, but it follows only links that the resolve holds,
//! and the resolve holds an optional dependency only where a feature that Cargo was asked for switches it on. Cargo
//! resolves all members at once, each with its default features, while a product is one member with its own features.
//! So the resolve must hold a link whenever the build of *some* product does, and more does no harm:
//!
//! * What `cargo build -p P` activates is a part of what a resolve of all members with the same features activates:
//!   features only ever add. Default features are left on unless `--no-default-features` switches them off for all.
//! * Features of the command line, those a binary requires and those a policy adds are asked for as `P/feature`, for the
//!   packages of the products and no others. `--all-features` is spelled out the same way.
//!
//! The second call names the root manifest. Under resolver 1 a root package takes features in Cargo's old way: `feature`
//! is the root package's, `member/feature` that of a member, and `root/feature` is refused.
//!
//! `--all-features` itself is never passed: it would ask for packages that a plain `cargo build` never downloads.
//!
//! ## Which platforms
//!
//! `--filter-platform` for each platform judged and for the host keeps the packages of other platforms, which a plain
//! build does not download either, out of the question. It evaluates conditions with the rustflags of the *target*; where
//! the host side, which has none, needs more than that ([`Expressions::exceeds`](super::platform::Expressions::exceeds)),
//! the filter is left out.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand, Package};

use super::error::{Error, Refusal, said};
use super::selection::{Environment, Selection};

/// A Cargo that can be asked.
#[derive(Clone, Copy)]
pub(crate) struct Cargo<'e> {
    pub(crate) environment: &'e Environment,
    pub(crate) selection: &'e Selection,
}

impl Cargo<'_> {
    /// The members of the workspace, without dependencies. It never touches the network.
    pub(crate) fn outline(&self) -> Result<Metadata, Error> {
        let mut command = self.base();
        command.no_deps();
        let json = self.run(command.cargo_command())?;
        serde_json::from_str(&json).map_err(|error| self.misunderstood(error.to_string()))
    }

    /// The features of each package in one build, by `cargo tree`, which prints `{f} {p}` a line; see
    /// [`united`](super::united). `dev` asks for dev-dependencies as well, which then have to be downloaded.
    pub(crate) fn tree(
        &self,
        package: &Package,
        features: &[String],
        targets: &[String],
        dev: bool,
    ) -> Result<String, Error> {
        let mut command = Command::new(self.program());
        command.args(["tree", "--prefix", "none", "--format", "{f} {p}", "-p"]).arg(&package.id.repr);
        command.args(["-e", if dev { "normal,build,dev" } else { "normal,build" }]);
        // Features are those of the package whose manifest this is, under old roots too.
        command.arg("--manifest-path").arg(&package.manifest_path).args(self.lock_flags());
        if self.selection.no_default_features {
            command.arg("--no-default-features");
        }
        if !features.is_empty() {
            command.arg("--features").arg(features.join(","));
        }
        for target in targets {
            command.arg("--target").arg(target);
        }
        self.run(command)
    }

    /// The resolve of a shadow, in which only `features` are on: nothing of other members, not even their defaults.
    pub(crate) fn resolve_shadow(
        &self,
        manifest: &Path,
        features: &[String],
        filters: &[String],
    ) -> Result<String, Error> {
        let mut command = self.base();
        let mut options = vec!["--offline".to_owned(), "--no-default-features".to_owned()];
        if !features.is_empty() {
            options.extend(["--features".to_owned(), features.join(",")]);
        }
        for filter in filters {
            options.extend(["--filter-platform".to_owned(), filter.clone()]);
        }
        command.manifest_path(manifest).other_options(options);
        self.run(command.cargo_command())
    }

    /// The whole resolve of the workspace of `manifest`, as JSON, with `features` switched on, for the platforms
    /// `filters` or, if there are none, for all.
    pub(crate) fn resolve(&self, manifest: &Path, features: &[String], filters: &[String]) -> Result<String, Error> {
        let mut command = self.base();
        command.manifest_path(manifest);
        let mut options = self.lock_flags();
        if self.selection.no_default_features {
            options.push("--no-default-features".to_owned());
        }
        if !features.is_empty() {
            options.extend(["--features".to_owned(), features.join(",")]);
        }
        for filter in filters {
            options.extend(["--filter-platform".to_owned(), filter.clone()]);
        }
        command.other_options(options);
        self.run(command.cargo_command())
    }

    /// The Cargo that runs us, or the one in `PATH`.
    pub(crate) fn program(&self) -> OsString {
        self.environment.get("CARGO").map_or_else(|| "cargo".into(), OsString::from)
    }

    pub(crate) fn misunderstood(&self, message: String) -> Error {
        Error::Metadata { program: self.program().to_string_lossy().into_owned(), message }
    }

    fn base(&self) -> MetadataCommand {
        let mut command = MetadataCommand::new();
        command.cargo_path(self.program()).current_dir(&self.environment.current_dir);
        if let Some(path) = &self.selection.manifest_path {
            command.manifest_path(path);
        }
        command
    }

    fn lock_flags(&self) -> Vec<String> {
        let Selection { locked, offline, frozen, .. } = *self.selection;
        [(locked, "--locked"), (offline, "--offline"), (frozen, "--frozen")]
            .into_iter()
            .filter(|(wanted, _)| *wanted)
            .map(|(_, flag)| flag.to_owned())
            .collect()
    }

    pub(crate) fn run(&self, mut command: Command) -> Result<String, Error> {
        let output = command
            .current_dir(&self.environment.current_dir)
            .env_clear()
            .envs(&self.environment.variables)
            .output()
            .map_err(|source| Error::Start {
                program: self.program().to_string_lossy().into_owned(),
                source,
                help: "install Cargo, or set `CARGO` to it",
            })?;
        if !output.status.success() {
            let stderr = said(&output.stderr);
            return Err(Error::Cargo {
                reason: Refusal::of(&stderr),
                manifest_path: self.selection.manifest_path.clone(),
                stderr,
            });
        }
        String::from_utf8(output.stdout).map_err(|error| self.misunderstood(error.to_string()))
    }
}
