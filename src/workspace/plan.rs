//! From what the command line, the policy and Cargo's configuration say of platforms to the platforms judged.
//!
//! The first that says anything decides: `--target`, `[product.X] targets`, `[build] targets`, `CARGO_BUILD_TARGET` and
//! `build.target`, the host.

use std::collections::BTreeSet;

use guppy::platform::PlatformSpec;

use super::error::Error;
use super::platform::{ALL, Compiler, Expressions, Question, TargetPlatform};
use super::product::Candidate;
use super::selection::{ProductRelease, Release, Selection};
use super::threads::joined;

/// Which platforms are judged, and what rustc and Cargo are asked about them.
pub(super) struct Plan<'e> {
    /// The targets of all products, each once, in the order named.
    pub(super) targets: Vec<String>,
    /// For each product, places in `targets`.
    pub(super) of_products: Vec<Vec<usize>>,
    /// Each target with its host.
    questions: Vec<(Question<'e>, Question<'e>)>,
    /// What `cargo metadata` is asked for; nothing: all platforms.
    pub(super) filters: Vec<String>,
}

/// What rustc says of the platforms of a plan.
pub(super) struct Platforms {
    pub(super) targets: Vec<TargetPlatform>,
    /// The host that belongs to each target: it may have rustflags or not.
    pub(super) hosts: Vec<TargetPlatform>,
}

impl<'e> Plan<'e> {
    pub(super) fn of(
        compiler: &Compiler<'e>,
        host: &String,
        selection: &Selection,
        products: &[(Candidate, ProductRelease)],
        release: &Release,
    ) -> Result<Self, Error> {
        let configured = compiler.default_targets()?;
        let default = [&selection.targets, &release.targets, &configured]
            .into_iter()
            .find(|targets| !targets.is_empty())
            .cloned();
        // Without a target, rustflags are for the host as well.
        let is_plain = default.is_none() && products.iter().all(|(_, release)| release.targets.is_empty());
        let default = default.unwrap_or_else(|| vec![host.clone()]);

        let mut targets: Vec<String> = Vec::new();
        let mut of_products = Vec::new();
        for (_, release) in products {
            let own = !release.targets.is_empty() && selection.targets.is_empty();
            let mut places = BTreeSet::new();
            for target in if own { &release.targets } else { &default } {
                let target = if target == "host-tuple" { host } else { target };
                let place = targets.iter().position(|known| known == target).unwrap_or(targets.len());
                if place == targets.len() {
                    targets.push(target.clone());
                }
                places.insert(place);
            }
            of_products.push(places.into_iter().collect());
        }

        let questions = targets
            .iter()
            .map(|target| {
                // Whoever builds for all platforms builds on any of them.
                let host = if target == ALL { target } else { host };
                Ok((compiler.question(target, true)?, compiler.question(host, is_plain)?))
            })
            .collect::<Result<_, Error>>()?;
        let filters = if targets.iter().any(|target| target == ALL) {
            Vec::new()
        } else {
            targets.iter().chain([host]).cloned().collect::<BTreeSet<_>>().into_iter().collect()
        };
        Ok(Self { targets, of_products, questions, filters })
    }

    pub(super) fn ask(&self) -> Result<Platforms, Error> {
        let answers: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> = self
                .questions
                .iter()
                .map(|(target, host)| (scope.spawn(|| target.ask()), scope.spawn(|| host.ask())))
                .collect();
            running.into_iter().map(|(target, host)| (joined(target), joined(host))).collect()
        });
        let mut platforms = Platforms { targets: Vec::new(), hosts: Vec::new() };
        for (target, host) in answers {
            platforms.targets.push(target?);
            platforms.hosts.push(host?);
        }
        Ok(platforms)
    }
}

impl Platforms {
    /// Each target with its host, in guppy's terms.
    pub(super) fn specs(&self, expressions: &Expressions) -> Result<Vec<(PlatformSpec, PlatformSpec)>, guppy::Error> {
        let spec = |platform| Ok(PlatformSpec::from(expressions.platform(platform)?));
        self.targets.iter().zip(&self.hosts).map(|(target, host)| Ok((spec(target)?, spec(host)?))).collect()
    }
}
