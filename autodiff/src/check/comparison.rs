//! The comparisons: every element, both directions, to any order.

use super::difference::{Estimate, derivatives};
use super::judge::{Judge, Outcome};
use super::point::Point;
use super::report::{Failure, Method, Reason, Report, Spot, Unchecked};
use super::{Check, noise, taylor};
use crate::base::error::{Error, ErrorKind, Place, Result};
use crate::base::ids::IdVec;
use crate::differentiate::pullback::Unreached;
use crate::primitive::{Generator, Kind};
use crate::program::{Input, Program};
use crate::tape::query::applied;
use ndarray::{ArrayD, IxDyn};
use std::iter::once;

/// A program at a point, and what to call it.
#[derive(Clone, Debug)]
pub(super) struct Subject<'a> {
    pub(super) program: &'a Program<f64>,
    pub(super) inputs: &'a [Input<f64>],
    pub(super) operation: &'a str,
    pub(super) place: Option<&'a Place>,
}

impl Subject<'_> {
    pub(super) fn check(&self, check: &Check) -> Result<Report> {
        let mut generator = Generator::new(check.seed);
        self.check_order(check, 1, &mut generator)
    }

    /// Compares given cotangents with finite differences.
    pub(super) fn compare(
        &self,
        check: &Check,
        wrt: &[usize],
        zeta: &[ArrayD<f64>],
        cotangents: &[ArrayD<f64>],
    ) -> Result<Report> {
        let noise = self.noise(&self.program.run(self.inputs)?, zeta);
        let (order, complete, conventional) = (1, false, Vec::new());
        let mut comparison =
            Comparison { subject: self, check, order, noise, complete, conventional, report: Report::default() };
        comparison.elements(wrt, zeta, cotangents, None, &mut Generator::new(check.seed))?;
        Ok(comparison.report)
    }

    /// The rounding that Σ ζ·F(x) carries; where the walk back does not tell, that of the largest number about.
    fn noise(&self, results: &[ArrayD<f64>], zeta: &[ArrayD<f64>]) -> f64 {
        let found = noise::noise(self.program, self.inputs, zeta).ok().filter(|noise| noise.is_finite());
        found.unwrap_or_else(|| {
            let numbers = results.iter().flatten().map(|y| y.abs()).filter(|y| y.is_finite());
            4.0 * f64::EPSILON * numbers.fold(self.biggest(), f64::max)
        })
    }

    /// The largest magnitude among the inputs.
    fn biggest(&self) -> f64 {
        let reals = self.inputs.iter().filter_map(|input| if let Input::Real(x) = input { Some(x) } else { None });
        reals.flatten().map(|x| x.abs()).filter(|x| x.is_finite()).fold(0.0, f64::max)
    }

    fn check_order(&self, check: &Check, order: usize, generator: &mut Generator) -> Result<Report> {
        let values = self.program.run(self.inputs)?;
        let zeta: Vec<ArrayD<f64>> = values.iter().map(|y| random_like(y, generator)).collect();
        let noise = self.noise(&values, &zeta);
        let (complete, conventional) = (false, Vec::new());
        let mut comparison =
            Comparison { subject: self, check, order, noise, complete, conventional, report: Report::default() };
        let (wrt, reverse) = comparison.differentiable()?;
        let Some(reverse) = reverse else { return Ok(comparison.report) };
        let seeded: Vec<Input<f64>> =
            self.inputs.iter().cloned().chain(zeta.iter().cloned().map(Input::Real)).collect();
        let cotangents = reverse.run(&seeded)?;
        comparison.conventional = reverse.after_strong_zeros(&seeded)?;
        let forward = comparison.forward(&wrt)?;
        comparison.elements(&wrt, &zeta, &cotangents, forward.as_ref(), generator)?;
        for direction in 0..check.directions.max(1) {
            let xi: Vec<ArrayD<f64>> = cotangents.iter().map(|x| random_like(x, generator)).collect();
            if direction < check.directions {
                comparison.direction(&wrt, &zeta, &cotangents, &xi)?;
            }
            if let Some(forward) = &forward {
                comparison.adjoint(forward, &zeta, &cotangents, &xi)?;
            }
        }
        let mut report = comparison.report;
        if order < check.order {
            let second = Subject { program: &reverse, inputs: &seeded, ..self.clone() };
            report.join(second.check_order(check, order + 1, generator)?);
        }
        Ok(report)
    }
}

struct Comparison<'a> {
    subject: &'a Subject<'a>,
    check: &'a Check,
    order: usize,
    /// The rounding that Σ ζ·F(x) carries.
    noise: f64,
    /// Whether every element of the reverse derivative was compared with a difference, and agrees.
    complete: bool,
    /// Of each cotangent, the elements that a zero that met a factor that is not finite leads to.
    conventional: Vec<Vec<bool>>,
    report: Report,
}

