//! Reports: each format takes the same [`Verdict`](crate::gate::Verdict) and returns text.
//!
//! * [`human`] has rustc's look, for people;
//! * [`short`] has a line a finding;
//! * [`json`] is one document, for programs;
//! * [`github`] speaks the workflow commands of GitHub Actions.
//!
//! Nothing here decides anything, and nothing here prints.

pub mod github;
pub mod human;
pub mod json;
pub mod short;
pub mod tree;
pub mod why;
