//! Resolver 1 alone: features that no metadata for one platform can explain.
//!
//! Resolver 1 unites the features of a package over all platforms. A package that is used on another platform only
//! switches features on here, but `--filter-platform` leaves it, and what it asks for, out of the metadata; and without the
//! filter Cargo would want it downloaded. (`semver`, under `cfg(any())`, does this to `serde_core` in almost every such
//! workspace.)
//!
//! Only Cargo, which has the index, knows these features, so it is asked for each build: `cargo tree` prints the features
//! that this one build has. It reads the lock file and the index, and downloads nothing that the build does not need.
//! (`resolve.nodes[].features` of the metadata does not serve: it unites all members, and it takes weak features,
//! `dependency?/feature`, for strong ones.)
//!
//! Under resolver 1 a package has the same features on host and target, so that a name and a version say enough.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Error;
use super::metadata::Cargo;
use super::package::{Package, PackageIndex};
use super::product::Request;
use super::simulator::Start;
use super::threads::{cores, joined};

/// Features by package.
pub(crate) type Features = BTreeMap<PackageIndex, BTreeSet<String>>;

/// The question which features are on in each build.
pub(super) struct Question<'w> {
    pub(super) cargo: Cargo<'w>,
    pub(super) members: &'w [cargo_metadata::Package],
    pub(super) packages: &'w [Package],
    /// Whether dev-dependencies are downloaded, and part of the metadata.
    pub(super) dev: bool,
}

impl Question<'_> {
    /// The features of each of `starts`, whose platforms are places in `targets`.
    pub(super) fn ask(&self, starts: &[Start], targets: &[String]) -> Result<Vec<Features>, Error> {
        let by_name = (0..)
            .map(PackageIndex)
            .zip(self.packages)
            .map(|(index, package)| ((package.name.as_str(), package.version.to_string()), index))
            .collect();
        let one = |start: &Start| {
            let id = self.packages.get(start.package.0).map(|package| package.id.as_str());
            let member = self.members.iter().find(|member| Some(member.id.repr.as_str()) == id);
            let Some(member) = member else { return Ok(Features::new()) };
            let features: Vec<String> = start.features.iter().map(Request::to_string).collect();
            let targets: Vec<String> =
                start.platforms.iter().filter_map(|place| targets.get(*place)).cloned().collect();
            Ok(of_tree(&self.cargo.tree(member, &features, &targets, self.dev)?, &by_name))
        };
        // Cargo is a process of its own each time: as many at once as there are cores.
        let one = &one;
        let mut result = Vec::new();
        for some in starts.chunks(cores()) {
            result.extend(std::thread::scope(|scope| {
                let running: Vec<_> = some.iter().map(|start| scope.spawn(move || one(start))).collect();
                running.into_iter().map(joined).collect::<Vec<Result<_, Error>>>()
            }));
        }
        result.into_iter().collect()
    }
}

/// What the lines of `cargo tree --prefix none --format '{f} {p}'` say is switched on.
fn of_tree(text: &str, by_name: &BTreeMap<(&str, String), PackageIndex>) -> Features {
    let mut result = Features::new();
    for (name, version, features) in text.lines().filter_map(line) {
        if let Some(index) = by_name.get(&(name, version.to_owned())) {
            result.entry(*index).or_default().extend(features.map(str::to_owned));
        }
    }
    result
}

fn line(line: &str) -> Option<(&str, &str, impl Iterator<Item = &str>)> {
    let mut words = line.split(' ');
    let (features, name, version) = (words.next()?, words.next()?, words.next()?);
    Some((name, version.strip_prefix('v')?, features.split(',').filter(|feature| !feature.is_empty())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_line_by_line() {
        let named = BTreeMap::from([
            (("serde", "1.0.228".to_owned()), PackageIndex(7)),
            (("app", "0.1.0".to_owned()), PackageIndex(1)),
        ]);
        let text =
            "default,std serde v1.0.228\n app v0.1.0 (/a b/c)\n\nnonsense\nrc serde v1.0.228 (*)\nx other v1.0.0\n";
        let features = BTreeSet::from(["default", "std", "rc"].map(str::to_owned));
        assert_eq!(of_tree(text, &named), [(PackageIndex(7), features), (PackageIndex(1), BTreeSet::new())].into());
    }
}
