//! `cargo metadata` → packages, products, and what each build includes.
//!
//! What comes out is what Cargo would compile: per product the packages with their features, host and target apart, with
//! and without dev-dependencies. `tests/exactness.rs` holds it against Cargo's own unit graph.
//!
//! [`Outline::read`] finds the workspace (and with it the place of the policy); [`Outline::load`] resolves it.

mod build;
mod error;
mod manifest;
mod member;
mod metadata;
mod outline;
mod package;
mod plan;
mod platform;
mod product;
mod resolved;
mod selection;
mod shadow;
mod simulation;
mod simulator;
mod threads;
mod united;

pub use build::{Build, Component, Edge, EdgeKind, Node, Side};
pub use error::{Error, Refusal};
pub use outline::{Outline, load};
pub use package::{Package, PackageIndex, Publish, Source, Target, TargetKind};
pub use platform::{TargetPlatform, Toolchain};
pub use product::{Product, ProductKind};
pub use resolved::{Note, Workspace};
pub use selection::{Environment, ProductRelease, Release, Selection};
