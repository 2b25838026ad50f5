//! `cargo covenant`: reads what licences say, carries their obligations along the dependency graph, models included, and
//! blocks what is not open source.
//!
//! # The vocabulary
//!
//! A **product** is what a workspace builds and hands to somebody. It is made of **components**: packages, models, data,
//! services. A **relation** says how one component uses another: `static-link`, `embedded`, `trained-on`, … A licence is a
//! set of **terms**, atoms of meaning with parameters; **facts** bind nobody, but change how terms travel. Terms *cross*
//! relations as a table says, and *arrive* at products, each with a **witness**: the path by which it came. In a
//! **delivery context** (source, binary, service, internal) an arrival is due, dormant, met, breached or undecided. A
//! **policy** gives levels; what it denies is a **finding**, and findings make the **verdict**.
//!
//! # The picture
//!
//! ```text
//!  Cargo.toml, Cargo.lock          covenant.toml          policies/catalog/*.toml
//!         │                             │                          │
//!    workspace ──► graph ◄── artifact   │                      license
//!   (packages,     (components, (models │                 (ids → terms)
//!    products)      relations)   found) │                          │
//!                    │                  ▼                          │
//!                    └────────► obligation ◄───────────────────────┘
//!                           (terms travel, with witnesses)
//!                                       │
//!                                    policy ──► gate (findings)
//!                                                  │
//!                                               report (text)
//! ```
//!
//! # A map of the modules
//!
//! * [`workspace`]: Cargo's view: packages, products, what each build includes
//! * [`artifact`]: models and data that manifests and policies declare
//! * [`license`]: expressions, the catalogue, openness
//! * [`graph`]: components and relations, from a workspace or a file
//! * [`obligation`]: the crossing table, propagation, choices, contexts
//! * [`policy`]: what a team has decided
//! * [`gate`]: findings and the verdict
//! * [`report`]: the formats
//! * [`analysis`]: the stages in order, and the only place where they meet files
//! * [`vocabulary`], [`source`], [`error`]: the words, texts with places, and what keeps a run from a verdict
//!
//! The library prints nothing. The command line is in the binary's [`cli`].

#![warn(clippy::print_stdout, clippy::print_stderr, clippy::exit, clippy::panic, clippy::unreachable)]

pub mod analysis;
pub mod artifact;
pub mod cli;
pub mod error;
pub mod gate;
pub mod graph;
pub mod license;
pub mod obligation;
pub mod policy;
pub mod report;
pub mod source;
pub mod vocabulary;
pub mod workspace;
