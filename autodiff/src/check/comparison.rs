//! The comparisons at one order: every element, by both rules, and all elements at once.

use super::difference::{Sample, derivatives, same};
use super::held::Held;
use super::judge::{Judge, Outcome, Pair};
use super::noise::Noise;
use super::point::{Point, Watch, depends};
use super::report::Report;
use super::spot::{Method, Reason, SEED, Spot};
use super::subject::{Subject, dependence, is_refusal};
use super::{Check, taylor};
use crate::base::error::Result;
use crate::differentiate::pullback::Unreached;
use crate::primitive::Generator;
use crate::program::{Input, Program};
use ndarray::ArrayD;

/// Up to so many elements of the results, each is compared with its differential; of more, those that move most.
const RESULTS: usize = 64;
/// How many of those that move most.
const MOVERS: usize = 4;
/// How often a program runs for one element, about.
const RUNS: usize = 32;

/// The comparisons at one order, and the report they end in.
pub(super) struct Comparison<'a> {
    subject: &'a Subject<'a>,
    check: &'a Check,
    order: usize,
    zeta: &'a [ArrayD<f64>],
    /// The seeds ζ and the results F(x), element by element.
    flat_zeta: Vec<f64>,
    start: Vec<f64>,
    /// Whether a `stop_gradient` moves with the differences.
    moves_cuts: bool,
    noise: Noise,
    /// Whether every element of the reverse derivative was compared with a difference, and agrees.
    complete: bool,
    /// Of each cotangent, the elements that a zero that met a factor that is not finite leads to.
    pub(super) conventional: Vec<Vec<bool>>,
    pub(super) report: Report,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(
        subject: &'a Subject<'a>,
        check: &'a Check,
        order: usize,
        zeta: &'a [ArrayD<f64>],
        values: &[ArrayD<f64>],
    ) -> Result<Self> {
        let start: Vec<f64> = values.iter().flatten().copied().collect();
        let watched: Vec<usize> = (0..start.len()).filter(|_| start.len() <= RESULTS).collect();
        Ok(Comparison {
            subject,
            check,
            order,
            zeta,
            flat_zeta: zeta.iter().flatten().copied().collect(),
            start,
            moves_cuts: Held::misses(subject.program),
            noise: subject.noise(values, zeta, &watched)?,
            complete: false,
            conventional: Vec::new(),
            report: Report::default(),
        })
    }

    /// The inputs that have a reverse derivative, and its program; those that have none are noted as unchecked.
    pub(super) fn differentiable(&mut self) -> Result<(Vec<usize>, Option<Program<f64>>)> {
        let Subject { program, asked, inputs, .. } = *self.subject;
        let is_real = |i: &usize| matches!(inputs.get(*i), Some(Input::Real(x)) if !x.is_empty());
        let reals: Vec<usize> = (0..asked.inputs().count()).filter(is_real).collect();
        // Data is differentiated only where there is nothing else.
        let active: Vec<usize> = reals.iter().copied().filter(|i| asked.is_differentiable(*i)).collect();
        let depends = dependence(asked);
        let mut all = if active.is_empty() { reals } else { active };
        // The derivative by what nothing depends on is zero, and there is nothing to compare.
        all.retain(|i| depends.get(*i).is_some_and(|depends| *depends));
        if all.is_empty() {
            if self.order == 1 {
                self.unchecked(Method::Reverse, String::new(), Reason::Nothing);
            }
            return Ok((all, None));
        }
        let mut wrt = Vec::new();
        // What the program that was given cuts off on purpose is held: from the second order on, only a rule of a primitive
        // stops a derivative, and what that answers for it, 0, is compared.
        let is_meant = self.order == 1 || self.moves_cuts;
        let unreached = if is_meant { Unreached::Reason } else { Unreached::Zero };
        match asked.vjp_or(&all, unreached) {
            Ok(_) => wrt = all,
            Err(error) if is_refusal(&error) => {
                for i in all {
                    match asked.vjp_or(&[i], unreached) {
                        Ok(_) => wrt.push(i),
                        Err(error) if is_refusal(&error) => {
                            self.unchecked(Method::Reverse, self.name(i), Reason::Refused(error.message().to_owned()));
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
        let reverse = if wrt.is_empty() { None } else { Some(program.vjp(&wrt)?) };
        Ok((wrt, reverse))
    }

    pub(super) fn forward(&mut self, wrt: &[usize]) -> Result<Option<Program<f64>>> {
        match self.subject.program.jvp(wrt) {
            Ok(forward) => Ok(Some(forward)),
            Err(error) if is_refusal(&error) => {
                self.unchecked(Method::Forward, String::new(), Reason::Refused(error.message().to_owned()));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// How many elements of each of so many operands the work allows for.
    fn allowed(&self, operands: usize) -> usize {
        // A node costs something also where its array is small.
        let numbers: usize = self.subject.program.nodes.iter().map(|(_, node)| node.shape.size() + 32).sum();
        let share = self.check.work / self.check.order.max(1) as u64;
        let each = (numbers as u64).saturating_mul(RUNS as u64).saturating_mul(operands as u64).max(1);
        self.check.elements.min(usize::try_from(share / each).unwrap_or(usize::MAX).max(1))
    }

    /// Each element of the reverse derivative and of the differential, against the column of the Jacobian found by
    /// moving that element.
    pub(super) fn elements(
        &mut self,
        wrt: &[usize],
        cotangents: &[ArrayD<f64>],
        forward: Option<&Program<f64>>,
        generator: &mut Generator,
    ) -> Result<()> {
        let most = self.allowed(wrt.len());
        self.complete = cotangents.iter().all(|cotangent| cotangent.len() <= most);
        for (slot, (i, cotangent)) in wrt.iter().zip(cotangents).enumerate() {
            let chosen = choose(cotangent.len(), most, generator);
            if self.order == 1 {
                self.report.looked_at(chosen.len(), cotangent.len());
            }
            for element in chosen {
                let analytic = cotangent.iter().nth(element).copied().unwrap_or(f64::NAN);
                let tangent = match forward {
                    Some(forward) => self.tangent(forward, cotangents, slot, element)?,
                    None => Vec::new(),
                };
                let (at, outcomes) = self.element(*i, element, analytic, &tangent)?;
                let conventional = self.conventional.get(slot).and_then(|elements| elements.get(element)).copied();
                for (position, (outcome, numbers)) in outcomes.into_iter().enumerate() {
                    let outcome = match conventional {
                        Some(true) => Outcome::Unchecked(Reason::StrongZero),
                        _ => outcome,
                    };
                    let reverse = position == 0;
                    self.complete &= !reverse || outcome == Outcome::Pass;
                    let method = if reverse { Method::Reverse } else { Method::Forward };
                    self.enter(outcome, numbers, |own| Spot {
                        operand: own.name(*i),
                        element: unravel(element, cotangent.shape()),
                        at,
                        seed: if reverse { own.flat_zeta.iter().take(SEED).copied().collect() } else { vec![1.0] },
                        ..own.spot(method)
                    });
                }
            }
        }
        Ok(())
    }

    /// Compares the derivatives by one element: the value of that element, and the outcomes, of the reverse derivative
    /// first, each with its two numbers.
    fn element(
        &self,
        i: usize,
        element: usize,
        analytic: f64,
        tangent: &[f64],
    ) -> Result<(f64, Vec<(Outcome, [f64; 2])>)> {
        let mut point = Point { program: self.subject.program, inputs: self.subject.inputs.to_vec() };
        let (own, lengths) = (point.element(i, element), point.lengths(i, element, self.subject.biggest()));
        let length = lengths.first().copied().unwrap_or(1.0);
        let mut raw = point.along(i, element);
        let positions = if tangent.len() <= RESULTS {
            (0..tangent.len()).collect()
        } else {
            let there = raw(length / 4.0)?.1;
            let apart: Vec<f64> = there.iter().zip(&self.start).map(|(y, start)| y - start).collect();
            let mut positions = largest(tangent, MOVERS);
            positions.extend(largest(&apart, MOVERS));
            positions.sort_unstable();
            positions.dedup();
            positions
        };
        let mut depends = depends(&mut raw, &self.start, own, length / 4.0);
        // Where a rule says otherwise, its number is held against the rounding of the result: Σ softmax(x) never changes.
        for (at, depends) in depends.iter_mut().enumerate() {
            *depends |= tangent.get(at).map_or(analytic != 0.0, |tangent| *tangent != 0.0);
        }
        if analytic != 0.0 && !depends.contains(&true) {
            depends.fill(true);
        }
        let watch = Watch { zeta: &self.flat_zeta, start: &self.start, depends: &depends, positions: &positions };
        let column = derivatives(&mut watch.curve(&mut raw), &lengths)?;
        let step = column.first().map(|whole| whole.step).filter(|step| step.is_finite()).unwrap_or(length / 4.0);
        let near = raw(step)?.1;
        let stays: Vec<bool> = near.iter().zip(&self.start).map(|(y, start)| same(*y, *start)).collect();
        let analytic =
            std::iter::once(analytic).chain(positions.iter().map(|at| tangent.get(*at).copied().unwrap_or(f64::NAN)));
        let mut pairs: Vec<Pair> = analytic
            .zip(column)
            .map(|(analytic, numeric)| Pair { analytic, numeric, noise: 0.0, hidden: 0.0 })
            .collect();
        self.spread_noise(&positions, &depends, &stays, &mut pairs);
        let judge = Judge { tolerance: self.check.tolerance, moved: own.abs(), length };
        let mut outcomes = judge.judge(&pairs, &mut watch.curve(&mut raw))?;
        // That a result does not depend on an element is no finding; that none does, is what a reverse derivative of 0 says.
        for (outcome, at) in outcomes.iter_mut().skip(1).zip(&positions) {
            if *outcome == Outcome::Pass && depends.get(*at) == Some(&false) {
                *outcome = Outcome::Independent;
            }
        }
        let numbers = pairs.iter().map(|pair| [pair.analytic, pair.numeric.value]);
        Ok((own, outcomes.into_iter().zip(numbers).collect()))
    }

    /// Fills in the rounding that each pair carries: of the sum, what elements carry that move and what those may hide that
    /// stay, where they depend on what moves. `stays` tells which those are.
    fn spread_noise(&self, positions: &[usize], depends: &[bool], stays: &[bool], pairs: &mut [Pair]) {
        let zeta = |at: usize| self.flat_zeta.get(at).copied().unwrap_or(1.0).abs();
        let size = |at: usize| self.start.get(at).copied().unwrap_or(0.0).abs();
        let total: f64 = (0..self.start.len()).map(|at| zeta(at) * size(at)).sum();
        let noise = |at: usize| match self.noise.watched.get(at) {
            Some(noise) => *noise,
            // Of many results, by its share.
            None if total > 0.0 && total.is_finite() => self.noise.whole * size(at) / total,
            None => self.noise.whole,
        };
        let [first, rest @ ..] = pairs else { return };
        for (at, pair) in positions.iter().zip(rest) {
            pair.noise = if depends.get(*at) == Some(&false) { 0.0 } else { noise(*at) };
        }
        for (at, _) in depends.iter().enumerate().filter(|(_, depends)| **depends) {
            match stays.get(at) {
                Some(true) => first.hidden += zeta(at) * (noise(at) + 2.0 * f64::EPSILON * size(at)),
                _ => first.noise += zeta(at) * noise(at),
            }
        }
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

    /// ⟨rF(ζ), ξ⟩ against differences along ξ, and the Taylor remainder.
    pub(super) fn direction(&mut self, wrt: &[usize], cotangents: &[ArrayD<f64>], xi: &[ArrayD<f64>]) -> Result<()> {
        let terms = || cotangents.iter().flatten().zip(xi.iter().flatten()).map(|(a, b)| a * b);
        let (analytic, size) = (terms().sum::<f64>(), terms().map(f64::abs).sum::<f64>());
        let point = Point { program: self.subject.program, inputs: self.subject.inputs.to_vec() };
        let all = vec![true; self.start.len()];
        let watch = Watch { zeta: &self.flat_zeta, start: &self.start, depends: &all, positions: &[] };
        let mut curve = |t: f64| Ok((t, watch.samples(&point.moved(wrt, xi, t)?)));
        let biggest = self.subject.biggest();
        // All elements move at once, and where they are many one of them soon meets a kink: hence a short length first.
        let mut lengths: Vec<f64> = [biggest / 1024.0, 0.25, biggest].into_iter().filter(|x| *x > 1e-304).collect();
        lengths.sort_by(f64::total_cmp);
        let length = lengths.first().copied().unwrap_or(1.0);
        // An element's step is known as it was rounded; those of a direction are rounded each on its own.
        let noise = self.noise.whole + f64::EPSILON * self.moved(wrt, cotangents);
        let sizes = self.start.iter().zip(&self.flat_zeta).map(|(y, zeta)| (y * zeta).abs());
        let hidden = 2.0 * f64::EPSILON * sizes.filter(|size| size.is_finite()).sum::<f64>();
        let mut pairs: Vec<Pair> = derivatives(&mut curve, &lengths)?
            .into_iter()
            .map(|numeric| Pair { analytic, numeric, noise, hidden })
            .collect();
        // The terms of the analytic number may cancel, too.
        pairs.iter_mut().for_each(|pair| pair.numeric.error += 4.0 * f64::EPSILON * size);
        let judge = Judge { tolerance: self.check.tolerance, moved: biggest, length };
        let outcomes = judge.judge(&pairs, &mut curve)?;
        let along = |t: f64| {
            let whole = watch.samples(&point.moved(wrt, xi, t)?);
            Ok(whole.first().copied().unwrap_or(Sample { value: f64::NAN, size: 0.0 }))
        };
        let taylor = taylor::remainders(&along, analytic, 0.25)?;
        let mut wrong = false;
        for (outcome, pair) in outcomes.into_iter().zip(&pairs) {
            let outcome = match outcome {
                _ if self.is_conventional() => Outcome::Unchecked(Reason::StrongZero),
                // Where every element is right, so is their sum, and it is the difference that is wrong.
                Outcome::Fail(_) if self.complete => Outcome::Unchecked(Reason::Inaccurate),
                outcome => outcome,
            };
            wrong = matches!(outcome, Outcome::Fail(_));
            self.enter(outcome, [analytic, pair.numeric.value], |own| own.along(Method::Directional, xi));
        }
        let outcome = match taylor.is_right() {
            Some(true) if analytic.is_finite() && !self.is_conventional() => Outcome::Pass,
            // The remainder of a right gradient falls slowly too where a kink lies within the steps.
            Some(false) if wrong => Outcome::Fail(0.1),
            // It is a second look at what was just compared: where it cannot tell, nothing is lost.
            _ => return Ok(()),
        };
        let rate = taylor.rate.unwrap_or(f64::NAN);
        self.enter(outcome, [rate, 2.0], |own| own.along(Method::Taylor, xi));
        Ok(())
    }

    /// ⟨rF(ζ), ξ⟩ against ⟨ζ, dF(ξ)⟩: the reverse program on inputs and seeds, and the forward one.
    pub(super) fn adjoint(
        &mut self,
        [reverse, forward]: [&Program<f64>; 2],
        seeded: &[Input<f64>],
        cotangents: &[ArrayD<f64>],
        xi: &[ArrayD<f64>],
    ) -> Result<()> {
        let moving: Vec<Input<f64>> =
            self.subject.inputs.iter().cloned().chain(xi.iter().cloned().map(Input::Real)).collect();
        let tangents = forward.run(&moving)?;
        let inner = |a: &[ArrayD<f64>], b: &[ArrayD<f64>]| {
            let terms = a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| a * b);
            terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()))
        };
        let ((left, left_size), (right, right_size)) = (inner(cotangents, xi), inner(self.zeta, &tangents));
        let (tolerance, apart) = (1e-10 * (left_size + right_size), (left - right).abs());
        // The rounding of both sides, which are far apart where numbers cancel on the way.
        let rounding = || {
            let of = |program: &Program<f64>, inputs: &[Input<f64>], seed: &[ArrayD<f64>]| {
                Noise::of(program, inputs, seed, &[]).map_or(f64::INFINITY, |noise| noise.whole)
            };
            of(reverse, seeded, xi) + of(forward, &moving, self.zeta)
        };
        let outcome = if !tolerance.is_finite() {
            Outcome::Unchecked(Reason::NotFinite)
        } else if apart <= tolerance {
            Outcome::Pass
        } else if apart > 4.0 * rounding() {
            Outcome::Fail(tolerance)
        } else {
            Outcome::Unchecked(Reason::Inaccurate)
        };
        self.enter(outcome, [left, right], |own| own.along(Method::Adjoint, xi));
        Ok(())
    }

    fn enter(&mut self, outcome: Outcome, numbers: [f64; 2], spot: impl FnOnce(&Self) -> Spot) {
        let spot = spot(self);
        let outcome = match outcome {
            Outcome::Fail(_) if self.moves_cuts && spot.method != Method::Adjoint => {
                Outcome::Unchecked(Reason::NotHeld)
            }
            outcome => outcome,
        };
        self.report.enter(outcome, numbers, || spot);
    }

    /// Whether a zero that met a factor that is not finite leads to any element.
    fn is_conventional(&self) -> bool {
        self.conventional.iter().any(|elements| elements.contains(&true))
    }

    fn unchecked(&mut self, method: Method, operand: String, reason: Reason) {
        let spot = Spot { operand, ..self.spot(method) };
        self.report.enter(Outcome::Unchecked(reason), [f64::NAN; 2], || spot);
    }

    fn name(&self, i: usize) -> String {
        self.subject.names.get(i).cloned().unwrap_or_default()
    }

    fn along(&self, method: Method, xi: &[ArrayD<f64>]) -> Spot {
        Spot { seed: xi.iter().flatten().take(SEED).copied().collect(), ..self.spot(method) }
    }

    fn spot(&self, method: Method) -> Spot {
        Spot {
            order: self.order,
            of: self.subject.of.clone(),
            method,
            operation: self.subject.operation.to_owned(),
            place: self.subject.place.cloned(),
            operand: String::new(),
            element: Vec::new(),
            at: f64::NAN,
            seed: Vec::new(),
        }
    }
}

/// The positions of the `most` numbers of largest magnitude.
fn largest(numbers: &[f64], most: usize) -> Vec<usize> {
    let mut found: Vec<(usize, f64)> = Vec::new();
    for (at, x) in numbers.iter().enumerate().map(|(at, x)| (at, x.abs())) {
        if found.len() < most || found.last().is_some_and(|(_, least)| x > *least) {
            let place = found.partition_point(|(_, other)| *other >= x);
            found.insert(place, (at, x));
            found.truncate(most);
        }
    }
    found.into_iter().map(|(at, _)| at).collect()
}

/// Up to `most` of the positions below `length`, in random order where not all.
pub(super) fn choose(length: usize, most: usize, generator: &mut Generator) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..length).collect();
    if length > most {
        for i in 0..most {
            positions.swap(i, generator.integer(i, length - 1));
        }
        positions.truncate(most);
    }
    positions
}

pub(super) fn unravel(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index: Vec<usize> = Vec::with_capacity(shape.len());
    for length in shape.iter().rev() {
        index.push(flat % length.max(&1));
        flat /= length.max(&1);
    }
    index.reverse();
    index
}
