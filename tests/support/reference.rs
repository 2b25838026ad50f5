//! A slow reading of the design's page on propagation, to hold the engine against.
//!
//! A term climbs from the component whose licence holds it, one relation after the other, along every trail (no relation
//! twice on one journey) that leads up to the product. Where a relation breaks the term, the breach sets out on a journey
//! of its own, as what is not open would; and where the term becomes another to the relations above, because it came
//! through `output-of` or is owed by what is not delivered, its trail begins anew. Of everything that arrives, the strongest counts, and of equally strong ones the
//! shortest. Nothing is shared between terms, nothing is pruned.

use std::collections::BTreeSet;

use cargo_covenant::graph::ComponentId;
use cargo_covenant::obligation::reach::{Anchor, Strength};
use cargo_covenant::vocabulary::term::{Results, Scope, When};
use cargo_covenant::vocabulary::{Class, Delivery, Fact, FactId, How, Level, Relation, Term, TermId};

use super::graphs::{Link, Plan};

/// The columns of [`TABLE`]: `dev` is that of `build-tool`, and nothing crosses `evaluated-on`.
const COLUMNS: [Relation; 13] = [
    Relation::StaticLink,
    Relation::DynamicLink,
    Relation::MacroExpansion,
    Relation::BuildTool,
    Relation::Embedded,
    Relation::Bundled,
    Relation::Downloaded,
    Relation::Hosted,
    Relation::Derived,
    Relation::AdapterOf,
    Relation::Distilled,
    Relation::OutputOf,
    Relation::TrainedOn,
];

/// What crosses, as the design's page has it. `once`: binds the upper model, goes no further; `breach?`: if delivered, else
/// `up`; `breach!`: where it came through `output-of`, else `up`; `by-how`: converted `up`, quantized `ask(warn)`, else `breach?`.
const TABLE: &str = "
notice                  up      here      own      stop  up       here    here  stop      up        ask(up)   stop      stop      ask(stop)
display-attribution     up      up        own      stop  up       up      up    ask(warn) up        up        stop      stop      stop
name-derivatives        stop    stop      stop     stop  stop     stop    stop  stop      once      once      stop      stop      stop
source-of-component     up      here      own      stop  up       here    stop  stop      up        here      stop      stop      stop
source-of-linked-work   up      ask(warn) own      stop  ask(up)  here    stop  stop      ask(warn) stop      stop      stop      stop
source-of-work          up      up        ask(own) stop  ask(warn) here   stop  stop      up        ask(up)   ask(stop) ask(stop) ask(warn)
source-to-network-users up      up        ask(own) stop  ask(warn) here   stop  actor     up        ask(up)   stop      stop      ask(warn)
patents                 up      up        own      actor up       here    actor actor     up        here      stop      stop      stop
restriction             up      up        own      actor up       up      up    up        up        up        stop      stop      ask(warn)
no-output-training      up      up        own      actor up       up      up    up        up        up        breach    up        breach!
no-derivatives          breach? up        own      actor up       up      up    up        by-how    ask(warn) ask(warn) ask(warn) ask(warn)
no-redistribution       breach? here      own      actor breach?  breach? here  here      breach?   here      stop      stop      stop
unknown-terms           up      up        own      actor up       up      up    up        up        up        up        up        ask(warn)
not-open                up      up        own      actor up       up      up    up        up        up        stop      stop      ask(warn)
";

/// The word in the table for a row and a relation.
pub(crate) fn cell(row: &str, relation: Relation, how: Option<How>) -> &'static str {
    let column = match relation {
        Relation::EvaluatedOn => return "stop",
        Relation::Dev => Relation::BuildTool,
        other => other,
    };
    let place = COLUMNS.iter().position(|known| *known == column).expect("every relation has a column");
    let mut lines = TABLE.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let line = lines.find(|words| words.first() == Some(&row)).expect("every row is in the table");
    assert_eq!(line.len(), COLUMNS.len() + 1, "{row}");
    match (line[place + 1], how) {
        ("by-how", Some(How::Converted)) => "up",
        ("by-how", Some(How::Quantized)) => "ask(warn)",
        ("by-how", _) => "breach?",
        (word, _) => word,
    }
}

