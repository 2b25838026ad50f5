//! What an arrival comes to in a delivery context: due, dormant, met, breached or undecided.
//!
//! The class of a term says in which contexts it is owed; `only-in` and `when` narrow that; facts about the organisation
//! decide limits. What is not triggered stays as dormant, with what would wake it: nothing is dropped.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::reach::{Anchor, Phase, State, Strength};
use super::territory;
use crate::graph::Component;
use crate::license::Reading;
use crate::source::printable;
use crate::vocabulary::term::{AsOf, Metric, Scope, When};
use crate::vocabulary::word::words;
use crate::vocabulary::{Class, Delivery, FactId, Term, TermId};

words! { "reach of an obligation":
    /// What an obligation acts on.
    pub enum Binds {
        /// The component itself.
        Component = "component",
        /// The covered files.
        Files = "files",
        /// What the component is linked into.
        LinkedWork = "linked-work",
        /// The whole work.
        Work = "work",
        /// A model that is made from it.
        Model = "model",
        /// Whoever builds or runs.
        Actor = "actor",
    }
}

/// What an obligation comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Status {
    /// It must be done, or binds.
    Due,
    /// It is not triggered.
    Dormant {
        /// What would wake it.
        wakes: String,
    },
    /// It is fulfilled by the facts.
    Met {
        /// By which.
        by: String,
    },
    /// The facts break it.
    Breached {
        /// By which.
        by: String,
    },
    /// A fact is missing.
    Undecided {
        /// Which.
        missing: String,
    },
}

impl Status {
    /// The status as a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Dormant { .. } => "dormant",
            Self::Met { .. } => "met",
            Self::Breached { .. } => "breached",
            Self::Undecided { .. } => "undecided",
        }
    }

    /// How much it asks of whoever releases: what is breached most, what sleeps least.
    pub fn weight(&self) -> u8 {
        match self {
            Self::Breached { .. } => 4,
            Self::Due => 3,
            Self::Undecided { .. } => 2,
            Self::Met { .. } => 1,
            Self::Dormant { .. } => 0,
        }
    }
}

/// A number that holds from a day on; without a day, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaleEntry {
    /// The day from which it holds.
    pub on: Option<Date>,
    /// The number, in units of the metric.
    pub value: u64,
}

/// Facts about the organisation and how it uses what it builds: the policy's `[context]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Situation {
    /// Whether the use is commercial.
    pub commercial: Option<bool>,
    /// Whether products have an interactive interface.
    pub interactive: Option<bool>,
    /// Whether products are conveyed in consumer devices.
    pub consumer_device: Option<bool>,
    /// Users, revenue, staff; money by its currency in lower case.
    pub scales: BTreeMap<(Metric, Option<String>), Vec<ScaleEntry>>,
    /// Where products are offered.
    pub territories: Vec<String>,
    /// What products are used for.
    pub fields: Vec<String>,
    /// The day on which all this is judged.
    pub today: Date,
}

/// An arrival, as far as its status depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Arrived<'a> {
    /// The term.
    pub term: &'a Term,
    /// The licence that holds it.
    pub reading: &'a Reading,
    /// The component whose licence it is.
    pub component: &'a Component,
    /// How it arrived.
    pub state: State,
    /// Whether the component is part of the product's own package, or lies beside it as an artefact.
    pub in_own_package: bool,
    /// Whether the component is handed over with the product.
    pub delivered: bool,
    /// Whether the component runs as part of the product: linked, expanded or embedded.
    pub in_work: bool,
}

