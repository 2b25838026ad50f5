//! How strongly the terms of each component would arrive at a product, and by which path.
//!
//! One search serves all terms of one [`Profile`]. It runs breadth-first from the product *downwards*, against the way the
//! terms travel, so that the first visit of a component in a state is by the shortest path, and, since relations are sorted
//! by id, by the first in order among equally short ones. A state is
//!
//! * the **strength** of the path: that of its weakest relation;
//! * the **cap**: the highest level a finding may have that comes this way (`[relations]` of the policy);
//! * **held**: the last step was `own`, so that the component's own terms arrive, and what it received does only as `actor`;
//! * the **anchor**: a `here` was crossed, so that the terms bind the lower component alone, where it is delivered;
//! * the **phase**, for the few profiles with a relation that itself breaks the term. Phases, from the product down:
//!   1. `Above`: relations above the breach, crossed by the row *not open*;
//!   2. `Awaiting`: past a `trained-on` that breaks the term if it came through `output-of`, which is still to be seen;
//!   3. `Broken`: past the breach; here the terms arrive, and travel by their own row.
//!
//!   Beside these, `Sparing` is past a relation that breaks the term where its component is delivered: only a `here` whose
//!   lower end is not delivered lets the term arrive after all;
//! * **dry**: past a `trained-on` that did not break the term, because no `output-of` follows;
//! * the **trained** model, so that each model that was trained on outputs has its own breach.
//!
//! A visit whose state is no better than an earlier one of the same component adds nothing and is not made. Each visit keeps
//! its parent: that is the whole witness.

use std::collections::HashSet;

use super::crossing::{Crossings, Profile, Value};
use crate::graph::{Edge, Graph, NodeIndex};
use crate::vocabulary::{Level, Relation};

/// How strongly a path carries a term. Ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// It does not arrive, but the law is unsettled: it is listed.
    Listed,
    /// It binds whoever builds or runs, not the product.
    Actor,
    /// No more than a warning.
    Warn,
    /// It binds.
    Firm,
}

/// Whether a path crossed a `here`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Anchor {
    /// It did not: the terms bind the upper work.
    Work,
    /// It did, and the lower component lies in or beside the product.
    Delivered,
    /// It did, and the lower component does not.
    Elsewhere,
}

/// Where a path stands towards a relation that breaks the term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// No relation on it breaks the term.
    Whole,
    /// Above the breach.
    Above,
    /// Past a `trained-on`; an `output-of` is still to be seen.
    Awaiting,
    /// Past the breach.
    Broken,
    /// Past a relation that binds its upper component only.
    Once,
    /// Past a relation that breaks the term if its component is delivered; a `here` that says it is not is still to be seen.
    Sparing,
}

/// The state of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State {
    /// Strength of the path so far.
    pub strength: Strength,
    /// The highest level a finding may have that comes this way.
    pub cap: Level,
    /// Whether the last step lets only the component's own terms pass at this strength.
    pub held: bool,
    /// Whether a `here` was crossed.
    pub anchor: Anchor,
    /// Where the path stands towards a breach.
    pub phase: Phase,
    /// Whether the path goes through what was made from the component, for a term that asks for that.
    pub made: bool,
    /// Whether a `trained-on` was crossed that would have broken the term had it come through `output-of`: none may follow.
    pub dry: bool,
    /// The model whose training broke the term.
    pub trained: Option<NodeIndex>,
}

impl State {
    /// Whether everything that can arrive in `other` can arrive at least as strongly in this state.
    fn covers(self, other: Self) -> bool {
        self.phase == other.phase
            && self.strength >= other.strength
            && self.cap >= other.cap
            && self.anchor <= other.anchor
            && (!self.held || other.held)
            && (self.made || !other.made)
            && (!self.dry || other.dry)
            && self.trained == other.trained
    }
}

/// One visit of a component.
#[derive(Debug, Clone, Copy)]
pub struct Visit {
    /// The component.
    pub node: NodeIndex,
    /// The state on arrival.
    pub state: State,
    /// The visit above; `None` at the product.
    pub parent: Option<u32>,
    /// By which relation, with which value.
    pub step: Option<(Relation, Value)>,
    /// How many relations above.
    pub depth: u32,
    /// The previous visit of the same component.
    earlier: Option<u32>,
}

/// What a search needs to know beside the graph.
#[derive(Clone, Copy)]
pub struct Terrain<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// The table.
    pub crossings: &'a Crossings,
    /// The product the search starts from.
    pub product: NodeIndex,
    /// Its number.
    pub number: usize,
    /// For each component, whether it is handed over with the product.
    pub delivered: &'a [bool],
    /// For each component, whether it lies in or beside the product, handed over or not.
    pub carried: &'a [bool],
    /// For each relation, the highest level a finding can have that comes only through it.
    pub caps: &'a dyn Fn(Relation) -> Level,
    /// Components that may be trained on the outputs of the terms' origin: they are of its family.
    pub exempt: Option<&'a HashSet<NodeIndex>>,
}