/// The row that a term reads.
pub(crate) fn row(term: &Term) -> &'static str {
    match term.id {
        TermId::SameLicense | TermId::NoAddedRestrictions | TermId::NoTechnicalMeasures => match term.scope {
            Some(Scope::LinkedWork) => "source-of-linked-work",
            Some(Scope::Work) => "source-of-work",
            _ => "source-of-component",
        },
        TermId::CreditCreator => "notice",
        TermId::DisplayAttribution => "display-attribution",
        TermId::NameDerivatives => "name-derivatives",
        TermId::SourceOfFiles | TermId::SourceOfComponent => "source-of-component",
        TermId::SourceOfLinkedWork => "source-of-linked-work",
        TermId::SourceOfWork | TermId::InstallationInformation => "source-of-work",
        TermId::SourceToNetworkUsers => "source-to-network-users",
        TermId::PatentRetaliation | TermId::IndemnifyContributors | TermId::IndemnifyLicensor => "patents",
        TermId::PassOnRestrictions | TermId::DiscloseMachineGenerated => "restriction",
        TermId::NoOutputTraining => "no-output-training",
        TermId::NoDerivatives => "no-derivatives",
        TermId::NoRedistribution => "no-redistribution",
        TermId::UnknownTerms => "unknown-terms",
        id if id.class() == Class::Notice => "notice",
        id if id.class() == Class::Restriction => "restriction",
        id => unreachable!("`{id}` has a row of its own"),
    }
}

/// The word by which a term of a licence with these facts crosses a relation, before it is seen what is delivered.
pub(crate) fn word(term: &Term, facts: &[Fact], relation: Relation, how: Option<How>) -> &'static str {
    let has = |id: FactId| facts.iter().any(|fact| fact.id == id);
    let frees = |what| facts.iter().any(|fact| fact.id == FactId::ResultsUnencumbered && fact.of.contains(&what));
    if matches!(relation, Relation::Distilled | Relation::OutputOf) {
        if has(FactId::DistillationIsDerivative) {
            return cell(row(term), Relation::Derived, how);
        }
        if term.outputs || term.id == TermId::OutputObligations {
            return if term.id == TermId::NameDerivatives { "once" } else { "up" };
        }
        if frees(Results::Outputs) {
            return "stop";
        }
    }
    if relation == Relation::TrainedOn && frees(Results::TrainedModels) {
        return "stop";
    }
    cell(row(term), relation, how)
}

/// What arrives: the term itself, that a model made from its holder is bound, or that a relation broke it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Manner {
    /// The term.
    Whole,
    /// A bond on one model only.
    Once,
    /// A breach; of `no-output-training`, at the model at this place.
    Broken(Option<usize>),
}

/// All of a term and its licence that [`World::journeys`] asks for: terms that are alike in this travel alike.
pub(crate) fn kind<'a>(term: &Term, facts: &'a [Fact]) -> impl PartialEq + use<'a> {
    let training = term.id == TermId::NoOutputTraining;
    let bar = training.then_some((term.scope, term.same_family_allowed));
    (row(term), term.outputs || term.id == TermId::OutputObligations, bar, facts)
}

/// What travels: a term of a licence, or the judgement that a component is not open.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Traveller<'a> {
    /// A term, with the facts of its licence.
    Term(&'a Term, &'a [Fact]),
    /// The judgement.
    NotOpen,
}

/// Whether the upper end of a link is what a term that holds of changed versions, or of derived models, asks for.
fn makes(what: Traveller<'_>, link: &Link) -> bool {
    let Traveller::Term(term, facts) = what else {
        return false;
    };
    match term.when {
        Some(When::Modified) => link.relation == Relation::Derived && link.how != Some(How::Converted),
        Some(When::DerivedModel) => match link.relation {
            Relation::Derived | Relation::AdapterOf => true,
            Relation::Distilled => {
                let outputs = term.outputs || term.id == TermId::OutputObligations;
                outputs || facts.iter().any(|fact| fact.id == FactId::DistillationIsDerivative)
            }
            _ => false,
        },
        _ => false,
    }
}

/// One arrival by one trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Journey {
    /// What arrives.
    pub(crate) manner: Manner,
    /// The strength of the trail.
    pub(crate) strength: Strength,
    /// The highest level a finding may have that comes this way.
    pub(crate) level: Level,
    /// Whether it goes through what was made from the component, for a term that asks for that.
    pub(crate) made: bool,
    /// Whether it binds where its component is delivered only.
    pub(crate) anchor: Anchor,
    /// The components, from the product down.
    pub(crate) path: Vec<ComponentId>,
    /// The relations, from the product down.
    pub(crate) relations: Vec<Relation>,
}

