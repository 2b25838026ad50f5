//! From a graph and its licences to what arrives at each product.
//!
//! For each product:
//!
//! 1. what it reaches, by its own relations, and what of that is handed over with it;
//! 2. for each component, the choice in its licence expression, with the licences that bind;
//! 3. for each term of those, its strongest arrival, found in the search of the term's profile (made once, when first asked);
//! 4. for each component, the judgement on its openness, and how that arrives.
//!
//! Nothing is decided here about levels: a policy says, through [`Weigh`], who rules on openness and what a finding would cost.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::choice::{Cost, choose};
use super::context::{Arrived, Situation, Status, sleeps_unmade};
use super::crossing::{Crossings, Profile};
use super::reach::{Phase, Reach, State, Strength, Terrain, Visit};
use super::witness::Witness;
use crate::graph::{Component, Graph, Licensing, NodeIndex};
use crate::license::{Catalogue, Expression, LicenseUse, Openness, Reading};
use crate::vocabulary::{Class, Delivery, Domain, Fact, FactId, Kind, Level, Relation, Term, TermId};

/// What a policy says that the engine must know.
pub trait Weigh {
    /// Whose rulings on openness count for components of a domain.
    fn authorities(&self, domain: Domain) -> &[String];
    /// The highest level a finding can have that comes only through a relation.
    fn cap(&self, relation: Relation) -> Level;
    /// What a component's licence really is, where the policy says so.
    fn clarified(&self, component: &Component) -> Option<&Expression>;
    /// The branch of `OR` the policy fixes for a component.
    fn fixed_choice(&self, component: &Component) -> Option<&Expression>;
    /// How many findings a licence would lead to (those that fail the gate, then warnings), given what would arrive.
    fn findings(&self, component: &Component, reading: &Reading, arriving: &[(TermId, Level)]) -> [u32; 2];
    /// How a product is delivered.
    fn delivery(&self, product: &Component) -> Vec<Delivery>;
    /// Facts about the organisation, and the day on which all is judged.
    fn situation(&self) -> &Situation;
}

/// A licence that binds at a component, after all choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// What it says.
    pub reading: Arc<Reading>,
    /// Whether it is open, for this kind of component.
    pub openness: Openness,
}

/// Why a component is not known to be open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// It is open.
    Open,
    /// These terms close it; each with the licence that holds it.
    Closed(Vec<(Arc<Reading>, Term)>),
    /// Nothing is known of these licences; the flag says whether an authority calls each open all the same.
    Unknown(Vec<(Arc<Reading>, bool)>),
    /// There is no licence.
    Unlicensed,
}

/// A component as a product sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The component.
    pub node: NodeIndex,
    /// The licences that bind.
    pub bindings: Vec<Binding>,
    /// Branches that were not taken, as written.
    pub passed_over: Vec<String>,
    /// The judgement on its openness.
    pub judged: Judged,
    /// Beside the licences that close it, those of which nothing is known: what is unknown may cross where what is known to
    /// be closed does not.
    pub unread: Vec<(Arc<Reading>, bool)>,
    /// How that judgement arrives; absent where it is open, or does not cross.
    pub arrival: Option<Route>,
    /// How anything that can cross at all would arrive, for findings about the component itself.
    pub presence: Option<Route>,
    /// How the judgement that it is not open would arrive, whatever the judgement is.
    pub as_closed: Option<Route>,
}

/// A way to a component, in the search of one profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// How what takes it arrives.
    pub state: State,
    profile: Profile,
    visit: u32,
}

/// A term that arrives at a product.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The component whose licence holds it.
    pub node: NodeIndex,
    /// That licence.
    pub reading: Arc<Reading>,
    /// The term.
    pub term: Term,
    /// How it arrives.
    pub state: State,
    profile: Profile,
    visit: u32,
    exempt: bool,
}