impl Arrived<'_> {
    /// What the obligation acts on.
    pub fn binds(&self) -> Binds {
        if self.state.strength == Strength::Actor {
            return Binds::Actor;
        }
        if self.state.phase == Phase::Once {
            return Binds::Model;
        }
        match self.term.id {
            TermId::SourceOfFiles => Binds::Files,
            TermId::NameDerivatives => Binds::Model,
            TermId::SameLicense | TermId::NoAddedRestrictions | TermId::NoTechnicalMeasures
                if self.term.scope == Some(Scope::Files) =>
            {
                Binds::Files
            }
            // Past a `here` the upper work is not bound, only what lies beside it.
            _ if self.state.anchor != Anchor::Work => Binds::Component,
            TermId::SourceOfLinkedWork => Binds::LinkedWork,
            TermId::SourceOfWork | TermId::InstallationInformation | TermId::SourceToNetworkUsers => Binds::Work,
            TermId::SameLicense | TermId::NoAddedRestrictions | TermId::NoTechnicalMeasures => match self.term.scope {
                Some(Scope::LinkedWork) => Binds::LinkedWork,
                Some(Scope::Work) => Binds::Work,
                _ => Binds::Component,
            },
            TermId::DisplayAttribution | TermId::UnknownTerms => Binds::Work,
            id if id.class() == Class::Restriction => Binds::Work,
            _ => Binds::Component,
        }
    }

    /// What it comes to in a delivery context.
    pub fn status(&self, delivery: Delivery, situation: &Situation) -> Status {
        if self.state.strength == Strength::Listed {
            return undecided("the law is unsettled on whether it crosses");
        }
        if !self.term.only_in.is_empty() && !self.term.only_in.contains(&delivery) {
            let contexts: Vec<&str> =
                self.term.only_in.iter().map(|context| crate::vocabulary::Word::as_str(*context)).collect();
            return dormant(&format!("when delivered as {}", contexts.join(" or ")));
        }
        if matches!(self.state.phase, Phase::Broken | Phase::Awaiting) {
            // A relation breaks a term only where the term holds.
            return match self.narrowed(situation) {
                Some(narrowed) => narrowed,
                None if self.state.strength == Strength::Warn => undecided("whether the relation breaks the term"),
                None => Status::Breached { by: "the relation itself".to_owned() },
            };
        }
        let limits = self.term.id.class() == Class::Restriction || self.term.id == TermId::UnknownTerms;
        if !limits {
            if let Some(asleep) = self.asleep(delivery) {
                return asleep;
            }
        } else if self.state.anchor == Anchor::Elsewhere {
            return dormant("when it is delivered with the product");
        }
        if let Some(narrowed) = self.narrowed(situation) {
            return narrowed;
        }
        self.limit(situation)
    }

    /// The table of classes and contexts: what is not owed in this context, and what would wake it.
    fn asleep(&self, delivery: Delivery) -> Option<Status> {
        let class = self.term.id.class();
        // These run with the grant: whoever uses the work is bound, delivered or not.
        let everywhere = matches!(
            self.term.id,
            TermId::PatentRetaliation | TermId::IndemnifyContributors | TermId::IndemnifyLicensor
        );
        if everywhere {
            return None;
        }
        if self.state.strength != Strength::Actor && self.state.anchor == Anchor::Elsewhere {
            return Some(dormant("when it is delivered with the product"));
        }
        match delivery {
            Delivery::Internal => Some(dormant("when the product is handed to others")),
            Delivery::Source if !self.in_own_package => Some(dormant("when built into a binary")),
            Delivery::Source if class == Class::Source => {
                Some(Status::Met { by: "the source is what is delivered".to_owned() })
            }
            Delivery::Source | Delivery::Binary => None,
            Delivery::Service => self.asleep_in_service(class),
        }
    }

    fn asleep_in_service(&self, class: Class) -> Option<Status> {
        let hosting = self.reading.has_fact(FactId::HostingIsDistribution)
            || self.reading.has_fact(FactId::ServiceTriggersDuties);
        match self.term.id {
            TermId::SourceToNetworkUsers => {
                (!self.in_work && self.term.scope != Some(Scope::ServiceStack) && !self.component.modified)
                    .then(|| dormant("when it is linked, embedded or patched into the product"))
            }
            TermId::PassOnRestrictions => None,
            _ if class == Class::Attribution || hosting => None,
            _ => Some(dormant("when the product is handed to others")),
        }
    }

    /// The case in which alone the term holds.
    fn narrowed(&self, situation: &Situation) -> Option<Status> {
        let known = |fact: Option<bool>, name: &str, wakes: &str| match fact {
            Some(true) => None,
            Some(false) => Some(dormant(wakes)),
            None => Some(undecided(&format!("`{name}` in [context]"))),
        };
        match self.term.when? {
            When::Always => None,
            When::Modified => self.sleeps_unmade().then(|| dormant("when it is modified")),
            When::Commercial => known(situation.commercial, "commercial", "when the use is commercial"),
            When::ConsumerDevice => {
                known(situation.consumer_device, "consumer-device", "when conveyed in a consumer device")
            }
            When::Interactive => known(situation.interactive, "interactive", "when the program is interactive"),
            When::DerivedModel => self.sleeps_unmade().then(|| dormant("when a model made from it is distributed")),
            When::Publication => Some(dormant("when results are published")),
            When::PublicStatement => Some(dormant("when a public statement is made about it")),
            When::Advertising => Some(dormant("when advertising mentions it")),
            When::Scale => match self.scale(situation) {
                Status::Breached { .. } => None,
                Status::Met { by } => Some(Status::Dormant { wakes: format!("above that scale ({by})") }),
                other => Some(other),
            },
        }
    }

    fn sleeps_unmade(&self) -> bool {
        sleeps_unmade(self.term, self.component, self.state)
    }

    /// Limits, against the facts.
    fn limit(&self, situation: &Situation) -> Status {
        match self.term.id {
            TermId::ScaleLimit => self.scale(situation),
            TermId::NonCommercial => match situation.commercial {
                Some(true) => Status::Breached { by: "`commercial = true` in [context]".to_owned() },
                Some(false) => Status::Met { by: "`commercial = false` in [context]".to_owned() },
                None => undecided("`commercial` in [context]"),
            },
            TermId::TerritoryLimit => territories(&self.term.territories, &situation.territories),
            TermId::ProhibitedFields => fields(&self.term.fields, &situation.fields),
            _ => Status::Due,
        }
    }

    fn scale(&self, situation: &Situation) -> Status {
        let (Some(metric), Some(threshold)) = (self.term.metric, self.term.threshold) else {
            return undecided("the threshold");
        };
        let money = matches!(metric, Metric::AnnualRevenue | Metric::MonthlyRevenue);
        // A threshold in money without a currency cannot be compared with anything.
        let currency = self.term.currency.as_ref().map(|currency| currency.to_lowercase());
        let name = match (&currency, money) {
            (Some(currency), true) => format!("{metric}-{currency}"),
            _ => metric.to_string(),
        };
        let entries = situation.scales.get(&(metric, if money { currency } else { None }));
        let missing = || undecided(&format!("`{name}` in [context]"));
        let Some(entries) = entries.filter(|entries| !entries.is_empty()) else {
            return missing();
        };
        let day = match self.term.as_of {
            Some(AsOf::ReleaseDate) => {
                let released = self.component.released.as_deref().and_then(|day| day.parse::<Date>().ok());
                match released {
                    Some(day) => day,
                    None if entries.iter().all(|entry| entry.on.is_none()) => situation.today,
                    None => return undecided("the day of release"),
                }
            }
            Some(AsOf::Continuing) | None => situation.today,
        };
        let at = entries.iter().filter(|entry| entry.on.is_none_or(|on| on <= day)).max_by_key(|entry| entry.on);
        match at {
            None => missing(),
            Some(entry) if entry.value > threshold => {
                Status::Breached { by: format!("{} is above {}", grouped(entry.value), grouped(threshold)) }
            }
            Some(entry) => Status::Met { by: format!("{} is not above {}", grouped(entry.value), grouped(threshold)) },
        }
    }
}

