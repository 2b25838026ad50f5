//! How open a model is: by its weights, and by what else of it is public.
//!
//! A grade is never inferred from what nobody says: parts that are not declared are missing.

use crate::graph::{Component, Licensing};
use crate::license::{Catalogue, Expression, LicenseUse, Openness};
use crate::obligation::Judged;
use crate::policy::Policy;
use crate::policy::file::Grade;
use crate::vocabulary::{Domain, Kind};

/// A model's grade, and the parts that keep it from the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graded {
    /// The grade.
    pub grade: Grade,
    /// Parts that are missing, or not open, for `open-source-ai`.
    pub missing: Vec<&'static str>,
}

/// Grades a model by its own licence and its declared parts; `closed_below` says that something it was made from is not open.
pub fn grade(
    component: &Component,
    judged: &Judged,
    closed_below: bool,
    catalogue: &Catalogue,
    policy: &Policy,
) -> Graded {
    if component.kind == Kind::Service {
        return Graded { grade: Grade::Hosted, missing: vec!["weights"] };
    }
    if component.parts.get("weights").is_some_and(|weights| weights == "absent") {
        return Graded { grade: Grade::Hosted, missing: vec!["weights"] };
    }
    let missing: Vec<&'static str> = [
        ("weights", &["weights"][..], Domain::Weights),
        ("training code", &["training-code"], Domain::Software),
        ("inference code", &["inference-code"], Domain::Software),
        ("data information", &["data-information", "data"], Domain::Data),
    ]
    .into_iter()
    .filter(|(name, keys, domain)| {
        let declared = keys.iter().find_map(|key| component.parts.get(*key));
        match declared {
            // The weights' licence is the component's own, where no part says otherwise.
            None => *name != "weights",
            Some(license) => !is_open(license, *domain, catalogue, policy),
        }
    })
    .map(|(name, ..)| name)
    .collect();
    let grade = match judged {
        Judged::Closed(_) => Grade::RestrictedWeights,
        Judged::Unknown(_) | Judged::Unlicensed => Grade::Unknown,
        Judged::Open if closed_below || missing.contains(&"weights") => Grade::RestrictedWeights,
        Judged::Open if missing.is_empty() => Grade::OpenSourceAi,
        Judged::Open => Grade::OpenWeights,
    };
    Graded { grade, missing }
}

/// Whether a declared part is public under an open licence.
fn is_open(license: &str, domain: Domain, catalogue: &Catalogue, policy: &Policy) -> bool {
    let Licensing::Expression(expression) = Licensing::parse(license) else {
        return false;
    };
    let open = |license: &LicenseUse| {
        let openness = catalogue.read(license).openness(catalogue, policy.authorities(domain));
        matches!(openness, Openness::Open { .. })
    };
    can_be_open(&expression, &open)
}

/// Whether all that binds after some choice is open.
fn can_be_open(expression: &Expression, open: &impl Fn(&LicenseUse) -> bool) -> bool {
    match expression {
        Expression::License(license) => open(license),
        Expression::And(parts) => parts.iter().all(|part| can_be_open(part, open)),
        Expression::Or(branches) => branches.iter().any(|branch| can_be_open(branch, open)),
    }
}