/// What arrives at one product.
#[derive(Debug)]
pub struct ProductAnalysis {
    /// The product.
    pub node: NodeIndex,
    /// How it is delivered.
    pub delivery: Vec<Delivery>,
    /// The components it reaches, in the order of their ids; itself not among them.
    pub seen: Vec<Seen>,
    /// The terms that arrive, by component, in the order of its licences.
    pub arrivals: Vec<Arrival>,
    delivered: Vec<bool>,
    in_work: Vec<bool>,
    in_own_package: Vec<bool>,
    reaches: HashMap<Profile, Reach>,
    family_reaches: HashMap<(NodeIndex, Profile), Reach>,
}

impl ProductAnalysis {
    /// A component as the product sees it, if the product reaches it.
    pub fn seen_at(&self, node: NodeIndex) -> Option<&Seen> {
        let place = self.seen.binary_search_by_key(&node, |seen| seen.node).ok()?;
        self.seen.get(place)
    }

    /// The terms that arrive from one component.
    pub fn arrivals_from(&self, node: NodeIndex) -> &[Arrival] {
        let start = self.arrivals.partition_point(|arrival| arrival.node < node);
        let end = self.arrivals.partition_point(|arrival| arrival.node <= node);
        self.arrivals.get(start..end).unwrap_or_default()
    }

    /// The path by which a term came.
    pub fn witness(&self, arrival: &Arrival) -> Witness {
        let reach = if arrival.exempt {
            self.family_reaches.get(&(arrival.node, arrival.profile))
        } else {
            self.reaches.get(&arrival.profile)
        };
        reach.map_or_else(
            || Witness { product: self.node, steps: Vec::new() },
            |reach| Witness::of(reach, arrival.visit),
        )
    }

    /// The path of a route.
    pub fn path(&self, route: Route) -> Witness {
        self.reaches
            .get(&route.profile)
            .map_or_else(|| Witness { product: self.node, steps: Vec::new() }, |reach| Witness::of(reach, route.visit))
    }

    /// An arrival with what its status depends on.
    pub fn arrived<'a>(&self, graph: &'a Graph, arrival: &'a Arrival) -> Arrived<'a> {
        let is = |flags: &[bool]| flags.get(arrival.node.index()).copied().unwrap_or(false);
        Arrived {
            term: &arrival.term,
            reading: &arrival.reading,
            component: graph.component(arrival.node),
            state: arrival.state,
            in_own_package: is(&self.in_own_package),
            delivered: is(&self.delivered),
            in_work: is(&self.in_work),
        }
    }
}

/// Readings by licence, so that each is read once a run.
#[derive(Debug)]
struct Library<'a> {
    catalogue: &'a Catalogue,
    readings: HashMap<LicenseUse, Arc<Reading>>,
}

impl Library<'_> {
    fn read(&mut self, license: &LicenseUse) -> Arc<Reading> {
        if let Some(reading) = self.readings.get(license) {
            return Arc::clone(reading);
        }
        let reading = Arc::new(self.catalogue.read(license));
        self.readings.insert(license.clone(), Arc::clone(&reading));
        reading
    }
}

/// Propagates all terms to all products.
pub fn propagate(
    graph: &Graph,
    catalogue: &Catalogue,
    crossings: &Crossings,
    weigh: &dyn Weigh,
) -> Vec<ProductAnalysis> {
    let mut library = Library { catalogue, readings: HashMap::new() };
    let trained: HashSet<NodeIndex> = graph
        .relations()
        .filter(|(_, _, edge)| matches!(edge.relation, Relation::Distilled | Relation::TrainedOn))
        .map(|(upper, ..)| upper)
        .collect();
    let products = graph.products().iter().copied().enumerate();
    products.map(|product| Engine::new(graph, crossings, weigh, &trained, product).run(&mut library)).collect()
}

/// What all searches of one product share.
struct Ground<'a> {
    graph: &'a Graph,
    crossings: &'a Crossings,
    weigh: &'a dyn Weigh,
    product: NodeIndex,
    number: usize,
    /// What is handed over in the product's contexts.
    delivered: Vec<bool>,
    /// What lies in or beside the product, in whatever context: where it lies decides where a `here` is due, and the
    /// context then says whether.
    carried: Vec<bool>,
    /// Models that are trained on something: only there can it matter who is of whose family.
    trained: &'a HashSet<NodeIndex>,
}

