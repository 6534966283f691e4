//! Whether an analytic slope agrees with a finite difference, and whether a disagreement can be believed.

use super::difference::{Curve, Estimate, Sides, derivatives, sides};
use super::flat::{End, ends};
use super::spot::Reason;
use crate::base::error::Result;

/// The outcome of one comparison; a failure knows how far the numbers may be apart.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Outcome {
    Pass,
    Fail(f64),
    Unchecked(Reason),
    /// The result does not depend on what moves, and the derivative is 0: there was nothing to compare.
    Independent,
}

/// An analytic slope of a component of a curve, and what it is compared with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) analytic: f64,
    pub(super) numeric: Estimate,
    /// The rounding that the component carries.
    pub(super) noise: f64,
    /// What may change unseen, in terms of the component that rounding keeps where they are.
    pub(super) hidden: f64,
}

/// What slopes along a curve are judged by.
pub(super) struct Judge {
    pub(super) tolerance: f64,
    /// The magnitude of what moves along it.
    pub(super) moved: f64,
    /// The shortest of the lengths the curve was measured on.
    pub(super) length: f64,
}

/// A change of a result is told from its rounding where it is this many times larger: the slopes of each side subtract
/// differences over a quarter of the step from one another, which leaves up to fifteen times the rounding.
const CLEAR: f64 = 64.0;
/// A difference vouches for an agreement where it resolves the derivative to this many tolerances.
pub(super) const REACH: f64 = 10.0;

impl Judge {
    /// Judges one slope for each component of `curve`.
    ///
    /// A disagreement is looked at again at a step so short that it only just stands clear of rounding, where a kink or a
    /// turn within the step is least likely. It stays where the slopes found there, on each side alone, are nearer to one
    /// another than to the analytic one, and the function does not change as much there as over a step a thousand times
    /// longer, which is what many turns within either look like.
    pub(super) fn judge(&self, pairs: &[Pair], curve: &mut Curve<'_>) -> Result<Vec<Outcome>> {
        let mut outcomes: Vec<Outcome> = pairs.iter().map(|pair| self.first(pair)).collect();
        self.flat(pairs, &mut outcomes, curve)?;
        let step = |(outcome, Pair { analytic, numeric, noise, .. }): (&Outcome, &Pair)| {
            let clear = CLEAR * noise / (analytic - numeric.value).abs();
            let moves = 1024.0 * f64::EPSILON * self.moved;
            matches!(outcome, Outcome::Fail(_)).then(|| clear.max(moves).max(1e-9 * numeric.step))
        };
        let Some(step) = outcomes.iter().zip(pairs).filter_map(step).reduce(f64::max) else { return Ok(outcomes) };
        // From the short step up again: what crossed a kink or a turn at first may agree now.
        let lengths = [2f64.powi(10), 2f64.powi(20)].map(|factor| factor * step).into_iter();
        let lengths: Vec<f64> = lengths.filter(|length| *length < self.length).collect();
        let again = derivatives(curve, &lengths)?;
        for ((outcome, pair), numeric) in outcomes.iter_mut().zip(pairs).zip(again) {
            let pair = Pair { numeric, ..*pair };
            if matches!(outcome, Outcome::Fail(_)) && self.first(&pair) == Outcome::Pass {
                *outcome = Outcome::Pass;
            }
        }
        let near = sides(curve, step)?;
        let far = pairs.iter().map(|pair| pair.numeric.step).filter(|far| far.is_finite());
        let far = far.fold(self.length / 4.0, f64::max);
        let far = if far > 1024.0 * step { sides(curve, far)? } else { vec![Sides::default(); near.len()] };
        for (((outcome, pair), near), far) in outcomes.iter_mut().zip(pairs).zip(near).zip(far) {
            if !matches!(outcome, Outcome::Fail(_)) {
                continue;
            }
            if pair.numeric.kink_nearer {
                *outcome = Outcome::Unchecked(Reason::Kink);
            } else if pair.analytic.is_infinite() {
                // It may stand for a number that is too large, which slopes over shorter and shorter steps approach.
                let steepest = near.slopes.into_iter().map(f64::abs).fold(0.0, f64::max);
                if !near.slopes.into_iter().all(f64::is_finite) || steepest > 1024.0 * pair.numeric.value.abs() {
                    *outcome = Outcome::Unchecked(Reason::Inaccurate);
                }
            } else if pair.analytic.is_finite() {
                let turns = near.change > 0.0 && near.change >= far.change / 64.0;
                let drowns = far.change > 0.0 && far.change <= 4.0 * pair.noise;
                let turns = (far.change > 0.0 && (turns || drowns)).then_some(Reason::Inaccurate);
                if let Some(reason) = doubt(pair, near).or(turns) {
                    *outcome = Outcome::Unchecked(reason);
                }
            }
        }
        Ok(outcomes)
    }