impl Comparison<'_> {
    /// The inputs that have a reverse derivative, and its program; those that have none are noted as unchecked.
    fn differentiable(&mut self) -> Result<(Vec<usize>, Option<Program<f64>>)> {
        let program = self.subject.program;
        let is_real = |i: &usize| matches!(self.subject.inputs.get(*i), Some(Input::Real(x)) if !x.is_empty());
        let reals: Vec<usize> = (0..self.subject.inputs.len()).filter(is_real).collect();
        // Data is differentiated only where there is nothing else.
        let active: Vec<usize> = reals.iter().copied().filter(|i| program.is_differentiable(*i)).collect();
        let depends = dependence(program);
        let mut all = if active.is_empty() { reals } else { active };
        // The derivative by what nothing depends on is zero, and there is nothing to compare.
        all.retain(|i| depends.get(*i).is_some_and(|depends| *depends));
        if all.is_empty() {
            if self.order == 1 {
                self.unchecked(Method::Reverse, Reason::Nothing);
            }
            return Ok((all, None));
        }
        if let Some(reverse) = possible(program.vjp_or(&all, Unreached::Reason))? {
            return Ok((all, Some(reverse)));
        }
        let mut wrt = Vec::new();
        for i in all {
            match program.vjp_or(&[i], Unreached::Reason) {
                Ok(_) => wrt.push(i),
                Err(error) if is_refusal(&error) => {
                    let spot = Spot { operand: operand(program, i), ..self.spot(Method::Reverse) };
                    let reason = Reason::Refused(error.message().to_owned());
                    self.report.unchecked.push(Unchecked { spot, reason });
                }
                Err(error) => return Err(error),
            }
        }
        let reverse = if wrt.is_empty() { None } else { Some(program.vjp_or(&wrt, Unreached::Reason)?) };
        Ok((wrt, reverse))
    }

    fn forward(&mut self, wrt: &[usize]) -> Result<Option<Program<f64>>> {
        match self.subject.program.jvp(wrt) {
            Ok(forward) => Ok(Some(forward)),
            Err(error) if is_refusal(&error) => {
                self.unchecked(Method::Forward, Reason::Refused(error.message().to_owned()));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Each element of the reverse derivative and of the differential, against the column of the Jacobian found by
    /// moving that element.
    fn elements(
        &mut self,
        wrt: &[usize],
        zeta: &[ArrayD<f64>],
        cotangents: &[ArrayD<f64>],
        forward: Option<&Program<f64>>,
        generator: &mut Generator,
    ) -> Result<()> {
        let zeta: Vec<f64> = zeta.iter().flatten().copied().collect();
        let mut point = Point { program: self.subject.program, inputs: self.subject.inputs.to_vec() };
        let biggest = self.subject.biggest();
        self.complete = cotangents.iter().all(|cotangent| cotangent.len() <= self.check.elements);
        for (slot, (i, cotangent)) in wrt.iter().zip(cotangents).enumerate() {
            for element in choose(cotangent.len(), self.check.elements, generator) {
                let analytic = cotangent.iter().nth(element).copied().unwrap_or(f64::NAN);
                let (own, lengths) = (point.element(*i, element), point.lengths(*i, element, biggest));
                let mut curve = point.along(*i, element);
                let column = derivatives(&mut curve, &lengths)?;
                let tangent = match forward {
                    Some(forward) => self.tangent(forward, cotangents, slot, element)?,
                    None => Vec::new(),
                };
                let whole = (analytic, combined(&zeta, &column));
                let pairs: Vec<(f64, Estimate)> = once(whole).chain(tangent.into_iter().zip(column)).collect();
                let judge = Judge { tolerance: self.check.tolerance, noise: self.noise, moved: own.abs() };
                let outcomes = judge.judge(&pairs, &zeta, &mut curve)?;
                let (operand, index) = (operand(self.subject.program, *i), unravel(element, cotangent.shape()));
                for (at, ((analytic, numeric), outcome)) in pairs.into_iter().zip(outcomes).enumerate() {
                    let reverse = at == 0;
                    let outcome = match self.conventional.get(slot).and_then(|elements| elements.get(element)) {
                        Some(true) => Outcome::Unchecked(Reason::StrongZero),
                        _ => outcome,
                    };
                    self.complete &= !reverse || matches!(outcome, Outcome::Pass);
                    if reverse && self.order == 1 && matches!(outcome, Outcome::Pass | Outcome::Fail(_)) {
                        self.report.measure(numeric.value, analytic);
                    }
                    self.enter(outcome, [analytic, numeric.value], true, |s| Spot {
                        operand: operand.clone(),
                        element: index.clone(),
                        seed: if reverse { zeta.clone() } else { vec![1.0] },
                        ..s.spot(if reverse { Method::Reverse } else { Method::Forward })
                    });
                }
            }
        }
        Ok(())
    }

    /// The differential along one element of the operand `slot`, by elements of the results.
    fn tangent(&self, forward: &Program<f64>, like: &[ArrayD<f64>], slot: usize, element: usize) -> Result<Vec<f64>> {
        let mut xi: Vec<ArrayD<f64>> = like.iter().map(|x| ArrayD::zeros(x.raw_dim())).collect();
        xi.iter_mut().skip(slot).take(1).flatten().skip(element).take(1).for_each(|x| *x = 1.0);
        let inputs = self.subject.inputs.iter().cloned().chain(xi.into_iter().map(Input::Real));
        Ok(forward.run(&inputs.collect::<Vec<_>>())?.iter().flatten().copied().collect())
    }

    /// Σ|x̄·x| over the elements of the operands.
    fn moved(&self, wrt: &[usize], cotangents: &[ArrayD<f64>]) -> f64 {
        let terms = wrt.iter().zip(cotangents).map(|(i, cotangent)| match self.subject.inputs.get(*i) {
            Some(Input::Real(x)) => x.iter().zip(cotangent).map(|(x, slope)| (x * slope).abs()).sum(),
            _ => 0.0,
        });
        terms.sum()
    }

    fn direction(
        &mut self,
        wrt: &[usize],
        zeta: &[ArrayD<f64>],
        cotangents: &[ArrayD<f64>],
        xi: &[ArrayD<f64>],
    ) -> Result<()> {
        let terms = || cotangents.iter().flatten().zip(xi.iter().flatten()).map(|(a, b)| a * b);
        let (analytic, size) = (terms().sum::<f64>(), terms().map(f64::abs).sum::<f64>());
        let point = Point { program: self.subject.program, inputs: self.subject.inputs.to_vec() };
        let zeta: Vec<f64> = zeta.iter().flatten().copied().collect();
        let mut curve = |t: f64| Ok((t, point.moved(wrt, xi, t)?));
        let biggest = self.subject.biggest();
        // All elements move at once, and where they are many one of them soon meets a kink: hence a short length first.
        let mut lengths = [biggest / 1024.0, 0.25, biggest];
        lengths.sort_by(f64::total_cmp);
        let mut numeric = combined(&zeta, &derivatives(&mut curve, &lengths)?);
        numeric.scale += size;
        // An element's step is known as it was rounded; those of a direction are rounded each on its own.
        let noise = self.noise + f64::EPSILON * self.moved(wrt, cotangents);
        let judge = Judge { tolerance: self.check.tolerance, noise, moved: biggest };
        let outcomes = judge.judge(&[(analytic, numeric)], &zeta, &mut curve)?;
        let seed: Vec<f64> = xi.iter().flatten().copied().collect();
        let mut wrong = false;
        for outcome in outcomes {
            let outcome = match outcome {
                _ if self.is_conventional() => Outcome::Unchecked(Reason::StrongZero),
                // Where every element is right, so is their sum, and it is the difference that is wrong.
                Outcome::Fail(_) if self.complete => Outcome::Unchecked(Reason::Inaccurate),
                outcome => outcome,
            };
            wrong = matches!(outcome, Outcome::Fail(_));
            self.enter(outcome, [analytic, numeric.value], true, |s| Spot {
                seed: seed.clone(),
                ..s.spot(Method::Directional)
            });
        }
        let along = |t: f64| Ok(point.moved(wrt, xi, t)?.iter().zip(&zeta).map(|(y, zeta)| y * zeta).sum());
        let taylor = taylor::remainders(&along, analytic, 0.25)?;
        let outcome = match taylor.is_right() {
            _ if !analytic.is_finite() => Outcome::Unchecked(Reason::NotFinite),
            _ if self.is_conventional() => Outcome::Unchecked(Reason::StrongZero),
            Some(true) => Outcome::Pass,
            // The remainder of a right gradient falls slowly too where a kink lies within the steps.
            Some(false) if wrong => Outcome::Fail(0.1),
            Some(false) => Outcome::Unchecked(Reason::Inaccurate),
            None => Outcome::Unchecked(Reason::Inaccurate),
        };
        let rate = taylor.rate.unwrap_or(f64::NAN);
        self.enter(outcome, [rate, 2.0], false, |s| Spot { seed: seed.clone(), ..s.spot(Method::Taylor) });
        Ok(())
    }

    fn adjoint(
        &mut self,
        forward: &Program<f64>,
        zeta: &[ArrayD<f64>],
        cotangents: &[ArrayD<f64>],
        xi: &[ArrayD<f64>],
    ) -> Result<()> {
        let inputs = self.subject.inputs.iter().cloned().chain(xi.iter().cloned().map(Input::Real));
        let tangents = forward.run(&inputs.collect::<Vec<_>>())?;
        let inner = |a: &[ArrayD<f64>], b: &[ArrayD<f64>]| {
            let terms = a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| a * b);
            terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()))
        };
        let ((left, left_size), (right, right_size)) = (inner(cotangents, xi), inner(zeta, &tangents));
        let tolerance = 1e-10 * (left_size + right_size);
        let outcome = if !tolerance.is_finite() {
            Outcome::Unchecked(Reason::NotFinite)
        } else if (left - right).abs() <= tolerance {
            Outcome::Pass
        } else if (left - right).abs() <= 4.0 * self.noise {
            Outcome::Unchecked(Reason::Inaccurate)
        } else {
            Outcome::Fail(tolerance)
        };
        let seed: Vec<f64> = xi.iter().flatten().copied().collect();
        self.enter(outcome, [left, right], false, |s| Spot { seed: seed.clone(), ..s.spot(Method::Adjoint) });
        Ok(())
    }

    fn enter(&mut self, outcome: Outcome, [analytic, numeric]: [f64; 2], measured: bool, spot: impl Fn(&Self) -> Spot) {
        let measured = measured && self.order == 1;
        match outcome {
            Outcome::Pass => {
                self.report.passed += 1;
                self.report.measured += usize::from(measured);
            }
            Outcome::Unchecked(reason) => {
                let spot = spot(self);
                self.report.unchecked.push(Unchecked { spot, reason });
            }
            Outcome::Fail(tolerance) => {
                let spot = spot(self);
                self.report.failures.push(Failure { spot, analytic, numeric, tolerance });
            }
        }
    }

    /// Whether a zero that met a factor that is not finite leads to any element.
    fn is_conventional(&self) -> bool {
        self.conventional.iter().any(|elements| elements.contains(&true))
    }

    fn unchecked(&mut self, method: Method, reason: Reason) {
        let spot = self.spot(method);
        self.report.unchecked.push(Unchecked { spot, reason });
    }

    fn spot(&self, method: Method) -> Spot {
        Spot {
            order: self.order,
            method,
            operation: self.subject.operation.to_owned(),
            place: self.subject.place.cloned(),
            operand: "all".to_owned(),
            element: Vec::new(),
            seed: Vec::new(),
        }
    }
}

