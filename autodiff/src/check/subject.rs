//! A program at a point, checked to any order.

use super::Check;
use super::comparison::Comparison;
use super::held::Held;
use super::nodes::label;
use super::noise::Noise;
use super::report::Report;
use super::spot::{SEED_NAME, Spot};
use crate::base::error::{Error, ErrorKind, Place, Result};
use crate::base::ids::IdVec;
use crate::primitive::{Generator, Kind};
use crate::program::{Input, Program};
use crate::tape::node::Op;
use crate::tape::query::applied;
use ndarray::{ArrayD, IxDyn};

/// A program at a point, and what to call it.
#[derive(Clone, Debug)]
pub(super) struct Subject<'a> {
    /// What is differentiated, with each `stop_gradient` held.
    pub(super) program: &'a Program<f64>,
    pub(super) inputs: &'a [Input<f64>],
    /// The program as it was given, which knows what has no derivative.
    pub(super) asked: &'a Program<f64>,
    /// What it is a derivative of the function that was given: `F`, `rF`, `dF`, `rdF`.
    pub(super) of: String,
    /// What the inputs are called.
    pub(super) names: Vec<String>,
    pub(super) operation: &'a str,
    pub(super) place: Option<&'a Place>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(
        program: &'a Program<f64>,
        inputs: &'a [Input<f64>],
        operation: &'a str,
        place: Option<&'a Place>,
    ) -> Self {
        let name = |i: usize| program.input_name(i).map_or_else(|| format!("input {i}"), str::to_owned);
        let names = (0..inputs.len()).map(name).collect();
        Subject { program, inputs, asked: program, of: "F".to_owned(), names, operation, place }
    }

    /// Checks its derivatives; what fails is looked for node by node, so that it is reported at its line.
    pub(super) fn check(&self, check: &Check) -> Result<Report> {
        let mut report =
            self.with_cuts_held(|subject| subject.check_order(check, 1, &mut Generator::new(check.seed)))?;
        if self.place.is_none() && !report.failures().is_empty() {
            self.blame(check, &mut report);
        }
        Ok(report)
    }

    /// Compares given cotangents with finite differences.
    pub(super) fn compare(
        &self,
        check: &Check,
        wrt: &[usize],
        zeta: &[ArrayD<f64>],
        cotangents: &[ArrayD<f64>],
    ) -> Result<Report> {
        self.with_cuts_held(|subject| {
            let values = subject.program.run(subject.inputs)?;
            let mut comparison = Comparison::new(subject, check, 1, zeta, &values)?;
            comparison.elements(wrt, cotangents, None, &mut Generator::new(check.seed))?;
            Ok(comparison.report)
        })
    }

    fn with_cuts_held(&self, then: impl FnOnce(&Subject<'_>) -> Result<Report>) -> Result<Report> {
        match Held::at(self.program, self.inputs)? {
            None => then(self),
            Some(Held { program, inputs }) => then(&Subject { program: &program, inputs: &inputs, ..self.clone() }),
        }
    }

    fn check_order(&self, check: &Check, order: usize, generator: &mut Generator) -> Result<Report> {
        let values = self.program.run(self.inputs)?;
        let zeta: Vec<ArrayD<f64>> = values.iter().map(|y| random_like(y, generator)).collect();
        let mut comparison = Comparison::new(self, check, order, &zeta, &values)?;
        let (wrt, reverse) = comparison.differentiable()?;
        let Some(reverse) = reverse else { return Ok(comparison.report) };
        let seeded: Vec<Input<f64>> =
            self.inputs.iter().cloned().chain(zeta.iter().cloned().map(Input::Real)).collect();
        let cotangents = reverse.run(&seeded)?;
        comparison.conventional = reverse.after_strong_zeros(&seeded)?;
        let forward = comparison.forward(&wrt)?;
        comparison.elements(&wrt, &cotangents, forward.as_ref(), generator)?;
        for direction in 0..check.directions.max(1) {
            let xi: Vec<ArrayD<f64>> = cotangents.iter().map(|x| random_like(x, generator)).collect();
            if direction < check.directions {
                comparison.direction(&wrt, &cotangents, &xi)?;
            }
            if let Some(forward) = &forward {
                comparison.adjoint([&reverse, forward], &seeded, &cotangents, &xi)?;
            }
        }
        let mut report = comparison.report;
        if order < check.order {
            let second = Subject { names: self.seeded("ζ", zeta.len()), ..self.derived('r', &reverse, &seeded) };
            report.join(second.check_order(check, order + 1, generator)?);
            // The tangent rule differentiates again, too; most of it is the reverse rule's own algebra, so few elements do.
            if let Some(forward) = &forward {
                let xi: Vec<ArrayD<f64>> = cotangents.iter().map(|x| random_like(x, generator)).collect();
                let names = self.seeded("ξ", xi.len());
                let moving: Vec<Input<f64>> =
                    self.inputs.iter().cloned().chain(xi.into_iter().map(Input::Real)).collect();
                let second = Subject { names, ..self.derived('d', forward, &moving) };
                let few = check.clone().elements(check.elements.min(4)).directions(0);
                report.join(second.check_order(&few, order + 1, generator)?);
            }
        }
        Ok(report)
    }

    /// Another program, made of this one, at a point.
    fn derived<'b>(&'b self, by: char, program: &'b Program<f64>, inputs: &'b [Input<f64>]) -> Subject<'b> {
        Subject { program, inputs, asked: program, of: format!("{by}{}", self.of), ..self.clone() }
    }

    /// The names of the inputs with those of so many seeds behind them.
    fn seeded(&self, letter: &str, seeds: usize) -> Vec<String> {
        // Values that are held have no name, and nothing is differentiated with respect to them.
        let held = (self.names.len()..self.inputs.len()).map(|_| String::new());
        let seed = |i: usize| if seeds == 1 { String::new() } else { format!(" {i}") };
        let seeds = (0..seeds).map(|i| format!("{SEED_NAME}{letter}{}", seed(i)));
        self.names.iter().cloned().chain(held).chain(seeds).collect()
    }

    /// The rounding that Σ ζ·F(x), and elements of F(x), carry; where it is not finite, that of the largest number about.
    pub(super) fn noise(&self, results: &[ArrayD<f64>], zeta: &[ArrayD<f64>], watched: &[usize]) -> Result<Noise> {
        let numbers = results.iter().flatten().map(|y| y.abs()).filter(|y| y.is_finite());
        let largest = 4.0 * f64::EPSILON * numbers.fold(self.biggest(), f64::max);
        let mut found = Noise::of(self.program, self.inputs, zeta, watched)?;
        for noise in found.watched.iter_mut().chain([&mut found.whole]).filter(|noise| !noise.is_finite()) {
            *noise = largest;
        }
        Ok(found)
    }

    /// The largest magnitude among the inputs.
    pub(super) fn biggest(&self) -> f64 {
        let reals = self.inputs.iter().filter_map(|input| if let Input::Real(x) = input { Some(x) } else { None });
        reals.flatten().map(|x| x.abs()).filter(|x| x.is_finite()).fold(0.0, f64::max)
    }

    /// Lets failures of the whole point at the first operation that fails by itself, or else at where the result was
    /// recorded.
    fn blame(&self, check: &Check, report: &mut Report) {
        let program = self.asked;
        let applications = || program.nodes.iter().filter(|(_, node)| matches!(node.op, Op::Apply(_)));
        let each = check.clone().elements(check.elements.min(16));
        let found = if applications().count() > 1 { each.nodes(program, self.inputs).ok() } else { None };
        let first = found.as_ref().and_then(|found| found.failures().first()).map(|failure| failure.spot.clone());
        let last = || program.outputs.first().map(|id| &program.nodes[*id]);
        let blamed = first.map(|spot| (spot.operation, spot.place)).or_else(|| {
            let node = last()?;
            let only = applications().count() == 1;
            let operation = match &node.op {
                Op::Apply(primitive) if only => label(primitive),
                _ => return Some((String::new(), Some(program.labels.place(node)))),
            };
            Some((operation, Some(program.labels.place(node))))
        });
        if let (Some((operation, place)), Some(failure)) = (blamed, report.failures().first()) {
            let operation = match operation.is_empty() {
                true => self.operation.to_owned(),
                false => format!("{operation}, in {}", self.operation),
            };
            let spot = Spot { operation, place, ..failure.spot.clone() };
            report.blame(&spot);
        }
    }
}

pub(super) fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotDifferentiable | ErrorKind::NoGradient)
}

/// Which inputs an output is computed from by reals all the way: what only indices lead to moves nothing.
pub(super) fn dependence(program: &Program<f64>) -> Vec<bool> {
    let mut needed = IdVec::filled(program.len(), || false);
    program.outputs.iter().for_each(|id| needed[*id] = true);
    for id in needed.ids().rev() {
        if needed[id] && program.nodes[id].kind() == Kind::Real {
            applied(&program.nodes, id).inputs.iter().for_each(|operand| needed[*operand] = true);
        }
    }
    program.inputs.iter().map(|id| needed[*id]).collect()
}

/// Numbers of magnitude ½ to 1½ and either sign.
fn random_like(like: &ArrayD<f64>, generator: &mut Generator) -> ArrayD<f64> {
    let mut number = || generator.uniform(0.5, 1.5) * if generator.flip() { 1.0 } else { -1.0 };
    ArrayD::from_shape_simple_fn(IxDyn(like.shape()), &mut number)
}
