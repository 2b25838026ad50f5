//! Terms: the atoms a licence is made of, and facts that change how terms travel.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use super::word::{UnknownWord, Word, words};

words! { "class of terms":
    /// The class of a term: what kind of duty or limit it is.
    pub enum Class {
        /// Texts and notices that go along.
        Notice = "notice",
        /// Credit that must be shown.
        Attribution = "attribution",
        /// Source that must be offered.
        Source = "source",
        /// Conditions on the licence of what is made.
        Licensing = "licensing",
        /// Limits on who may use it, for what, and how.
        Restriction = "restriction",
        /// Nothing is known.
        Unknown = "unknown",
    }
}

words! { "term":
    /// One atom of meaning in a licence. Each has a page in the docs: `cargo covenant explain TERM`.
    pub enum TermId {
        /// Keep copyright notices.
        KeepCopyright = "keep-copyright",
        /// Hand on the licence text.
        IncludeLicense = "include-license",
        /// Hand on a NOTICE file, or a fixed attribution string in it.
        IncludeNotice = "include-notice",
        /// Keep the warranty disclaimer.
        KeepDisclaimer = "keep-disclaimer",
        /// Mark modified files.
        StateChanges = "state-changes",
        /// An interactive program shows its legal notices.
        InterfaceNotices = "interface-notices",
        /// No use of names or marks to promote.
        NoEndorsement = "no-endorsement",
        /// Advertising names the authors.
        AdvertisingAcknowledgement = "advertising-acknowledgement",
        /// Show a credit where users see it.
        DisplayAttribution = "display-attribution",
        /// Credit the author in any reasonable manner.
        CreditCreator = "credit-creator",
        /// Say that outputs are machine-made.
        DiscloseMachineGenerated = "disclose-machine-generated",
        /// A derived model's name starts with a prefix.
        NameDerivatives = "name-derivatives",
        /// Source of the covered files.
        SourceOfFiles = "source-of-files",
        /// Source of the component itself.
        SourceOfComponent = "source-of-component",
        /// Source of, or relinkable objects for, what it is linked into.
        SourceOfLinkedWork = "source-of-linked-work",
        /// Corresponding source of the whole work.
        SourceOfWork = "source-of-work",
        /// Source to users over a network.
        SourceToNetworkUsers = "source-to-network-users",
        /// Keys or instructions to install changed versions on consumer devices.
        InstallationInformation = "installation-information",
        /// Derivatives under the same or a listed licence.
        SameLicense = "same-license",
        /// Nothing more may be demanded of recipients.
        NoAddedRestrictions = "no-added-restrictions",
        /// Use limits go into every downstream agreement.
        PassOnRestrictions = "pass-on-restrictions",
        /// A suit ends the grant.
        PatentRetaliation = "patent-retaliation",
        /// Commercial distributors indemnify contributors.
        IndemnifyContributors = "indemnify-contributors",
        /// Every user indemnifies the licensor.
        IndemnifyLicensor = "indemnify-licensor",
        /// No technical measures that keep recipients from their rights.
        NoTechnicalMeasures = "no-technical-measures",
        /// An acceptable-use policy is part of the licence.
        AcceptableUse = "acceptable-use",
        /// Listed fields of use are barred.
        ProhibitedFields = "prohibited-fields",
        /// Non-commercial purposes only.
        NonCommercial = "non-commercial",
        /// Research or evaluation only.
        ResearchOnly = "research-only",
        /// No production use.
        NonProduction = "non-production",
        /// Above a number of users, revenue or staff another licence is needed.
        ScaleLimit = "scale-limit",
        /// Not granted in, or to persons of, listed territories.
        TerritoryLimit = "territory-limit",
        /// Outputs may not improve or train other models.
        NoOutputTraining = "no-output-training",
        /// A duty runs with the outputs.
        OutputObligations = "output-obligations",
        /// Not to compete with the licensor.
        NoCompetingUse = "no-competing-use",
        /// Not to be offered as a hosted service.
        NoHostedService = "no-hosted-service",
        /// Not to be sold.
        NoSelling = "no-selling",
        /// No modified versions, or none that are distributed.
        NoDerivatives = "no-derivatives",
        /// No redistribution.
        NoRedistribution = "no-redistribution",
        /// No reverse engineering or circumvention.
        NoReverseEngineering = "no-reverse-engineering",
        /// The licensor restricts use remotely, demands updates, guardrails, reports.
        LicensorControl = "licensor-control",
        /// Ends, or changes, at the licensor's will.
        Revocable = "revocable",
        /// Only after registering or passing a gate.
        RegistrationRequired = "registration-required",
        /// No text and no known id.
        UnknownTerms = "unknown-terms",
    }
}

