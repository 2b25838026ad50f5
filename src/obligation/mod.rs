//! Terms travel along the edges: what each product owes, for which component, by which path.
//!
//! 1. [`crossing`] is the table: for each term and relation, whether and how the term crosses. It is data
//!    (`policies/catalog/crossings.toml`), and a policy can override a cell, with a reason.
//! 2. [`reach`] searches the graph from a product downwards, once for each way of crossing (a *profile*), and keeps for each
//!    component how strongly its terms would arrive, and by which path.
//! 3. [`choice`] settles `A OR B` for each product and component.
//! 4. [`propagate`](propagate()) puts these together: the [`Arrival`]s, each with its [`Witness`].
//! 5. [`context`] says of an arrival, in a delivery context, whether it is due, dormant, met, breached or undecided.
//!
//! The engine holds no names of licences.

pub mod choice;
pub mod context;
pub mod crossing;
pub mod propagate;
pub mod reach;
pub mod territory;
pub mod witness;

pub use context::{Binds, Situation, Status};
pub use crossing::{Crossings, Profile};
pub use propagate::{Arrival, Binding, Judged, ProductAnalysis, Route, Seen, Weigh, propagate};
pub use witness::{Step, Witness};