impl Ground<'_> {
    fn search(&self, profile: Profile, exempt: Option<&HashSet<NodeIndex>>) -> Reach {
        let terrain = Terrain {
            graph: self.graph,
            crossings: self.crossings,
            product: self.product,
            number: self.number,
            delivered: &self.delivered,
            carried: &self.carried,
            caps: &|relation| self.weigh.cap(relation),
            exempt,
        };
        Reach::search(terrain, profile)
    }

    fn flood(&self, follow: impl Fn(Relation, bool) -> bool) -> Vec<bool> {
        flood(self.graph, self.product, self.number, follow)
    }
}

/// The state of one product's propagation.
struct Engine<'a> {
    ground: Ground<'a>,
    delivery: Vec<Delivery>,
    reaches: HashMap<Profile, Reach>,
    family_reaches: HashMap<(NodeIndex, Profile), Reach>,
}

impl<'a> Engine<'a> {
    fn new(
        graph: &'a Graph,
        crossings: &'a Crossings,
        weigh: &'a dyn Weigh,
        trained: &'a HashSet<NodeIndex>,
        (number, product): (usize, NodeIndex),
    ) -> Self {
        let delivery = weigh.delivery(graph.component(product));
        // Only a binary hands over what is linked or embedded. What is published as source hands over the package's own
        // files, which are what lies in it; a service and internal use hand over nothing.
        let binary = delivery.contains(&Delivery::Binary);
        let source = delivery.contains(&Delivery::Source);
        let delivered = flood(graph, product, number, |relation, ships| {
            (binary && relation.delivers(ships))
                || (source && matches!(relation, Relation::Embedded | Relation::Bundled))
        });
        let carried = flood(graph, product, number, Relation::delivers);
        let ground = Ground { graph, crossings, weigh, product, number, delivered, carried, trained };
        Self { ground, delivery, reaches: HashMap::new(), family_reaches: HashMap::new() }
    }

    fn run(mut self, library: &mut Library<'_>) -> ProductAnalysis {
        let reached = self.ground.flood(|_, _| true);
        let in_work = self.ground.flood(|relation, _| {
            matches!(
                relation,
                Relation::StaticLink
                    | Relation::DynamicLink
                    | Relation::MacroExpansion
                    | Relation::Embedded
                    | Relation::Derived
            )
        });
        // What an artefact in the package was made from comes with it, as far as its terms cross.
        let in_own_package = self
            .ground
            .flood(|relation, _| relation.is_lineage() || matches!(relation, Relation::Embedded | Relation::Bundled));
        let mut seen = Vec::new();
        let mut arrivals = Vec::new();
        for node in self.ground.graph.nodes() {
            if node == self.ground.product || !reached.get(node.index()).copied().unwrap_or(false) {
                continue;
            }
            let (one, terms) = self.see(node, library);
            seen.push(one);
            arrivals.extend(terms);
        }
        ProductAnalysis {
            node: self.ground.product,
            delivery: self.delivery,
            seen,
            arrivals,
            delivered: self.ground.delivered,
            in_work,
            in_own_package,
            reaches: self.reaches,
            family_reaches: self.family_reaches,
        }
    }