impl TermId {
    /// The class this term belongs to.
    pub fn class(self) -> Class {
        match self {
            Self::KeepCopyright
            | Self::IncludeLicense
            | Self::IncludeNotice
            | Self::KeepDisclaimer
            | Self::StateChanges
            | Self::InterfaceNotices
            | Self::NoEndorsement
            | Self::AdvertisingAcknowledgement => Class::Notice,
            Self::DisplayAttribution | Self::CreditCreator | Self::DiscloseMachineGenerated | Self::NameDerivatives => {
                Class::Attribution
            }
            Self::SourceOfFiles
            | Self::SourceOfComponent
            | Self::SourceOfLinkedWork
            | Self::SourceOfWork
            | Self::SourceToNetworkUsers
            | Self::InstallationInformation => Class::Source,
            Self::SameLicense
            | Self::NoAddedRestrictions
            | Self::PassOnRestrictions
            | Self::PatentRetaliation
            | Self::IndemnifyContributors
            | Self::IndemnifyLicensor
            | Self::NoTechnicalMeasures => Class::Licensing,
            Self::AcceptableUse
            | Self::ProhibitedFields
            | Self::NonCommercial
            | Self::ResearchOnly
            | Self::NonProduction
            | Self::ScaleLimit
            | Self::TerritoryLimit
            | Self::NoOutputTraining
            | Self::OutputObligations
            | Self::NoCompetingUse
            | Self::NoHostedService
            | Self::NoSelling
            | Self::NoDerivatives
            | Self::NoRedistribution
            | Self::NoReverseEngineering
            | Self::LicensorControl
            | Self::Revocable
            | Self::RegistrationRequired => Class::Restriction,
            Self::UnknownTerms => Class::Unknown,
        }
    }
}

words! { "delivery context":
    /// How a product reaches others.
    pub enum Delivery {
        /// The package's own files are published.
        Source = "source",
        /// What was built is handed over.
        Binary = "binary",
        /// Others use it over a network.
        Service = "service",
        /// It stays inside the organisation.
        Internal = "internal",
    }
}

words! { "condition":
    /// A case in which alone a term holds.
    pub enum When {
        /// Written out, and the same as leaving it away.
        Always = "always",
        /// The component was changed.
        Modified = "modified",
        /// It is used or distributed commercially.
        Commercial = "commercial",
        /// It is conveyed in a consumer device.
        ConsumerDevice = "consumer-device",
        /// The program has an interactive interface.
        Interactive = "interactive",
        /// A model derived from it is distributed.
        DerivedModel = "derived-model",
        /// Research results are published.
        Publication = "publication",
        /// A public statement is made about it.
        PublicStatement = "public-statement",
        /// Advertising mentions it.
        Advertising = "advertising",
        /// The scale in `metric` and `threshold` is exceeded.
        Scale = "scale",
    }
}

words! { "metric":
    /// What a scale limit counts.
    pub enum Metric {
        /// Persons who use it in a month.
        MonthlyActiveUsers = "monthly-active-users",
        /// Persons who use it in a day.
        DailyActiveUsers = "daily-active-users",
        /// Revenue in a year, in the term's currency.
        AnnualRevenue = "annual-revenue",
        /// Revenue in a month, in the term's currency.
        MonthlyRevenue = "monthly-revenue",
        /// Staff.
        Headcount = "headcount",
    }
}

words! { "day of a scale limit":
    /// On which day a scale limit looks.
    pub enum AsOf {
        /// The day the component was released.
        ReleaseDate = "release-date",
        /// Every day.
        Continuing = "continuing",
    }
}