    fn first(&self, Pair { analytic, numeric, noise, hidden }: &Pair) -> Outcome {
        let noise = noise + hidden;
        let apart = (analytic - numeric.value).abs();
        let doubt = numeric.error + noise / numeric.step;
        let size = analytic.abs().max(numeric.value.abs());
        // A derivative that is exactly 0 has no digits of its own: it is 0 as far as slopes to both sides cancel.
        let (size, more) = if *analytic == 0.0 { (size.max(numeric.varies), doubt) } else { (size, 0.0) };
        let relative = self.tolerance * (analytic.abs() + numeric.value.abs());
        if numeric.kink {
            Outcome::Unchecked(Reason::Kink)
        } else if numeric.is_missing() {
            Outcome::Unchecked(Reason::NotFinite)
        } else if !analytic.is_finite() {
            Outcome::Fail(self.tolerance * numeric.value.abs())
        } else if apart <= relative + more && doubt <= REACH * self.tolerance * size {
            Outcome::Pass
        } else if apart <= relative + more || apart <= 10.0 * numeric.error + CLEAR * noise / numeric.step {
            Outcome::Unchecked(Reason::Digits(digits(doubt, size)))
        } else {
            Outcome::Fail(relative)
        }
    }

    /// Of derivatives that are 0 where the curve is flat, tells those that are 0 from those that drown.
    fn flat(&self, pairs: &[Pair], outcomes: &mut [Outcome], curve: &mut Curve<'_>) -> Result<()> {
        let is_flat = |pair: &Pair| pair.analytic == 0.0 && pair.numeric.flat && pair.numeric.value == 0.0;
        let open = pairs.iter().zip(&*outcomes).enumerate().filter(|(_, (_, outcome))| **outcome != Outcome::Pass);
        let which: Vec<(usize, f64)> =
            open.filter(|(_, (pair, _))| is_flat(pair)).map(|(i, (pair, _))| (i, pair.noise + pair.hidden)).collect();
        if which.is_empty() {
            return Ok(());
        }
        let steps = which.iter().filter_map(|(i, _)| pairs.get(*i)).map(|pair| pair.numeric.step);
        let start = steps.fold(self.length / 4.0, f64::min);
        for ((i, _), end) in which.iter().zip(ends(curve, &which, start)?) {
            let outcome = match end {
                End::Never | End::Kink => Outcome::Pass,
                End::Smooth => Outcome::Unchecked(Reason::Digits(0)),
            };
            outcomes.iter_mut().skip(*i).take(1).for_each(|slot| *slot = outcome.clone());
        }
        Ok(())
    }
}

/// How many decimal digits of a number of this size are resolved.
pub(super) fn digits(doubt: f64, size: f64) -> u32 {
    // The cast cuts what is negative or NaN to 0.
    (size / doubt).log10().min(16.0) as u32
}

/// Why a disagreement is not to be believed, from the slopes of each side at a short step.
fn doubt(pair: &Pair, near: Sides) -> Option<Reason> {
    let half = (pair.analytic - pair.numeric.value).abs() / 2.0;
    let lowest = near.slopes.into_iter().fold(f64::INFINITY, f64::min);
    let highest = near.slopes.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let [_, left, _, right] = near.slopes;
    if (left - right).abs() > half {
        Some(Reason::Kink)
    } else if highest - lowest > half || !near.slopes.iter().all(|slope| (slope - pair.analytic).abs() >= half) {
        Some(Reason::Inaccurate)
    } else {
        None
    }
}
