//! What the stage gives to the next one.

use std::path::{Path, PathBuf};

use guppy::graph::PackageGraph;

use super::build::Build;
use super::package::{Package, PackageIndex};
use super::platform::{TargetPlatform, Toolchain};
use super::product::Product;

/// A workspace, resolved: its packages, its products, and what the build of each includes.
pub struct Workspace {
    pub(super) root: PathBuf,
    pub(super) toolchain: Toolchain,
    pub(super) platforms: Vec<TargetPlatform>,
    pub(super) notes: Vec<Note>,
    pub(super) packages: Vec<Package>,
    pub(super) products: Vec<Product>,
    pub(super) builds: Vec<Build>,
    pub(super) graph: PackageGraph,
}

/// Something that could not be had, and that a reader of the result should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// Dev-dependencies were never downloaded, and the network may not be used: builds are without them.
    DevNotDownloaded,
}

impl Workspace {
    /// The directory of the root manifest.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The compiler.
    #[must_use]
    pub fn toolchain(&self) -> &Toolchain {
        &self.toolchain
    }

    /// The platforms that are judged, each once, in the order named.
    #[must_use]
    pub fn platforms(&self) -> &[TargetPlatform] {
        &self.platforms
    }

    /// What could not be had.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// All resolved packages, by index.
    #[must_use]
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The package at `index`.
    ///
    /// # Panics
    ///
    /// If `index` is one of another workspace.
    #[must_use]
    pub fn package(&self, index: PackageIndex) -> &Package {
        self.packages.get(index.0).expect("indices are made together with the list of packages")
    }

    /// The products, by the names of their packages.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// What the build of `product` includes. Products of one package with the same features share it.
    ///
    /// # Panics
    ///
    /// If `product` is one of another workspace.
    #[must_use]
    pub fn build(&self, product: &Product) -> &Build {
        self.builds.get(product.build).expect("products are made together with the list of builds")
    }

    /// guppy's view of the same resolve.
    #[must_use]
    pub fn graph(&self) -> &PackageGraph {
        &self.graph
    }
}