words! { "scope":
    /// How far a term reaches; which of these a term takes is said by [`Scope::fits`].
    pub enum Scope {
        /// The covered files.
        Files = "files",
        /// The component itself.
        Component = "component",
        /// What it is linked into.
        LinkedWork = "linked-work",
        /// The whole work.
        Work = "work",
        /// Everything a service is run with.
        ServiceStack = "service-stack",
        /// Patent suits.
        Patent = "patent",
        /// Suits over any intellectual property.
        AnyIp = "any-ip",
        /// No model at all may be trained on outputs.
        AnyModel = "any-model",
        /// No other large language model.
        OtherLlm = "other-llm",
        /// No foundation model.
        Foundational = "foundational",
        /// No model that competes with the licensor.
        Competing = "competing",
        /// The grant does not reach the territories.
        Grant = "grant",
        /// Persons of the territories are barred.
        Persons = "persons",
        /// Sanctions law, written into the licence.
        ExportControl = "export-control",
    }
}

impl Scope {
    /// Whether a term of this id may have this scope.
    pub fn fits(self, term: TermId) -> bool {
        match self {
            Self::Files | Self::Component | Self::LinkedWork | Self::Work => {
                matches!(term, TermId::SameLicense | TermId::NoAddedRestrictions | TermId::NoTechnicalMeasures)
            }
            Self::ServiceStack => term == TermId::SourceToNetworkUsers,
            Self::Patent | Self::AnyIp => term == TermId::PatentRetaliation,
            Self::AnyModel | Self::OtherLlm | Self::Foundational | Self::Competing => term == TermId::NoOutputTraining,
            Self::Grant | Self::Persons | Self::ExportControl => term == TermId::TerritoryLimit,
        }
    }
}

words! { "end of a grant":
    /// What a suit ends.
    pub enum Ends {
        /// The patent grant.
        PatentGrant = "patent-grant",
        /// All grants of the licence.
        AllGrants = "all-grants",
    }
}

words! { "means of control":
    /// How a licensor keeps control.
    pub enum Control {
        /// By restricting use remotely.
        Remote = "remote",
        /// By demanding updates.
        Update = "update",
        /// By demanding that guardrails stay in.
        Guardrail = "guardrail",
        /// By demanding reports.
        Report = "report",
    }
}

/// One term as one licence holds it: the atom, the clause it was read from, and its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Term {
    /// Which atom.
    pub id: TermId,
    /// The clause as the licence prints its number or heading; empty where nobody gave one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub clause: String,
    /// A fixed string to be shown or kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The case in which alone the term holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// The delivery contexts in which alone the term holds; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_in: Vec<Delivery>,
    /// With what the name of a derived model starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// How far the term reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Licences under which a derivative may go out instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compatible: Vec<String>,
    /// Terms of others that are no added restriction.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerates: Vec<TermId>,
    /// What a suit ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Ends>,
    /// Whether suits in answer to a suit are exempt.
    #[serde(default, skip_serializing_if = "is_false")]
    pub defensive_exempt: bool,
    /// Where the policy that is part of the licence stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether the licensor can change that policy later.
    #[serde(default, skip_serializing_if = "is_false")]
    pub mutable: bool,
    /// Fields of use that are barred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// What a scale limit counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// The number above which another licence is needed, in units of the metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u64>,
    /// ISO 4217 code of a threshold in money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// On which day the scale is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<AsOf>,
    /// Territories that are excluded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub territories: Vec<String>,
    /// Whether models of the same family may be improved all the same.
    #[serde(default, skip_serializing_if = "is_false")]
    pub same_family_allowed: bool,
    /// How the licensor keeps control.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub how: Vec<Control>,
    /// Whether the term also reaches outputs.
    #[serde(default, skip_serializing_if = "is_false")]
    pub outputs: bool,
}

