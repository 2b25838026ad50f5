//! Policies: what a team has decided, as `covenant.toml` says it.
//!
//! * [`mod@file`] is the policy as written, every mistake in it with its place;
//! * [`mod@load`] follows `extends` and merges: later files win, tables merge by key, lists of `[open]` are replaced, arrays of
//!   tables append;
//! * [`rules`] is the result: validated, ready to be asked;
//! * [`schema`] describes the format for editors.

pub mod file;
pub mod load;
pub mod rules;
pub mod schema;

pub use load::{Loaded, load};
pub use rules::{Loosened, Policy};
