//! The component graph: from products down to everything they are made of.
//!
//! ```text
//! product ──static-link──► package ──embedded──► adapter ──adapter-of──► model
//! ```
//!
//! * [`component`] and [`edge`] are the nodes and the relations between them;
//! * [`assemble`] puts the graph together from a workspace and its artefacts;
//! * [`mod@file`] writes it down as JSON and reads it back;
//! * [`schema`] describes that format for editors;
//!
//! Components stand in the order of their ids, and the relations of each in the order of their lower ends, whatever the
//! order in which they were added: everything downstream is deterministic because of that.

pub mod assemble;
pub mod component;
pub mod edge;
pub mod file;
pub mod schema;

mod build;

pub use build::{BuildError, Graph, GraphBuilder, NodeIndex};
pub use component::{Component, ComponentId, Licensing, Parts};
pub use edge::{Edge, ProductSet};