impl Term {
    /// The bare atom: no clause, no parameters.
    pub fn bare(id: TermId) -> Self {
        Self {
            id,
            clause: String::new(),
            text: None,
            when: None,
            only_in: Vec::new(),
            prefix: None,
            scope: None,
            compatible: Vec::new(),
            tolerates: Vec::new(),
            ends: None,
            defensive_exempt: false,
            url: None,
            mutable: false,
            fields: Vec::new(),
            metric: None,
            threshold: None,
            currency: None,
            as_of: None,
            territories: Vec::new(),
            same_family_allowed: false,
            how: Vec::new(),
            outputs: false,
        }
    }

    /// What is wrong with the parameters, if they do not fit the term: a scope of another term, or a scale
    /// limit that does not say of what.
    pub fn fault(&self) -> Option<String> {
        if let Some(scope) = self.scope
            && !scope.fits(self.id)
        {
            return Some(format!("`{}` takes no scope `{scope}`", self.id));
        }
        let needs_scale = self.id == TermId::ScaleLimit || self.when == Some(When::Scale);
        if needs_scale && (self.metric.is_none() || self.threshold.is_none()) {
            return Some(format!("`{}` by scale needs `metric` and `threshold`", self.id));
        }
        None
    }

    /// Whether this term alone makes a licence not open (`docs/terms/`, and criterion by criterion in
    /// [`osd_criteria`](Self::osd_criteria)).
    pub fn closes(&self) -> bool {
        !self.osd_criteria().is_empty()
    }

    /// The criteria of the Open Source Definition (1 to 10) that a licence with this term fails.
    pub fn osd_criteria(&self) -> &'static [u8] {
        match self.id {
            TermId::NoSelling | TermId::NoRedistribution => &[1],
            TermId::NonCommercial => &[1, 6],
            TermId::NoDerivatives | TermId::NoReverseEngineering => &[3],
            TermId::ScaleLimit | TermId::TerritoryLimit => &[5],
            TermId::RegistrationRequired => &[5, 7],
            TermId::AcceptableUse
            | TermId::ProhibitedFields
            | TermId::ResearchOnly
            | TermId::NonProduction
            | TermId::NoCompetingUse
            | TermId::NoHostedService => &[6],
            TermId::NoOutputTraining => &[6, 9],
            TermId::PassOnRestrictions | TermId::Revocable | TermId::LicensorControl => &[7],
            TermId::OutputObligations => &[9],
            TermId::SourceToNetworkUsers if self.scope == Some(Scope::ServiceStack) => &[9],
            // Criterion 10 is about the technology: only a credit in a user interface is bound to one. A credit
            // that a text asks for in documents or publications is an attribution like any other.
            TermId::DisplayAttribution if !matches!(self.when, Some(When::Publication | When::PublicStatement)) => {
                &[10]
            }
            TermId::KeepCopyright
            | TermId::IncludeLicense
            | TermId::IncludeNotice
            | TermId::KeepDisclaimer
            | TermId::StateChanges
            | TermId::InterfaceNotices
            | TermId::NoEndorsement
            | TermId::AdvertisingAcknowledgement
            | TermId::DisplayAttribution
            | TermId::CreditCreator
            | TermId::DiscloseMachineGenerated
            | TermId::NameDerivatives
            | TermId::SourceOfFiles
            | TermId::SourceOfComponent
            | TermId::SourceOfLinkedWork
            | TermId::SourceOfWork
            | TermId::SourceToNetworkUsers
            | TermId::InstallationInformation
            | TermId::SameLicense
            | TermId::NoAddedRestrictions
            | TermId::PatentRetaliation
            | TermId::IndemnifyContributors
            | TermId::IndemnifyLicensor
            | TermId::NoTechnicalMeasures
            | TermId::UnknownTerms => &[],
        }
    }
}

words! { "fact":
    /// What binds nobody, but changes how terms travel.
    pub enum FactId {
        /// What is made with it (trained models, or outputs) is free of it.
        ResultsUnencumbered = "results-unencumbered",
        /// The licensor claims no rights in outputs.
        OutputsUnclaimed = "outputs-unclaimed",
        /// A model trained on outputs counts as a derivative.
        DistillationIsDerivative = "distillation-is-derivative",
        /// Offering it over an API counts as distribution.
        HostingIsDistribution = "hosting-is-distribution",
        /// Who receives it inside a finished product is not bound by the scale limit.
        IntegratedProductExempt = "integrated-product-exempt",
        /// Notices or credits are owed for a service that contains it.
        ServiceTriggersDuties = "service-triggers-duties",
        /// Another licence applies from a date.
        OpensLater = "opens-later",
    }
}