/// Whether the term holds only of what is made from the component, and nothing on this way was.
pub(crate) fn sleeps_unmade(term: &Term, component: &Component, state: State) -> bool {
    match term.when {
        Some(When::Modified) => !component.modified && !state.made,
        Some(When::DerivedModel) => !state.made,
        _ => false,
    }
}

/// The territories that are barred against those where products are offered.
fn territories(barred: &[String], offered: &[String]) -> Status {
    if offered.is_empty() {
        return undecided("`territories` in [context]");
    }
    let hit = offered.iter().find(|one| barred.iter().any(|other| territory::overlap(one, other)));
    if let Some(one) = hit {
        return Status::Breached { by: format!("`{one}` among `territories` in [context]") };
    }
    // What is only described, in the licence or in the policy, is never settled by comparing words.
    match barred.iter().chain(offered).find(|word| !territory::is_code(word)) {
        Some(word) => undecided(&format!("which territories `{}` means", printable(word))),
        None if barred.is_empty() => undecided("which territories are barred"),
        None => Status::Met { by: "none of `territories` in [context] is barred".to_owned() },
    }
}

/// The fields that are barred against what products are used for.
fn fields(barred: &[String], done: &[String]) -> Status {
    if done.is_empty() {
        return undecided("`fields` in [context]");
    }
    let hit = done.iter().find(|one| barred.iter().any(|other| other.eq_ignore_ascii_case(one)));
    match hit {
        Some(one) => Status::Breached { by: format!("`{one}` among `fields` in [context]") },
        None if barred.is_empty() => undecided("which fields are barred"),
        None => Status::Met { by: "none of `fields` in [context] is barred".to_owned() },
    }
}

