//! The words of the field, as types: terms, facts, relations, kinds, delivery contexts and levels.
//!
//! Everything a person may write (in a policy, a manifest, a catalogue row or a graph file) that is one of a
//! closed set of words is an enum made by [`words!`](word), so that each of them is spelled, listed, parsed and
//! reported in one way: an unknown word is always an error, and always names its nearest neighbour.

pub mod code;
pub mod kind;
pub mod level;
pub mod relation;
pub mod term;
pub mod word;

pub use code::Code;
pub use kind::{Domain, Kind};
pub use level::Level;
pub use relation::{How, Relation};
pub use term::{Class, Delivery, Fact, FactId, Term, TermId};
pub use word::{UnknownWord, Word, nearest};
