//! Licences: from the words a manifest or a model card uses to terms, and from terms to openness.
//!
//! * [`expression`] turns `MIT OR (GPL-2.0+ WITH Classpath-exception-2.0)` into a tree of licences;
//! * [`catalogue`] knows what each licence says, clause by clause, and who has ruled on it;
//! * [`openness`] judges, by the authorities that the policy names, whether that is open.

pub mod catalogue;
pub mod expression;
pub mod openness;

pub use catalogue::{Catalogue, Reading};
pub use expression::{Expression, LicenseUse};
pub use openness::Openness;