/// A number with its thousands apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn dormant(wakes: &str) -> Status {
    Status::Dormant { wakes: wakes.to_owned() }
}

fn undecided(missing: &str) -> Status {
    Status::Undecided { missing: missing.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::license::{Catalogue, LicenseUse};
    use crate::vocabulary::{Fact, Kind, Level};

    const FIRM: State = State {
        strength: Strength::Firm,
        cap: Level::Deny,
        held: false,
        anchor: Anchor::Work,
        phase: Phase::Whole,
        dry: false,
        made: false,
        trained: None,
    };

    /// What a term comes to, of a licence with these facts, where the component lies in the product's own package.
    fn status(term: &Term, facts: &[FactId], delivery: Delivery, change: impl Fn(&mut Arrived<'_>)) -> &'static str {
        let license = LicenseUse { id: "MIT".to_owned(), exception: None };
        let facts = facts.iter().map(|id| Fact::bare(*id)).collect();
        let reading = Reading { terms: vec![term.clone()], facts, ..Catalogue::built_in().read(&license) };
        let component = Component::new("component", "component", Kind::Package);
        let mut arrived = Arrived {
            term,
            reading: &reading,
            component: &component,
            state: FIRM,
            in_own_package: true,
            delivered: true,
            in_work: true,
        };
        change(&mut arrived);
        arrived.status(delivery, &Situation::default()).word()
    }

    /// For each class, a term of it, and what it comes to as source, binary, service and inside.
    #[test]
    fn each_class_in_each_context() {
        let hosted = [FactId::HostingIsDistribution];
        let triggers = [FactId::ServiceTriggersDuties];
        let table: &[(TermId, &[FactId], [&str; 4])] = &[
            (TermId::KeepCopyright, &[], ["due", "due", "dormant", "dormant"]),
            (TermId::KeepCopyright, &hosted, ["due", "due", "due", "dormant"]),
            (TermId::KeepCopyright, &triggers, ["due", "due", "due", "dormant"]),
            (TermId::DisplayAttribution, &[], ["due", "due", "due", "dormant"]),
            (TermId::CreditCreator, &[], ["due", "due", "due", "dormant"]),
            (TermId::SourceOfWork, &[], ["met", "due", "dormant", "dormant"]),
            (TermId::SourceOfWork, &hosted, ["met", "due", "due", "dormant"]),
            (TermId::SourceToNetworkUsers, &[], ["met", "due", "due", "dormant"]),
            (TermId::SameLicense, &[], ["due", "due", "dormant", "dormant"]),
            (TermId::SameLicense, &triggers, ["due", "due", "due", "dormant"]),
            (TermId::PassOnRestrictions, &[], ["due", "due", "due", "dormant"]),
            (TermId::PatentRetaliation, &[], ["due", "due", "due", "due"]),
            (TermId::IndemnifyContributors, &[], ["due", "due", "due", "due"]),
            (TermId::IndemnifyLicensor, &[], ["due", "due", "due", "due"]),
            (TermId::AcceptableUse, &[], ["due", "due", "due", "due"]),
            (TermId::UnknownTerms, &[], ["due", "due", "due", "due"]),
        ];
        for (id, facts, expected) in table {
            let contexts = [Delivery::Source, Delivery::Binary, Delivery::Service, Delivery::Internal];
            let found = contexts.map(|delivery| status(&Term::bare(*id), facts, delivery, |_| {}));
            assert_eq!(found, *expected, "{id} with {facts:?}");
        }
    }

    #[test]
    fn as_source_only_the_files_in_the_package_are_handed_over() {
        let elsewhere = |id| status(&Term::bare(id), &[], Delivery::Source, |arrived| arrived.in_own_package = false);
        assert_eq!(elsewhere(TermId::KeepCopyright), "dormant");
        assert_eq!(elsewhere(TermId::SourceOfWork), "dormant");
        assert_eq!(elsewhere(TermId::PatentRetaliation), "due");
        assert_eq!(elsewhere(TermId::NonProduction), "due");
    }

    #[test]
    fn a_network_copyleft_sleeps_where_the_program_runs_by_itself_unchanged() {
        let patched = Component { modified: true, ..Component::new("patched", "patched", Kind::Program) };
        let term = Term::bare(TermId::SourceToNetworkUsers);
        let stack = Term { scope: Some(Scope::ServiceStack), ..term.clone() };
        assert_eq!(status(&term, &[], Delivery::Service, |arrived| arrived.in_work = false), "dormant");
        assert_eq!(status(&stack, &[], Delivery::Service, |arrived| arrived.in_work = false), "due");
        let reading = Catalogue::built_in().read(&LicenseUse { id: "AGPL-3.0-only".to_owned(), exception: None });
        let arrived = Arrived {
            term: &term,
            reading: &reading,
            component: &patched,
            state: FIRM,
            in_own_package: false,
            delivered: false,
            in_work: false,
        };
        assert_eq!(arrived.status(Delivery::Service, &Situation::default()), Status::Due);
    }

    #[test]
    fn what_is_not_handed_over_sleeps_and_what_is_unsettled_asks() {
        let sleeping = |arrived: &mut Arrived<'_>| arrived.state.anchor = Anchor::Elsewhere;
        let listed = |arrived: &mut Arrived<'_>| arrived.state.strength = Strength::Listed;
        let notice = Term::bare(TermId::KeepCopyright);
        assert_eq!(status(&notice, &[], Delivery::Binary, sleeping), "dormant");
        assert_eq!(status(&Term::bare(TermId::NoRedistribution), &[], Delivery::Binary, sleeping), "dormant");
        assert_eq!(status(&notice, &[], Delivery::Binary, listed), "undecided");
    }

    #[test]
    fn a_term_narrows_itself() {
        let in_binaries = Term { only_in: vec![Delivery::Binary], ..Term::bare(TermId::AcceptableUse) };
        assert_eq!(status(&in_binaries, &[], Delivery::Service, |_| {}), "dormant");
        assert_eq!(status(&in_binaries, &[], Delivery::Binary, |_| {}), "due");
        let if_changed = Term { when: Some(When::Modified), ..Term::bare(TermId::StateChanges) };
        assert_eq!(status(&if_changed, &[], Delivery::Binary, |_| {}), "dormant");
        let if_commercial = Term { when: Some(When::Commercial), ..Term::bare(TermId::IndemnifyContributors) };
        assert_eq!(status(&if_commercial, &[], Delivery::Binary, |_| {}), "undecided");
    }
}