    /// One component: its licences after all choices, its terms, its openness.
    fn see(&mut self, node: NodeIndex, library: &mut Library<'_>) -> (Seen, Vec<Arrival>) {
        let graph = self.ground.graph;
        let weigh = self.ground.weigh;
        let component = graph.component(node);
        let expression = weigh.clarified(component).or(match &component.licensing {
            Licensing::Expression(expression) => Some(expression),
            Licensing::Absent | Licensing::FileOnly { .. } | Licensing::Malformed(_) => None,
        });
        let by_component = self.later(&component.facts, component);
        let has_opened = by_component.is_some();
        let opened = by_component.or_else(|| self.opened(expression?, component, library));
        let expression = opened.as_ref().or(expression);

        let mut bindings = Vec::new();
        let mut passed_over = Vec::new();
        match expression {
            Some(expression) => {
                let fixed = weigh.fixed_choice(component);
                let fixed_later = fixed.and_then(|fixed| self.opened(fixed, component, library));
                let chosen = choose(expression, fixed_later.as_ref().or(fixed), &mut |license| {
                    let reading = Self::read(license, component, library);
                    self.cost(node, &reading, library.catalogue)
                });
                for license in chosen.licenses {
                    let reading = Self::read(license, component, library);
                    let openness = self.openness(component, &reading, library.catalogue);
                    bindings.push(Binding { reading, openness });
                }
                passed_over = chosen.passed_over.iter().map(ToString::to_string).collect();
            }
            None => bindings.extend(self.without_expression(component, library.catalogue)),
        }
        if !has_opened {
            bindings.extend(self.own_terms(component, expression.is_some(), library.catalogue));
        }

        let mut arrivals = Vec::new();
        for binding in &bindings {
            for term in &binding.reading.terms {
                // Its own terms alone say nothing of what else may bind: the finding is about the licence.
                arrivals.extend(self.arrivals(node, &binding.reading, term));
            }
        }
        let (judged, unread) = judge(component, expression, &bindings);
        let anything = self.ground.crossings.profile(&Term::bare(TermId::UnknownTerms), &[]);
        let presence = self.route(node, anything);
        let as_closed = self.route(node, self.ground.crossings.not_open());
        // A service that the policy does not name is not open, whatever is known of its terms; what only its outputs
        // reach is judged by what is known.
        let level = |route: Option<Route>| route.map(|route| route.state.level());
        let (judged, unread) = match judged {
            judged if component.kind != Kind::Service => (judged, unread),
            // What is unknown of its terms may weigh more, where it comes by a way that openness does not.
            Judged::Unknown(readings) if as_closed.is_some() => (Judged::Closed(Vec::new()), readings),
            Judged::Unlicensed if level(as_closed) > Some(Level::Allow) && level(as_closed) >= level(presence) => {
                (Judged::Closed(Vec::new()), unread)
            }
            judged => (judged, unread),
        };
        let arrival = match judged {
            Judged::Open => None,
            Judged::Closed(_) => as_closed,
            Judged::Unknown(_) | Judged::Unlicensed => presence,
        };
        (Seen { node, bindings, passed_over, judged, unread, arrival, presence, as_closed }, arrivals)
    }

    /// The way by which terms of a profile would arrive from a component, if they do.
    fn route(&mut self, node: NodeIndex, profile: Profile) -> Option<Route> {
        let (visit, found) = self.reach(profile).strongest(node, |state| state.phase == Phase::Whole)?;
        (found.state.strength > Strength::Listed).then_some(Route { state: found.state, profile, visit })
    }

    /// What a licence says of this component: a component's own facts hold beside those of its licence.
    fn read(license: &LicenseUse, component: &Component, library: &mut Library<'_>) -> Arc<Reading> {
        let reading = library.read(license);
        if component.facts.is_empty() {
            return reading;
        }
        let mut reading = Reading::clone(&reading);
        reading.facts.extend(component.facts.iter().cloned());
        Arc::new(reading)
    }

    /// The licence that has replaced the one with these facts by the day of judgement.
    fn later(&self, facts: &[Fact], component: &Component) -> Option<Expression> {
        facts.iter().filter(|fact| fact.id == FactId::OpensLater).find_map(|fact| {
            let day = opening_day(fact, component.released.as_deref())?;
            let later = Expression::parse(fact.license.as_deref()?).ok()?;
            (self.ground.weigh.situation().today >= day).then_some(later)
        })
    }

