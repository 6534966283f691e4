//! How far to go along a direction.

use super::function::{Function, Value};
use super::{along, dot};
use autodiff::{Real, Result};

/// The share of the descent that the slope promises, and of the slope that may be left.
const DESCENT: f64 = 1e-4;
const SLOPE: f64 = 0.9;
const TRIES: usize = 60;

/// A step t along `direction` from `point` that fulfils the weak conditions of Wolfe,
///
/// - f(x + t·d) ≤ f(x) + 10⁻⁴·t·s and ∇f(x + t·d)·d ≥ 0.9·s, with the slope s = ∇f(x)·d below 0,
///
/// by doubling and bisection, beginning with t = `first`. `None` if no such t is found before rounding ends the search.
///
/// Source: Lewis & Overton, "Nonsmooth optimization via quasi-Newton methods" (2013), Algorithm 2.6.
#[track_caller]
pub(super) fn line_search<F: Real>(
    function: &mut Function<F>,
    (point, value): (&[f64], &Value),
    direction: &[f64],
    first: f64,
) -> Result<Option<(Vec<f64>, Value)>> {
    let slope = dot(&value.gradient, direction);
    let (mut low, mut high, mut t) = (0.0, f64::INFINITY, first);
    // A point that descends, but not as far as it might.
    let mut best = None;
    for _ in 0..TRIES {
        let next = along(point, t, direction);
        let found = function.at(&next)?;
        let descends = found.loss <= value.loss + DESCENT * t * slope;
        if !descends {
            high = t;
        } else if dot(&found.gradient, direction) < SLOPE * slope {
            low = t;
            best = Some((next, found));
        } else {
            return Ok(Some((next, found)));
        }
        t = if high.is_finite() { (low + high) / 2.0 } else { 2.0 * low };
    }
    Ok(best)
}
