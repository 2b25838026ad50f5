//! Models and data: what manifests and policies declare of them, and what their files really are.
//!
//! * [`declared`] reads the tables `[[package.metadata.covenant.model]]`, `[[workspace.metadata.covenant.model]]` and
//!   `[[model]]` of a policy, with their lineage;
//! * [`mod@file`] checks that declared files are there and unchanged.

pub mod declared;
pub mod file;

pub use declared::{Declaration, ModelTable, Use};