    /// The expression with every licence replaced whose later licence applies; `None` where there is none.
    fn opened(&self, expression: &Expression, component: &Component, library: &mut Library<'_>) -> Option<Expression> {
        let mut all = |parts: &[Expression]| {
            let opened: Vec<_> = parts.iter().map(|part| self.opened(part, component, library)).collect();
            let any = opened.iter().any(Option::is_some);
            let parts = opened.into_iter().zip(parts).map(|(opened, part)| opened.unwrap_or_else(|| part.clone()));
            any.then(|| parts.collect())
        };
        match expression {
            Expression::License(license) => self.later(&library.read(license).facts, component),
            Expression::And(parts) => all(parts).map(Expression::And),
            Expression::Or(parts) => all(parts).map(Expression::Or),
        }
    }

    fn without_expression(&self, component: &Component, catalogue: &Catalogue) -> Option<Binding> {
        // Terms that are given stand instead of a licence that nobody names, not of one that nobody can read.
        let label = match &component.licensing {
            Licensing::Absent => return None,
            Licensing::FileOnly { file } => format!("the text in {}", crate::source::printable(file)),
            Licensing::Malformed(error) => error.text.clone(),
            Licensing::Expression(_) => return None,
        };
        let unknown = LicenseUse { id: String::new(), exception: None };
        let reading = Reading { label: label.clone(), id: label, ..catalogue.read(&unknown) };
        Some(Binding { reading: Arc::new(reading), openness: Openness::Unknown })
    }

    /// Terms and facts that a graph file gives a component beside, or instead of, a licence.
    fn own_terms(&self, component: &Component, has_license: bool, catalogue: &Catalogue) -> Option<Binding> {
        if component.terms.is_empty() {
            return None;
        }
        let reading = Reading {
            label: format!("the terms of {}", component.id),
            id: format!("terms:{}", component.id),
            name: String::new(),
            source: String::new(),
            catalogued: true,
            unknown_exception: None,
            terms: component.terms.clone(),
            facts: component.facts.clone(),
        };
        let mut openness = self.openness(component, &reading, catalogue);
        // Beside a licence, terms that close nothing say nothing against the ruling on that licence.
        let says_unknown = component.terms.iter().any(|term| term.id == TermId::UnknownTerms);
        if has_license && !says_unknown && openness == Openness::Unknown {
            openness = Openness::Open { authority: "its licence".to_owned() };
        }
        Some(Binding { reading: Arc::new(reading), openness })
    }

    fn openness(&self, component: &Component, reading: &Reading, catalogue: &Catalogue) -> Openness {
        let openness = reading.openness(catalogue, self.ground.weigh.authorities(component.kind.domain()));
        if component.data_package && !matches!(openness, Openness::Open { .. }) {
            let as_data = reading.openness(catalogue, self.ground.weigh.authorities(Domain::Data));
            if matches!(as_data, Openness::Open { .. }) {
                return as_data;
            }
        }
        openness
    }

    /// What choosing a licence at a component would cost this product.
    fn cost(&mut self, node: NodeIndex, reading: &Arc<Reading>, catalogue: &Catalogue) -> Cost {
        let component = self.ground.graph.component(node);
        let openness = self.openness(component, reading, catalogue);
        let mut cost = Cost::default();
        let mut arriving = Vec::new();
        for term in &reading.terms {
            for arrival in self.arrivals(node, reading, term) {
                if arrival.state.strength == Strength::Listed {
                    continue;
                }
                let level = arrival.state.level();
                arriving.push((term.id, level));
                let sleeps = sleeps_unmade(term, component, arrival.state)
                    || (!term.only_in.is_empty() && !self.delivery.iter().any(|one| term.only_in.contains(one)));
                let broken = arrival.state.phase == Phase::Broken && !sleeps;
                if broken || self.breached_by_fact(component, &arrival) {
                    cost = cost + finding(level);
                }
                let weight = obligation_weight(term.id);
                if let Some(slot) = cost.obligations.get_mut(weight) {
                    *slot = slot.saturating_add(1);
                }
            }
        }
        let profile = match openness {
            Openness::Open { .. } => None,
            Openness::Closed { .. } => Some(self.ground.crossings.not_open()),
            Openness::Unknown => Some(self.ground.crossings.profile(&Term::bare(TermId::UnknownTerms), &[])),
        };
        if let Some(route) = profile.and_then(|profile| self.route(node, profile)) {
            cost = cost + finding(route.state.level());
        }
        let by_policy = self.ground.weigh.findings(component, reading, &arriving);
        cost + Cost { findings: by_policy, ..Cost::default() }
    }

