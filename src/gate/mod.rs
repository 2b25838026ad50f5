//! The judgement: findings, their levels by the policy, and the verdict.
//!
//! * [`finding`] is what is found: a code, a component, the path, the places, the way out;
//! * [`judge`](judge()) turns what arrived at each product into findings;
//! * [`exempt`] lets pass what an exception of the policy covers, and finds exceptions that cover nothing;
//! * [`grade`] says how open a model is;
//! * [`words`] is how terms and licences are spoken of.

pub mod exempt;
pub mod finding;
pub mod grade;
pub mod judge;
pub mod verdict;
pub mod words;

pub use finding::{Excepted, Finding};
pub use judge::{Evidence, Problem, judge};
pub use verdict::{ProductVerdict, Verdict};