words! { "result":
    /// What a licence frees for itself.
    pub enum Results {
        /// Models trained on the data.
        TrainedModels = "trained-models",
        /// Outputs of the model.
        Outputs = "outputs",
    }
}

/// One fact as one licence states it. Written as a bare word, or as a table where it has parameters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Fact {
    /// Which fact.
    pub id: FactId,
    /// The clause it was read from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub clause: String,
    /// For `results-unencumbered`: what is freed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<Results>,
    /// For `opens-later`: the day from which the later licence applies, as `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// For `opens-later`: how long after release, as the licence says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// For `opens-later`: the licence that applies from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
}

impl Fact {
    /// The bare fact, without parameters.
    pub fn bare(id: FactId) -> Self {
        Self { id, clause: String::new(), of: Vec::new(), date: None, after: None, license: None }
    }

    /// What is wrong with the parameters: a day, or a time, that cannot be read would never come.
    pub fn fault(&self) -> Option<String> {
        let shown = |text: &str| crate::source::printable(text).into_owned();
        if let Some(date) = &self.date
            && date.parse::<jiff::civil::Date>().is_err()
        {
            return Some(format!("`{}` is no date such as 2024-07-23", shown(date)));
        }
        match &self.after {
            Some(after) if self.after().is_none() => Some(format!("`{}` is no time such as `4 years`", shown(after))),
            _ => None,
        }
    }

    /// How long after release the later licence applies: `4 years`, `18 months`, `90 days`. A bare number would leave the
    /// unit to be guessed.
    pub fn after(&self) -> Option<jiff::Span> {
        let (number, unit) = self.after.as_deref()?.trim().split_once(' ')?;
        let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
        let span = jiff::Span::new();
        match unit.trim() {
            "year" | "years" => span.try_years(number).ok(),
            "month" | "months" => span.try_months(number).ok(),
            "day" | "days" => span.try_days(number).ok(),
            _ => None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// What may be written as a bare word or as a table: terms and facts.
pub trait Atom: Sized {
    /// What one of these is called in a message.
    const WHAT: &'static str;

    /// The atom that is written as this bare word.
    ///
    /// # Errors
    ///
    /// An [`UnknownWord`] where the word is none of the vocabulary.
    fn from_bare(word: &str) -> Result<Self, UnknownWord>;
}

impl Atom for Term {
    const WHAT: &'static str = "a term, as a word or as a table with `id`";

    fn from_bare(word: &str) -> Result<Self, UnknownWord> {
        TermId::from_word(word).map(Self::bare)
    }
}

impl Atom for Fact {
    const WHAT: &'static str = "a fact, as a word or as a table with `id`";

    fn from_bare(word: &str) -> Result<Self, UnknownWord> {
        FactId::from_word(word).map(Self::bare)
    }
}

/// Reads a list of atoms, each a bare word or a table: for `#[serde(deserialize_with = "…")]`.
pub(crate) fn atoms<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Atom + serde::de::DeserializeOwned,
{
    struct WordOrTable<T>(T);

    impl<'de, T: Atom + serde::de::DeserializeOwned> Deserialize<'de> for WordOrTable<T> {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor<T>(PhantomData<T>);

            impl<'de, T: Atom + serde::de::DeserializeOwned> serde::de::Visitor<'de> for Visitor<T> {
                type Value = T;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(T::WHAT)
                }

                fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<T, E> {
                    T::from_bare(word).map_err(E::custom)
                }

                fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                    T::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                }
            }

            deserializer.deserialize_any(Visitor(PhantomData)).map(WordOrTable)
        }
    }

    let list = Vec::<WordOrTable<T>>::deserialize(deserializer)?;
    Ok(list.into_iter().map(|WordOrTable(atom)| atom).collect())
}