/// The slope of Σ ζ·F from those of the elements of F.
fn combined(zeta: &[f64], column: &[Estimate]) -> Estimate {
    zeta.iter().zip(column).fold(Estimate::ZERO, |sum, (zeta, entry)| sum.plus(*zeta, *entry))
}

fn operand(program: &Program<f64>, i: usize) -> String {
    program.input_name(i).map_or_else(|| format!("input {i}"), str::to_owned)
}

fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotDifferentiable | ErrorKind::NoGradient)
}

/// Which inputs an output is computed from by reals all the way: what only indices lead to moves nothing.
fn dependence(program: &Program<f64>) -> Vec<bool> {
    let mut needed = IdVec::filled(program.len(), || false);
    program.outputs.iter().for_each(|id| needed[*id] = true);
    for id in needed.ids().rev() {
        if needed[id] && program.nodes[id].kind() == Kind::Real {
            applied(&program.nodes, id).inputs.iter().for_each(|operand| needed[*operand] = true);
        }
    }
    program.inputs.iter().map(|id| needed[*id]).collect()
}

/// `None` where there is no derivative.
fn possible<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_refusal(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Numbers of magnitude ½ to 1½ and either sign.
fn random_like(like: &ArrayD<f64>, generator: &mut Generator) -> ArrayD<f64> {
    let mut number = || generator.uniform(0.5, 1.5) * if generator.flip() { 1.0 } else { -1.0 };
    ArrayD::from_shape_simple_fn(IxDyn(like.shape()), &mut number)
}

/// Up to `most` of the positions below `length`, in random order where not all.
fn choose(length: usize, most: usize, generator: &mut Generator) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..length).collect();
    if length > most {
        for i in 0..most {
            positions.swap(i, generator.integer(i, length - 1));
        }
        positions.truncate(most);
    }
    positions
}

fn unravel(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index: Vec<usize> = Vec::with_capacity(shape.len());
    for length in shape.iter().rev() {
        index.push(flat % length.max(&1));
        flat /= length.max(&1);
    }
    index.reverse();
    index
}

/// The kinds and shapes of inputs.
pub(super) fn kinds<F: crate::Real>(inputs: &[Input<F>]) -> Vec<(Kind, crate::Shape)> {
    let kind = |input: &Input<F>| match input {
        Input::Real(x) => (Kind::Real, x.shape().into()),
        Input::Index(x) => (Kind::Index, x.shape().into()),
        Input::Key(_) => (Kind::Key, crate::Shape::scalar()),
    };
    inputs.iter().map(kind).collect()
}
