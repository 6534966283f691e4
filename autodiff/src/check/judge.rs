//! Whether an analytic slope agrees with a finite difference, and whether a disagreement can be believed.

use super::difference::{Curve, Estimate, slopes_of_each_side};
use super::report::Reason;
use crate::base::error::Result;
use std::iter::once;

/// The outcome of one comparison; a failure knows how far the numbers may be apart.
pub(super) enum Outcome {
    Pass,
    Fail(f64),
    Unchecked(Reason),
}

/// What slopes along a curve through F are judged by.
pub(super) struct Judge {
    pub(super) tolerance: f64,
    /// The rounding that Σ ζ·F carries along the curve.
    pub(super) noise: f64,
    /// The magnitude of what moves along it.
    pub(super) moved: f64,
}

/// A change of a result is told from its rounding where it is this many times larger: the slopes of each side subtract
/// differences over a quarter of the step from one another, which leaves up to fifteen times the rounding.
const CLEAR: f64 = 64.0;

impl Judge {
    /// Judges pairs of an analytic and a numeric slope: of Σ ζ·F, then of the elements of F, which `curve` answers.
    ///
    /// A disagreement is looked at again at a step so short that it only just stands clear of rounding, where a kink or a
    /// turn within the step is least likely. It stays where the slopes found there, on each side alone, are nearer to one
    /// another than to the analytic one.
    pub(super) fn judge(&self, pairs: &[(f64, Estimate)], zeta: &[f64], curve: &mut Curve<'_>) -> Result<Vec<Outcome>> {
        let mut outcomes: Vec<Outcome> =
            pairs.iter().map(|(analytic, numeric)| self.first(*analytic, *numeric)).collect();
        let step = |(outcome, (analytic, numeric)): (&Outcome, &(f64, Estimate))| {
            let clear = CLEAR * self.noise / (analytic - numeric.value).abs();
            let moves = 1024.0 * f64::EPSILON * self.moved;
            matches!(outcome, Outcome::Fail(_)).then(|| clear.max(moves).max(1e-9 * numeric.step))
        };
        let Some(step) = outcomes.iter().zip(pairs).filter_map(step).reduce(f64::max) else { return Ok(outcomes) };
        let slopes = slopes_of_each_side(curve, step)?;
        let mut whole = [0.0; 4];
        for (zeta, slopes) in zeta.iter().zip(&slopes) {
            whole.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += zeta * slope);
        }
        for ((outcome, (analytic, numeric)), slopes) in outcomes.iter_mut().zip(pairs).zip(once(whole).chain(slopes)) {
            // A slope that is not finite disagrees with any that is.
            if matches!(outcome, Outcome::Fail(_)) && analytic.is_finite() {
                let half = (analytic - numeric.value).abs() / 2.0;
                if let Some(reason) = doubt(*analytic, half, slopes) {
                    *outcome = Outcome::Unchecked(reason);
                }
            }
        }
        Ok(outcomes)
    }

    fn first(&self, analytic: f64, numeric: Estimate) -> Outcome {
        let tolerance = self.tolerance * (analytic.abs() + numeric.value.abs()) + 1e-12 * numeric.scale;
        let apart = (analytic - numeric.value).abs();
        if numeric.kink {
            Outcome::Unchecked(Reason::Kink)
        } else if numeric.is_missing() || !numeric.scale.is_finite() {
            Outcome::Unchecked(Reason::NotFinite)
        } else if !analytic.is_finite() {
            // Against a finite number no tolerance covers it; its own is infinite too and would.
            Outcome::Fail(self.tolerance * numeric.value.abs())
        } else if apart <= tolerance {
            Outcome::Pass
        } else if apart <= 10.0 * numeric.error + CLEAR * self.noise / numeric.step {
            // Also where the difference drowns in the rounding of what it is a difference of: a result that is exactly 0 may
            // be what a cancellation left.
            Outcome::Unchecked(Reason::Inaccurate)
        } else {
            Outcome::Fail(tolerance)
        }
    }
}

/// Why a disagreement is not to be believed, from the slopes of each side at a short step.
fn doubt(analytic: f64, half: f64, slopes: [f64; 4]) -> Option<Reason> {
    let lowest = slopes.into_iter().fold(f64::INFINITY, f64::min);
    let highest = slopes.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let [_, left, _, right] = slopes;
    if (left - right).abs() > half {
        Some(Reason::Kink)
    } else if highest - lowest > half || !slopes.iter().all(|slope| (slope - analytic).abs() >= half) {
        Some(Reason::Inaccurate)
    } else {
        None
    }
}