    /// Whether a known fact breaks a limit that arrives.
    fn breached_by_fact(&self, component: &Component, arrival: &Arrival) -> bool {
        if arrival.term.id.class() != Class::Restriction || arrival.state.phase != Phase::Whole {
            return false;
        }
        // Limits bind whatever is delivered: where the component lies changes nothing.
        let arrived = Arrived {
            term: &arrival.term,
            reading: &arrival.reading,
            component,
            state: arrival.state,
            in_own_package: true,
            delivered: true,
            in_work: true,
        };
        let situation = self.ground.weigh.situation();
        let mut statuses = self.delivery.iter().map(|delivery| arrived.status(*delivery, situation));
        statuses.any(|status| matches!(status, Status::Breached { .. }))
    }

    /// The strongest arrivals of one term: broken (for each model that was trained), whole, and binding one model.
    fn arrivals(&mut self, node: NodeIndex, reading: &Arc<Reading>, term: &Term) -> Vec<Arrival> {
        let profile = self.ground.crossings.profile(term, &reading.facts);
        let family = if profile.same_family_allowed { self.trained_family(node) } else { HashSet::new() };
        let exempt = !family.is_empty();
        let reach = if exempt { self.family_reach(node, profile, &family) } else { self.reach(profile) };
        let states = || reach.arrivals(node).map(|(_, visit)| visit.state);
        // A breach stands at the model that was trained, so each such model has its own.
        let trained: BTreeSet<_> = states().filter(|one| one.phase == Phase::Broken).map(|one| one.trained).collect();
        let mut strongest: Vec<_> = trained
            .into_iter()
            .filter_map(|model| reach.strongest(node, |one| one.phase == Phase::Broken && one.trained == model))
            .collect();
        strongest.extend(reach.strongest(node, |state| state.phase == Phase::Whole));
        strongest.extend(reach.strongest(node, |state| state.phase == Phase::Once));
        let arrival = |(number, visit): (u32, Visit)| Arrival {
            node,
            reading: Arc::clone(reading),
            term: term.clone(),
            state: visit.state,
            profile,
            visit: number,
            exempt,
        };
        strongest.into_iter().map(arrival).collect()
    }

    fn reach(&mut self, profile: Profile) -> &Reach {
        self.reaches.entry(profile).or_insert_with(|| self.ground.search(profile, None))
    }

    /// A search in which models of the origin's own family may be trained on its outputs.
    fn family_reach(&mut self, origin: NodeIndex, profile: Profile, family: &HashSet<NodeIndex>) -> &Reach {
        self.family_reaches.entry((origin, profile)).or_insert_with(|| self.ground.search(profile, Some(family)))
    }

    /// The models of an origin's family that are trained on something. Without one, a search of its own changes nothing.
    fn trained_family(&self, origin: NodeIndex) -> HashSet<NodeIndex> {
        if self.ground.trained.is_empty() {
            return HashSet::new();
        }
        let mut family = family_of(self.ground.graph, origin, self.ground.number);
        family.retain(|node| self.ground.trained.contains(node));
        family
    }
}

fn finding(level: Level) -> Cost {
    let findings = match level {
        Level::Deny => [1, 0],
        Level::Warn => [0, 1],
        Level::Allow => [0, 0],
    };
    Cost { findings, ..Cost::default() }
}

impl State {
    /// The highest level a finding can have that arrives so.
    pub fn level(self) -> Level {
        match self.strength {
            Strength::Listed => Level::Allow,
            Strength::Warn | Strength::Actor | Strength::Firm => self.cap,
        }
    }
}