impl Journey {
    /// The same, without the level where no finding comes of it: what sleeps or is only listed has none.
    #[must_use]
    pub(crate) fn settled(self) -> Self {
        let idle = self.strength == Strength::Listed || self.anchor == Anchor::Elsewhere;
        if idle { Self { level: Level::Allow, ..self } } else { self }
    }

    /// Sorted by this, the arrival that counts is the first: what would be dormant or only listed comes last, then by
    /// level and strength, length, and ids.
    pub(crate) fn rank(&self) -> impl Ord + '_ {
        // A term that holds only of what was made from the component sleeps on any other way.
        let awake = self.made && self.strength > Strength::Listed;
        let (level, strength) = (std::cmp::Reverse(self.level), std::cmp::Reverse(self.strength));
        (level, !awake, strength, self.anchor, self.path.len(), &self.path)
    }
}

/// A product's world.
pub(crate) struct World<'a> {
    plan: &'a Plan,
    product: usize,
    links: Vec<&'a Link>,
    /// What the product reaches at all: nothing else is worth climbing to.
    reached: BTreeSet<usize>,
    delivered: BTreeSet<usize>,
    /// What lies in or beside the product, whatever the delivery: there a `here` is due, if the context says so.
    carried: BTreeSet<usize>,
    cap: &'a dyn Fn(Relation) -> Level,
}

/// Where a traveller is, and how it came there.
#[derive(Clone)]
struct Climb {
    at: usize,
    manner: Manner,
    strength: Strength,
    /// The highest level that the policy lets its relations have.
    cap: Level,
    /// Whether something on the way lets no finding be more than a warning.
    warned: bool,
    anchor: Anchor,
    /// Whether the component it is at has it from below.
    received: bool,
    through_output: bool,
    made: bool,
    used: BTreeSet<usize>,
    trail: Vec<usize>,
}

impl<'a> World<'a> {
    /// The world of one product, delivered so.
    pub(crate) fn new(
        plan: &'a Plan,
        product: usize,
        delivery: &[Delivery],
        cap: &'a dyn Fn(Relation) -> Level,
    ) -> Self {
        let links: Vec<&Link> = plan.links.iter().filter(|link| link.holds_for(product)).collect();
        let reach = |follow: &dyn Fn(&Link) -> bool| {
            let mut reached = BTreeSet::from([product]);
            while let Some(next) = links
                .iter()
                .find(|link| reached.contains(&link.upper) && !reached.contains(&link.lower) && follow(link))
            {
                reached.insert(next.lower);
            }
            reached
        };
        let reached = reach(&|_| true);
        let delivered = reach(&|link| match link.relation {
            // The files in the package are delivered in source form, too.
            Relation::Embedded | Relation::Bundled => {
                delivery.contains(&Delivery::Binary) || delivery.contains(&Delivery::Source)
            }
            Relation::StaticLink | Relation::MacroExpansion => delivery.contains(&Delivery::Binary),
            Relation::DynamicLink => delivery.contains(&Delivery::Binary) && plan.components[link.lower].ships,
            _ => false,
        });
        let carried = reach(&|link| link.relation.delivers(plan.components[link.lower].ships));
        Self { plan, product, links, reached, delivered, carried, cap }
    }

