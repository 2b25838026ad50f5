//! Whether a licence is open: decided by those who rule on it, and otherwise by what it says.
//!
//! In this order, for a component of a kind and the authorities that the policy names for that kind:
//!
//! 1. an id on a named authority's list is open, whatever its terms;
//! 2. otherwise a term that closes makes it not open;
//! 3. otherwise nothing is known, and nothing unknown is open.

use super::catalogue::{Catalogue, Reading};
use crate::vocabulary::{Term, TermId};

/// The judgement on one licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Openness {
    /// Open: the authority has ruled so.
    Open {
        /// Who ruled.
        authority: String,
    },
    /// Not open: these terms close it.
    Closed {
        /// The terms, in the order of the licence.
        terms: Vec<Term>,
    },
    /// Nobody has ruled, and nothing that is known closes it.
    Unknown,
}

impl Reading {
    /// Whether the licence is open, by the rulings of these authorities and otherwise by its terms.
    pub fn openness(&self, catalogue: &Catalogue, authorities: &[String]) -> Openness {
        let ruled = authorities.iter().find(|authority| catalogue.ruled_open(authority, &self.id));
        if let Some(authority) = ruled {
            return Openness::Open { authority: authority.clone() };
        }
        let terms: Vec<Term> = self.terms.iter().filter(|term| term.closes()).cloned().collect();
        if terms.is_empty() { Openness::Unknown } else { Openness::Closed { terms } }
    }
}

/// The criteria of the Open Source Definition that the terms fail, ascending, each once.
pub fn failed_criteria<'a>(terms: impl IntoIterator<Item = &'a Term>) -> Vec<u8> {
    let mut failed: Vec<u8> = terms.into_iter().flat_map(|term| term.osd_criteria().iter().copied()).collect();
    failed.sort_unstable();
    failed.dedup();
    failed
}

/// The term that says most about why a licence is not open: limits on who and what for come before the rest.
pub fn leading(terms: &[Term]) -> Option<&Term> {
    let weight = |id: TermId| match id {
        TermId::NonCommercial | TermId::ResearchOnly | TermId::NonProduction => 0,
        TermId::ScaleLimit => 1,
        TermId::NoHostedService | TermId::NoCompetingUse | TermId::SourceToNetworkUsers => 2,
        TermId::NoDerivatives | TermId::NoRedistribution | TermId::NoSelling => 3,
        TermId::TerritoryLimit => 4,
        TermId::NoOutputTraining => 5,
        TermId::AcceptableUse | TermId::ProhibitedFields => 6,
        _ => 7,
    };
    terms.iter().min_by_key(|term| weight(term.id))
}