/// The components below a product by relations that `follow` takes, as flags by node; the product is one of them.
fn flood(graph: &Graph, product: NodeIndex, number: usize, follow: impl Fn(Relation, bool) -> bool) -> Vec<bool> {
    let mut flags = vec![false; graph.len()];
    let mut open = vec![product];
    if let Some(flag) = flags.get_mut(product.index()) {
        *flag = true;
    }
    while let Some(node) = open.pop() {
        for (lower, edge) in graph.below(node) {
            let takes = edge.products.contains(number)
                && follow(edge.relation, graph.component(lower).ships)
                && flags.get(lower.index()) == Some(&false);
            if takes {
                if let Some(flag) = flags.get_mut(lower.index()) {
                    *flag = true;
                }
                open.push(lower);
            }
        }
    }
    flags
}

/// The models that descend from `origin` by `derived` or `adapter-of`, as far as that holds for the product.
fn family_of(graph: &Graph, origin: NodeIndex, number: usize) -> HashSet<NodeIndex> {
    let mut family = HashSet::new();
    let mut open = vec![origin];
    while let Some(node) = open.pop() {
        for (upper, edge) in graph.above(node) {
            let descends =
                matches!(edge.relation, Relation::Derived | Relation::AdapterOf) && edge.products.contains(number);
            if descends && family.insert(upper) {
                open.push(upper);
            }
        }
    }
    family
}

/// Puts the licences of a component together: all of them bind, so one that is not open closes it. Beside what closes it
/// stands what is unknown of the others.
fn judge(
    component: &Component,
    expression: Option<&Expression>,
    bindings: &[Binding],
) -> (Judged, Vec<(Arc<Reading>, bool)>) {
    if bindings.is_empty() {
        // A product below another is the workspace's own, like its unpublished members: it may do without a licence.
        let is_own = component.private || component.kind == Kind::Product;
        return (if expression.is_none() && is_own { Judged::Open } else { Judged::Unlicensed }, Vec::new());
    }
    let mut closed = Vec::new();
    let mut unknown = Vec::new();
    for binding in bindings {
        match &binding.openness {
            Openness::Closed { terms } => {
                closed.extend(terms.iter().map(|term| (Arc::clone(&binding.reading), term.clone())));
            }
            Openness::Unknown => unknown.push((Arc::clone(&binding.reading), false)),
            // Open by a ruling, but nobody has read its clauses: what it binds to is unknown.
            Openness::Open { .. } if !binding.reading.catalogued => {
                unknown.push((Arc::clone(&binding.reading), true));
            }
            Openness::Open { .. } => {}
        }
    }
    unknown.sort_by_key(|(_, ruled)| *ruled);
    if !closed.is_empty() {
        (Judged::Closed(closed), unknown)
    } else if unknown.is_empty() {
        (Judged::Open, Vec::new())
    } else {
        (Judged::Unknown(unknown), Vec::new())
    }
}

/// The place of a term in the order in which obligations weigh.
fn obligation_weight(id: TermId) -> usize {
    match (id.class(), id) {
        (Class::Restriction | Class::Unknown, _) => 0,
        (_, TermId::SourceOfWork | TermId::SourceToNetworkUsers | TermId::InstallationInformation) => 1,
        (_, TermId::SourceOfLinkedWork) => 2,
        (Class::Source, _) => 3,
        (Class::Licensing, _) => 4,
        (Class::Attribution, _) => 5,
        (Class::Notice, _) => 6,
    }
}

/// The day from which a later licence applies: a date, or a time after the release; the earlier of both.
fn opening_day(fact: &Fact, released: Option<&str>) -> Option<Date> {
    let date = fact.date.as_deref().and_then(|date| date.parse().ok());
    let after = released.and_then(|released| {
        let released: Date = released.parse().ok()?;
        released.checked_add(fact.after()?).ok()
    });
    date.into_iter().chain(after).min()
}
