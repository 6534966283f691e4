//! The rule of an update. A trace records what the parameters became, and not why; that it was a plain descent is seen
//! in the numbers.

use super::Story;
use crate::number::{moved, short};
use autodiff::inspect::{Role, Run, Trace};
use autodiff::{NodeId, Real};
use ndarray::ArrayViewD;

/// More parameters than these are not called by name.
const NAMED: usize = 4;

/// The update at the end of one run.
#[derive(Clone, Debug, Default)]
pub(super) struct Update {
    /// How many times its cotangent was taken from every parameter, if that is what happened.
    rate: Option<f64>,
    /// The parameters that stay as they are.
    left: Vec<NodeId>,
    /// The parameter whose update is the last.
    last: Option<NodeId>,
}

impl Update {
    pub(super) fn all<F: Real>(trace: &Trace<F>) -> Vec<(Run, Update)> {
        trace.runs().into_iter().map(|run| (run.clone(), Update::of(trace, &run))).collect()
    }

    fn of<F: Real>(trace: &Trace<F>, run: &Run) -> Self {
        let end = trace.at(trace.len());
        let inside = trace.nodes().skip(run.nodes.start).take(run.nodes.len());
        let parameters = inside.filter(|node| node.role() == Role::Input).map(|node| node.id());
        let (moved, left): (Vec<NodeId>, Vec<NodeId>) = parameters.partition(|id| end.updated(*id).is_some());
        let last = trace.events().get(run.events.clone()).into_iter().flatten().rev().find_map(|event| match event {
            autodiff::inspect::Event::Update(id) => Some(*id),
            _ => None,
        });
        Update { rate: rate(trace, &moved), left, last }
    }
}

/// The number r with w − r·w̄ = the next w, for all numbers of all parameters that were updated.
fn rate<F: Real>(trace: &Trace<F>, parameters: &[NodeId]) -> Option<f64> {
    let end = trace.at(trace.len());
    let mut all: Vec<[f64; 3]> = Vec::new();
    for id in parameters {
        let (before, slope, after) = (end.value(*id)?, end.cotangent(*id)?, end.updated(*id)?);
        all.extend(before.iter().zip(&slope).zip(&after).map(|((w, d), next)| [w.double(), d.double(), next.double()]));
    }
    // The number that moved most says it most exactly.
    let [w, slope, next] =
        all.iter().max_by(|[w, _, next], [v, _, other]| (w - next).abs().total_cmp(&(v - other).abs()))?;
    // A rate is a number that somebody chose: it has few digits.
    let rate: f64 = match F::NAME {
        "f32" => format!("{:.3e}", (w - next) / slope),
        _ => format!("{:.5e}", (w - next) / slope),
    }
    .parse()
    .ok()?;
    let epsilon = F::epsilon().double();
    let fits = |[w, slope, next]: &[f64; 3]| {
        let step = rate * slope;
        (w - step - next).abs() <= 4.0 * epsilon * (w.abs() + step.abs())
    };
    (rate.is_finite() && rate > 0.0 && all.iter().all(fits)).then_some(rate)
}

impl<F: Real> Story<'_, F> {
    fn update_of(&self, id: NodeId) -> Option<&Update> {
        let all = self.updates.get_or_init(|| Update::all(self.trace));
        all.iter().find(|(run, _)| run.nodes.contains(&id.index())).map(|(_, update)| update)
    }

    /// The rate of the descent at the end of the run that holds a node, if the parameters were moved by a plain descent.
    pub fn rate(&self, id: NodeId) -> Option<f64> {
        self.update_of(id)?.rate
    }

    /// What a parameter becomes, in symbols: `w − 0.5·w̄`; `None` if that is not how it was updated.
    pub fn update_formula(&self, id: NodeId) -> Option<String> {
        let rate = self.rate(id)?;
        self.trace.at(self.trace.len()).updated(id)?;
        Some(format!("{} − {}·{}", self.symbol(id), short(rate), self.bar(id)))
    }

    /// As [`update_formula`](Self::update_formula), with the numbers of one element: `0.25 − 0.5·0.0004977`.
    pub fn update_numbers(&self, id: NodeId, element: usize) -> Option<String> {
        let (rate, end) = (self.rate(id)?, self.trace.at(self.trace.len()));
        let at = |array: Option<ArrayViewD<'_, F>>| array.and_then(|array| array.iter().nth(element).copied());
        let (before, slope, after) = (at(end.value(id))?, at(end.cotangent(id))?, at(end.updated(id))?);
        let slope = short(slope);
        let slope = if slope.starts_with('−') { format!("({slope})") } else { slope };
        Some(format!("{} − {}·{slope}", moved(before, after - before), short(rate)))
    }

    /// The numbers of a parameter's next value, in as many digits as the change needs.
    pub fn next(&self, id: NodeId) -> Vec<String> {
        let end = self.trace.at(self.trace.len());
        let Some((before, after)) = end.value(id).zip(end.updated(id)) else { return Vec::new() };
        before.iter().zip(&after).map(|(before, after)| moved(*after, *after - *before)).collect()
    }

    /// The update of a parameter in a sentence.
    pub(super) fn updated(&self, id: NodeId) -> String {
        let symbol = self.symbol(id);
        let after = self.listed(&self.next(id), id);
        let end = self.trace.at(self.trace.len());
        let step = match self.update_formula(id) {
            Some(formula) => {
                let numbers = end.value(id).filter(|value| value.ndim() == 0).and_then(|_| self.update_numbers(id, 0));
                let numbers = numbers.map(|text| format!(" = {text}")).unwrap_or_default();
                format!(
                    "The update moves the parameter {symbol} against its cotangent: new {symbol} = {formula}{numbers} = \
                     {after}."
                )
            }
            None => format!(
                "The update moves the parameter {symbol} from {} to {after}; the rule of the optimizer is not part of \
                 the run.",
                self.array(end.value(id), id)
            ),
        };
        let update = self.update_of(id).filter(|update| update.last == Some(id) && !update.left.is_empty());
        match update {
            Some(update) => format!("{step} {}", self.left(&update.left)),
            None => step,
        }
    }

    /// The parameters that an update leaves as they are.
    fn left(&self, ids: &[NodeId]) -> String {
        let mut names: Vec<String> = ids.iter().take(NAMED).map(|id| self.symbol(*id).to_owned()).collect();
        if ids.len() > NAMED {
            names.push(format!("{} more", ids.len() - NAMED));
        }
        match names.split_last() {
            Some((last, [])) => format!("The parameter {last} stays as it is: this update leaves it out."),
            Some((last, others)) => {
                format!(
                    "The parameters {} and {last} stay as they are: this update leaves them out.",
                    others.join(", ")
                )
            }
            None => String::new(),
        }
    }

    /// What is wanted of a parameter.
    pub(super) fn wanted(&self, id: NodeId) -> String {
        let update = self.update_of(id).filter(|update| update.last.is_some());
        match (update, self.rate(id)) {
            (Some(update), _) if update.left.contains(&id) => {
                "It is a parameter: its cotangent is wanted, but the update leaves it as it is.".to_owned()
            }
            (Some(_), Some(rate)) => format!(
                "It is a parameter: its cotangent is wanted, and the update takes {} times that from it.",
                short(rate)
            ),
            _ => "It is a parameter: its cotangent is wanted.".to_owned(),
        }
    }
}
