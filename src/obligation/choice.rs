//! Which branch of `A OR B` a product takes for a component.
//!
//! The branch with the fewest findings; of those, the one with the fewest obligations, weighed by class; of those, the one
//! that stands first. Costs of `AND` add up, so that one walk of the expression settles all choices in it, however many
//! branches there are. What was passed over is recorded. A policy can fix a choice.

use crate::license::{Expression, LicenseUse};

/// What a branch costs: findings first, then obligations by class, the heaviest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    /// How many findings it leads to, those that fail the gate before warnings.
    pub findings: [u32; 2],
    /// Obligations: restriction, source of work, of linked work, of component, licensing, attribution, notice.
    pub obligations: [u32; 7],
}

impl std::ops::Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let mut sum = self;
        for (one, other) in sum.findings.iter_mut().zip(other.findings) {
            *one = one.saturating_add(other);
        }
        for (one, other) in sum.obligations.iter_mut().zip(other.obligations) {
            *one = one.saturating_add(other);
        }
        sum
    }
}

/// The licences that bind after all choices, and what was passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen<'a> {
    /// What binds, in the order written.
    pub licenses: Vec<&'a LicenseUse>,
    /// Branches that were not taken.
    pub passed_over: Vec<&'a Expression>,
    /// What it costs.
    pub cost: Cost,
}

/// Settles all choices of an expression. Where there is none, nothing is weighed, and the cost stays at nothing.
pub fn choose<'a>(
    expression: &'a Expression,
    fixed: Option<&Expression>,
    cost: &mut dyn FnMut(&LicenseUse) -> Cost,
) -> Chosen<'a> {
    if has_choice(expression) {
        return weigh(expression, fixed, cost);
    }
    Chosen { licenses: expression.licenses(), ..Chosen::default() }
}

fn has_choice(expression: &Expression) -> bool {
    match expression {
        Expression::License(_) => false,
        Expression::And(parts) => parts.iter().any(has_choice),
        Expression::Or(_) => true,
    }
}

fn weigh<'a>(
    expression: &'a Expression,
    fixed: Option<&Expression>,
    cost: &mut dyn FnMut(&LicenseUse) -> Cost,
) -> Chosen<'a> {
    match expression {
        Expression::License(license) => {
            Chosen { licenses: vec![license], passed_over: Vec::new(), cost: cost(license) }
        }
        Expression::And(parts) => {
            let mut all = Chosen::default();
            for part in parts {
                let chosen = weigh(part, fixed, cost);
                all.licenses.extend(chosen.licenses);
                all.passed_over.extend(chosen.passed_over);
                all.cost = all.cost + chosen.cost;
            }
            all
        }
        Expression::Or(branches) => {
            let mut best: Option<(bool, &Expression, Chosen<'a>)> = None;
            let mut passed_over = Vec::new();
            for branch in branches {
                let chosen = weigh(branch, fixed, cost);
                let wanted = fixed.is_some_and(|fixed| is_meant(branch, fixed));
                let better = best
                    .as_ref()
                    .is_none_or(|(best_wanted, _, best)| (!wanted, chosen.cost) < (!*best_wanted, best.cost));
                if better {
                    let loser = best.replace((wanted, branch, chosen));
                    passed_over.extend(loser.map(|(_, branch, _)| branch));
                } else {
                    passed_over.push(branch);
                }
            }
            let mut chosen = best.map(|(_, _, chosen)| chosen).unwrap_or_default();
            chosen.passed_over.extend(passed_over);
            chosen
        }
    }
}

/// Whether a policy that fixes a choice to `fixed` means this branch: every licence of it is one of `fixed`'s.
pub fn is_meant(branch: &Expression, fixed: &Expression) -> bool {
    let wanted = fixed.licenses();
    branch.licenses().iter().all(|license| wanted.contains(license))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settle(text: &str, fixed: Option<&str>) -> (String, String) {
        let expression = Expression::parse(text).unwrap();
        let fixed = fixed.map(|fixed| Expression::parse(fixed).unwrap());
        let mut cost = |license: &LicenseUse| match license.id.as_str() {
            "SSPL" => Cost { findings: [1, 0], ..Cost::default() },
            "GPL" => Cost { obligations: [0, 1, 0, 0, 0, 0, 1], ..Cost::default() },
            _ => Cost { obligations: [0, 0, 0, 0, 0, 0, 2], ..Cost::default() },
        };
        let chosen = choose(&expression, fixed.as_ref(), &mut cost);
        let text = |parts: Vec<String>| parts.join(",");
        (
            text(chosen.licenses.iter().map(ToString::to_string).collect()),
            text(chosen.passed_over.iter().map(ToString::to_string).collect()),
        )
    }

    #[test]
    fn findings_weigh_more_than_duties_and_those_more_than_order() {
        assert_eq!(settle("SSPL OR GPL", None), ("GPL".into(), "SSPL".into()));
        assert_eq!(settle("GPL OR MIT", None), ("MIT".into(), "GPL".into()));
        assert_eq!(settle("MIT OR ISC", None), ("MIT".into(), "ISC".into()));
        assert_eq!(settle("(GPL OR MIT) AND (SSPL OR ISC)", None), ("MIT,ISC".into(), "GPL,SSPL".into()));
    }

    #[test]
    fn a_policy_fixes_the_branch() {
        assert_eq!(settle("MIT OR GPL", Some("GPL")), ("GPL".into(), "MIT".into()));
        assert_eq!(settle("MIT OR (GPL AND ISC)", Some("GPL AND ISC")), ("GPL,ISC".into(), "MIT".into()));
        assert_eq!(settle("MIT OR GPL", Some("ISC")), ("MIT".into(), "GPL".into()));
    }

    #[test]
    fn hundreds_of_branches_cost_one_walk() {
        let text = vec!["(MIT OR GPL OR ISC)"; 300].join(" AND ");
        assert_eq!(
            Expression::parse(&text).map(|tree| {
                let mut asked = 0;
                choose(&tree, None, &mut |_| {
                    asked += 1;
                    Cost::default()
                });
                asked
            }),
            Ok(900)
        );
    }
}