/// The visits of one search.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    visits: Vec<Visit>,
    /// For each component, its latest visit.
    latest: Vec<Option<u32>>,
}

impl Reach {
    /// Searches for one profile.
    pub fn search(terrain: Terrain<'_>, profile: Profile) -> Self {
        let mut reach = Self { visits: Vec::new(), latest: vec![None; terrain.graph.len()] };
        let start = State {
            strength: Strength::Firm,
            cap: Level::Deny,
            held: false,
            anchor: Anchor::Work,
            phase: Phase::Whole,
            made: false,
            dry: false,
            trained: None,
        };
        reach.visit(terrain.product, start, None, None, 0);
        if terrain.crossings.is_special(profile) {
            reach.visit(terrain.product, State { phase: Phase::Above, ..start }, None, None, 0);
        }
        let mut next = 0_usize;
        while let Some(visit) = reach.visits.get(next).copied() {
            let Ok(parent) = u32::try_from(next) else { break };
            next += 1;
            if visit.state.phase == Phase::Once {
                continue;
            }
            for (lower, edge) in terrain.graph.below(visit.node) {
                if edge.products.contains(terrain.number) {
                    reach.step(terrain, profile, (visit, parent), lower, edge);
                }
            }
        }
        reach
    }

    /// Goes down one relation, in every phase that this may lead to.
    fn step(
        &mut self,
        terrain: Terrain<'_>,
        profile: Profile,
        (from, parent): (Visit, u32),
        lower: NodeIndex,
        edge: &Edge,
    ) {
        // Once a relation has broken the term, what lies below it is why, not how it reaches the product.
        let caps = matches!(from.state.phase, Phase::Whole | Phase::Above | Phase::Sparing);
        let cap = if caps { (terrain.caps)(edge.relation) } else { Level::Deny };
        let made = from.state.made || profile.is_made_by(edge.relation, edge.how);
        let capped = State { cap: from.state.cap.min(cap), made, ..from.state };
        let delivered = |node: NodeIndex| terrain.delivered.get(node.index()).copied().unwrap_or(false);
        let carried = terrain.carried.get(lower.index()).copied().unwrap_or(false);
        // A derivative hands over what it was made from; other relations hand over their lower end.
        let handed_over = if edge.relation.is_lineage() { delivered(from.node) } else { delivered(lower) };
        let exempt = terrain.exempt.is_some_and(|family| family.contains(&from.node));
        let cross = |profile: Profile| {
            let value = terrain.crossings.value(profile, edge.relation, edge.how);
            let settled = match value {
                Value::BreachIfDelivered if handed_over => Value::Breach,
                Value::BreachIfDelivered => Value::Up,
                Value::Breach | Value::BreachAfterOutput if exempt => Value::Up,
                other => other,
            };
            (value, settled)
        };
        let mut go = |state: State, value: Value| {
            self.visit(lower, state, Some(parent), Some((edge.relation, value)), from.depth + 1);
        };

        if from.state.phase == Phase::Above {
            let (value, settled) = cross(terrain.crossings.not_open());
            if let Some(state) = crossed(capped, settled, carried) {
                go(state, value);
            }
            // What is held back above an `own` cannot break anything up there but for the actor.
            let base = release(State { made, ..from.state });
            let task = terrain.graph.component(from.node).task.as_deref();
            let (value, settled) = cross(profile);
            match settled {
                Value::Breach => {
                    go(State { phase: Phase::Broken, ..broken(base, profile, from.node, task) }, value);
                }
                Value::BreachAfterOutput => {
                    go(State { phase: Phase::Awaiting, ..broken(base, profile, from.node, task) }, value);
                }
                Value::Once => go(State { phase: Phase::Once, ..release(capped) }, value),
                _ => {}
            }
            return;
        }

        let (value, mut settled) = cross(profile);
        let from_outputs = edge.relation == Relation::OutputOf;
        let phase = match (from.state.phase, settled) {
            // The lower one is the breach, if one is: what comes through `output-of` goes no further up.
            (Phase::Awaiting, Value::BreachAfterOutput) => return,
            (Phase::Awaiting, _) if from_outputs => Phase::Broken,
            (_, _) if from_outputs && from.state.dry => return,
            (Phase::Whole | Phase::Sparing, Value::Breach) if value == Value::BreachIfDelivered => {
                settled = Value::Up;
                Phase::Sparing
            }
            (Phase::Sparing, Value::Here) if !carried => Phase::Whole,
            (Phase::Broken, Value::Here) if !carried => return,
            (phase, _) => phase,
        };
        if let Some(state) = crossed(capped, settled, carried) {
            let dry = state.dry || settled == Value::BreachAfterOutput;
            go(State { phase, dry, ..state }, value);
        }
    }