    /// What the product reaches, itself not among it.
    pub(crate) fn reached(&self) -> impl Iterator<Item = usize> + '_ {
        self.reached.iter().copied().filter(|place| *place != self.product)
    }

    /// All ways by which something arrives from a component.
    pub(crate) fn journeys(&self, origin: usize, what: Traveller<'_>) -> Vec<Journey> {
        let start = Climb {
            at: origin,
            manner: Manner::Whole,
            strength: Strength::Firm,
            cap: Level::Deny,
            warned: false,
            anchor: Anchor::Work,
            received: false,
            through_output: false,
            made: false,
            used: BTreeSet::new(),
            trail: Vec::new(),
        };
        let mut arrived = Vec::new();
        self.climb(origin, what, &start, &mut arrived);
        arrived
    }

    fn climb(&self, origin: usize, what: Traveller<'_>, from: &Climb, arrived: &mut Vec<Journey>) {
        if from.at == self.product && !from.trail.is_empty() {
            arrived.push(self.journey(from));
        }
        for (number, link) in self.links.iter().enumerate() {
            if link.lower != from.at || !self.reached.contains(&link.upper) || from.used.contains(&number) {
                continue;
            }
            let Some(mut next) = self.cross(origin, what, from, link) else {
                continue;
            };
            next.at = link.upper;
            next.received = true;
            next.through_output |= link.relation == Relation::OutputOf;
            next.made |= makes(what, link);
            let asleep = |climb: &Climb| climb.anchor == Anchor::Elsewhere;
            let other = next.through_output != from.through_output || next.made != from.made;
            if other || asleep(&next) != asleep(from) {
                next.used.clear();
            }
            next.used.insert(number);
            next.trail.push(number);
            self.climb(origin, what, &next, arrived);
        }
    }

    fn cross(&self, origin: usize, what: Traveller<'_>, from: &Climb, link: &Link) -> Option<Climb> {
        let word = match what {
            Traveller::Term(term, facts) if from.manner == Manner::Whole => word(term, facts, link.relation, link.how),
            _ => cell("not-open", link.relation, link.how),
        };
        let handed_over = if link.relation.is_lineage() { link.upper } else { link.lower };
        let breaks = match word {
            // What binds only where its component is delivered, and is not delivered, is not broken by handing over something else.
            "breach?" => self.delivered.contains(&handed_over) && from.anchor != Anchor::Elsewhere,
            "breach" => !self.same_family(origin, what, link.upper),
            "breach!" => from.through_output && !self.same_family(origin, what, link.upper),
            _ => false,
        };
        let mut next = from.clone();
        if breaks {
            let Traveller::Term(term, _) = what else { unreachable!("only terms are broken") };
            let training = term.id == TermId::NoOutputTraining;
            next.manner = Manner::Broken(training.then_some(link.upper));
            if training && !self.decided(term, link.upper) {
                next.strength = next.strength.min(Strength::Warn);
                next.warned = true;
            }
            next.used.clear();
            // What lies below a breach is why, not how it reaches the product: `[relations]` says nothing of it.
            next.cap = Level::Deny;
            return Some(next);
        }
        next.cap = next.cap.min((self.cap)(link.relation));
        match word {
            "up" | "ask(up)" | "breach" | "breach?" | "breach!" => {}
            "own" | "ask(own)" => {
                if from.received {
                    next.strength = next.strength.min(Strength::Actor);
                }
            }
            "here" => {
                let carried = self.carried.contains(&link.lower);
                next.anchor = next.anchor.max(if carried { Anchor::Delivered } else { Anchor::Elsewhere });
            }
            "actor" => next.strength = next.strength.min(Strength::Actor),
            "ask(warn)" => {
                next.strength = next.strength.min(Strength::Warn);
                next.warned = true;
            }
            "ask(stop)" => next.strength = Strength::Listed,
            "once" => {
                next.manner = Manner::Once;
                next.used.clear();
            }
            "stop" => return None,
            other => unreachable!("`{other}` is no crossing"),
        }
        Some(next)
    }

    fn journey(&self, climb: &Climb) -> Journey {
        let links: Vec<&Link> = climb.trail.iter().rev().map(|number| self.links[*number]).collect();
        let id = |place: usize| self.plan.components[place].id.clone();
        let level = if climb.warned { climb.cap.min(Level::Warn) } else { climb.cap };
        Journey {
            manner: climb.manner,
            strength: climb.strength,
            level,
            made: climb.made,
            anchor: climb.anchor,
            path: std::iter::once(id(self.product)).chain(links.iter().map(|link| id(link.lower))).collect(),
            relations: links.iter().map(|link| link.relation).collect(),
        }
        .settled()
    }

    /// Whether a model may be trained on outputs of the origin because it is made from it.
    fn same_family(&self, origin: usize, what: Traveller<'_>, model: usize) -> bool {
        let Traveller::Term(Term { same_family_allowed: true, .. }, _) = what else {
            return false;
        };
        let mut family = BTreeSet::new();
        let mut grown = true;
        while grown {
            let made = self.links.iter().filter(|link| {
                let descends = matches!(link.relation, Relation::Derived | Relation::AdapterOf);
                descends && (link.lower == origin || family.contains(&link.lower))
            });
            let before = family.len();
            family = made.map(|link| link.upper).chain(family.iter().copied()).collect();
            grown = family.len() > before;
        }
        family.contains(&model)
    }

    /// Whether the bar on training certainly means this model.
    fn decided(&self, term: &Term, model: usize) -> bool {
        match term.scope {
            None | Some(Scope::AnyModel) => true,
            Some(Scope::OtherLlm) => self.plan.components[model].task.as_deref() == Some("text-generation"),
            Some(_) => false,
        }
    }
}