    fn visit(
        &mut self,
        node: NodeIndex,
        state: State,
        parent: Option<u32>,
        step: Option<(Relation, Value)>,
        depth: u32,
    ) {
        let earlier = self.latest.get(node.index()).copied().flatten();
        let mut known = earlier;
        while let Some(visit) = known.and_then(|number| self.get(number)) {
            if visit.state.covers(state) {
                return;
            }
            known = visit.earlier;
        }
        let Ok(number) = u32::try_from(self.visits.len()) else { return };
        self.visits.push(Visit { node, state, parent, step, depth, earlier });
        if let Some(latest) = self.latest.get_mut(node.index()) {
            *latest = Some(number);
        }
    }

    /// The visit with this number.
    pub fn get(&self, number: u32) -> Option<Visit> {
        usize::try_from(number).ok().and_then(|number| self.visits.get(number)).copied()
    }

    /// All visits of a component at which terms arrive, with their numbers.
    pub fn arrivals(&self, node: NodeIndex) -> impl Iterator<Item = (u32, Visit)> + '_ {
        let mut number = self.latest.get(node.index()).copied().flatten();
        std::iter::from_fn(move || {
            let current = number?;
            let visit = self.get(current)?;
            number = visit.earlier;
            Some((current, visit))
        })
        .filter(|(_, visit)| !matches!(visit.state.phase, Phase::Above | Phase::Awaiting | Phase::Sparing))
    }

    /// The arrival at a component that counts for a finding: of the highest cap, then the strongest, then the shortest.
    /// Of equals the earliest visit is the first in order of ids.
    pub fn strongest(&self, node: NodeIndex, among: impl Fn(State) -> bool) -> Option<(u32, Visit)> {
        self.arrivals(node).filter(|(_, visit)| among(visit.state)).min_by_key(|(number, visit)| {
            let State { strength, cap, anchor, made, .. } = visit.state;
            // A path that is listed only, or sleeps, never wins over one that carries the term.
            let idle = strength == Strength::Listed || anchor == Anchor::Elsewhere;
            let level = if idle { Level::Allow } else { cap };
            // Where the term holds only of what was made from the component, any other way leaves it asleep.
            let awake = made && strength > Strength::Listed;
            (std::cmp::Reverse(level), !awake, std::cmp::Reverse(strength), anchor, visit.depth, *number)
        })
    }
}

/// The state below a relation that breaks the term. Where the graph does not tell whether a bar on training means this model,
/// that is a question, and no more than a warning.
fn broken(state: State, profile: Profile, upper: NodeIndex, task: Option<&str>) -> State {
    let trained = profile.is_about_training().then_some(upper);
    if profile.training_is_decided(task) {
        return State { trained, ..state };
    }
    State { trained, ..warned(state) }
}

/// What was held back by an `own` goes on as `actor`.
fn release(state: State) -> State {
    if state.held { State { strength: state.strength.min(Strength::Actor), held: false, ..state } } else { state }
}

/// What comes this way is no more than a warning, whatever relations follow.
fn warned(state: State) -> State {
    State { strength: state.strength.min(Strength::Warn), cap: state.cap.min(Level::Warn), ..state }
}

/// The state below a relation, or nothing where the term does not cross it.
fn crossed(state: State, value: Value, lower_is_carried: bool) -> Option<State> {
    let state = release(state);
    let weaker = |strength: Strength| Some(State { strength: state.strength.min(strength), ..state });
    match value {
        Value::Up | Value::AskUp => Some(state),
        Value::Own | Value::AskOwn => Some(State { held: true, ..state }),
        Value::Here => {
            let anchor = if lower_is_carried { Anchor::Delivered } else { Anchor::Elsewhere };
            Some(State { anchor: state.anchor.max(anchor), ..state })
        }
        // No finding that comes only this way is more than a warning, however weak the path is otherwise.
        Value::AskWarn => Some(warned(state)),
        Value::Actor => weaker(Strength::Actor),
        Value::AskStop => weaker(Strength::Listed),
        // Outside the phase `Above`, a relation that would break the term does not carry it as well.
        Value::BreachAfterOutput => Some(state),
        Value::Stop | Value::Once | Value::Breach | Value::BreachIfDelivered => None,
    }
}
