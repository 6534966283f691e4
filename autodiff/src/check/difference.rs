//! Derivatives by finite differences, with an estimate of their own error.
//!
//! Two-sided differences at steps h, h/2, h/4, … are extrapolated to h = 0 (the second column of the table is the
//! five-point stencil, the further ones drop h⁴ and h⁶), and the entry whose neighbours agree best is taken.
//!
//! Source: C. J. F. Ridders, "Accurate computation of F′(x) and F′(x)F″(x)", Advances in Engineering Software 4 (1982).

use crate::base::error::Result;

/// How often the step is halved.
const HALVINGS: i32 = 12;
/// The columns of the table: orders 2, 4, 6 and 8.
const COLUMNS: usize = 4;
/// The relative error that is good enough to stop.
const GOAL: f64 = 1e-11;

/// A derivative found by finite differences.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Estimate {
    /// The derivative.
    pub value: f64,
    /// How far it may be off: disagreement of the extrapolations plus rounding.
    pub error: f64,
    /// The magnitude of the terms that entered the difference over its length, (|f(x+h)| + |f(x−h)|)/2h: the
    /// difference cannot be better than this number times the precision of the machine.
    pub scale: f64,
    /// The step h it was found at; the smallest one of a sum.
    pub step: f64,
    /// Whether the slopes to both sides differ however small the step: the function has a kink here.
    pub kink: bool,
}

impl Estimate {
    const NONE: Estimate =
        Estimate { value: f64::NAN, error: f64::INFINITY, scale: 0.0, step: f64::INFINITY, kink: false };

    /// An exact zero: what nothing depends on.
    pub(crate) const ZERO: Estimate = Estimate { value: 0.0, error: 0.0, scale: 0.0, step: f64::INFINITY, kink: false };

    /// Whether no finite value was found.
    pub(crate) fn is_missing(&self) -> bool {
        !self.value.is_finite() || !self.error.is_finite()
    }

    /// The estimate of `self + weight · other`.
    pub(crate) fn plus(self, weight: f64, other: Estimate) -> Estimate {
        if weight == 0.0 {
            return self;
        }
        Estimate {
            value: self.value + weight * other.value,
            error: self.error + weight.abs() * other.error,
            scale: self.scale + weight.abs() * other.scale,
            step: self.step.min(other.step),
            kink: self.kink || other.kink,
        }
    }

    fn is_settled(&self) -> bool {
        self.error <= GOAL * self.value.abs()
    }
}

/// A curve: the step that was really taken, as the machine represents it, and the results there.
pub(crate) type Curve<'a> = dyn FnMut(f64) -> Result<(f64, Vec<f64>)> + 'a;

/// The derivative at 0 of each component of `curve`. `lengths` are the scales on which it may vary, from small to large:
/// the first at which a component settles is the one it is measured on, so that a step crosses no kink it need not.
pub(crate) fn derivatives(curve: &mut Curve<'_>, lengths: &[f64]) -> Result<Vec<Estimate>> {
    let middle = curve(0.0)?.1;
    let mut best = vec![Estimate::NONE; middle.len()];
    for length in lengths {
        if best.iter().all(Estimate::is_settled) {
            break;
        }
        let found = extrapolate(curve, &middle, length / 4.0)?;
        for (best, found) in best.iter_mut().zip(found) {
            let kink = best.kink || found.kink;
            // A larger step is believed only where it agrees with the smaller one, to what that one is worth: far from
            // the limit extrapolations may agree with each other on the wrong number.
            let agrees = best.is_missing() || (found.value - best.value).abs() <= best.error + found.error;
            if !best.is_settled() && !found.kink && agrees && found.error < best.error {
                *best = found;
            }
            best.kink = kink && best.is_missing();
        }
    }
    Ok(best)
}

/// The slope of each component of `curve` at 0, four times: to the left from differences over `step` and over half of it,
/// extrapolated to 0, refined by those over a half and a quarter, and the same two to the right. On a smooth curve they are
/// one number, up to terms of step²; where a kink or a turn lies within the step, they contradict one another.
pub(crate) fn slopes_of_each_side(curve: &mut Curve<'_>, step: f64) -> Result<Vec<[f64; 4]>> {
    let middle = curve(0.0)?.1;
    let mut slopes = |step: f64| -> Result<(f64, Vec<f64>)> {
        let (step, results) = curve(step)?;
        Ok((step, results.iter().zip(&middle).map(|(y, middle)| (y - middle) / step).collect()))
    };
    let mut found = vec![[0.0; 4]; middle.len()];
    for (side, first) in [(-step, 0), (step, 2)] {
        let (mut width, mut outer) = slopes(side)?;
        for (halved, at) in [(side / 2.0, first), (side / 4.0, first + 1)] {
            let (near, inner) = slopes(halved)?;
            for ((found, outer), inner) in found.iter_mut().zip(&outer).zip(&inner) {
                let slope = inner + (inner - outer) * near / (width - near);
                found.iter_mut().skip(at).take(1).for_each(|found| *found = slope);
            }
            (width, outer) = (near, inner);
        }
    }
    Ok(found)
}

/// The table of one component.
struct Table {
    row: [f64; COLUMNS],
    rows: usize,
    bend: f64,
    best: Estimate,
}

impl Table {
    const NEW: Table = Table { row: [0.0; COLUMNS], rows: 0, bend: 0.0, best: Estimate::NONE };

    /// Enters the results at −step, 0 and +step; `width` is the distance of the outer two.
    fn enter(&mut self, [before, middle, after]: [f64; 3], width: f64) {
        let slope = (after - before) / width;
        if !slope.is_finite() {
            *self = Table { best: self.best, ..Table::NEW };
            return;
        }
        let scale = (after.abs() + before.abs()) / width;
        // Two values rounded to half a unit each, and a kernel that is good to a unit or two.
        let rounding = 2.0 * f64::EPSILON * scale;
        let mut previous = std::mem::replace(&mut self.row, [slope; COLUMNS]).into_iter().take(self.rows);
        let mut factor = 1.0;
        let mut extrapolated = slope;
        let mut candidate = Estimate::NONE;
        for entry in self.row.iter_mut().skip(1) {
            let Some(above) = previous.next() else { break };
            factor *= 4.0;
            let next = extrapolated + (extrapolated - above) / (factor - 1.0);
            let error = (next - extrapolated).abs().max((next - above).abs()) + rounding;
            if error < candidate.error {
                candidate = Estimate { value: next, error, scale, step: width / 2.0, kink: false };
            }
            extrapolated = next;
            *entry = next;
        }
        // On a smooth curve the difference of the two one-sided slopes shrinks with the step, at a kink it does not.
        let bend = ((after - middle) - (middle - before)).abs() / width;
        let kinked = self.rows > 0 && bend > 0.7 * self.bend && bend > 8.0 * rounding && bend > 1e-7 * slope.abs();
        if kinked {
            self.best.kink |= self.best.is_missing();
        } else if candidate.error < self.best.error {
            self.best = candidate;
        }
        self.bend = bend;
        self.rows = (self.rows + 1).min(COLUMNS);
    }

    fn rounding_dominates(&self, width: f64, size: f64) -> bool {
        2.0 * f64::EPSILON * size / width > self.best.error
    }
}

fn extrapolate(curve: &mut Curve<'_>, middle: &[f64], start: f64) -> Result<Vec<Estimate>> {
    let mut tables: Vec<Table> = middle.iter().map(|_| Table::NEW).collect();
    for halving in 0..HALVINGS {
        let step = start * 0.5f64.powi(halving);
        let ((right, after), (left, before)) = (curve(step)?, curve(-step)?);
        let width = right - left;
        if width <= 0.0 {
            break; // the step is lost in the rounding of x
        }
        let mut done = true;
        for (((table, before), middle), after) in tables.iter_mut().zip(&before).zip(middle).zip(&after) {
            // What has settled stays, so that a component is measured at the largest step that is good enough.
            if table.best.is_settled() {
                continue;
            }
            table.enter([*before, *middle, *after], width);
            let at_rounding = table.rounding_dominates(width / 2.0, after.abs() + before.abs());
            done &= table.best.is_settled() || at_rounding;
        }
        if done {
            break;
        }
    }
    Ok(tables.into_iter().map(|table| table.best).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slope(f: impl Fn(f64) -> f64, x: f64) -> Estimate {
        let mut curve = |t: f64| Ok((x + t - x, vec![f(x + t)]));
        let lengths: Vec<f64> = [x.abs(), 0.25].into_iter().filter(|length| *length > 0.0).collect();
        derivatives(&mut curve, &lengths).ok().and_then(|found| found.first().copied()).unwrap_or(Estimate::NONE)
    }

    #[test]
    fn smooth_functions_to_eleven_digits() {
        for x in [0.3, 1.7, -2.0, 40.0] {
            for (estimate, exact) in
                [(slope(f64::sin, x), x.cos()), (slope(f64::exp, x), x.exp()), (slope(|x| x * x * x, x), 3.0 * x * x)]
            {
                assert!((estimate.value - exact).abs() <= 1e-10 * exact.abs(), "{estimate:?} should be {exact}");
                assert!((estimate.value - exact).abs() <= 10.0 * estimate.error, "{estimate:?} should be {exact}");
            }
        }
    }

    #[test]
    fn a_kink_at_the_point_is_seen_and_one_nearby_is_not_crossed() {
        assert!(slope(|x| x.max(0.0), 0.0).kink);
        assert!(slope(|x| (x - 1.0).abs(), 1.0).kink);
        assert_eq!(slope(|x| (x - 1.0).max(0.0), 1.1).value, 1.0);
        assert_eq!(slope(|x| x.max(1e-3), 1e-9).value, 0.0);
    }

    #[test]
    fn each_side_has_its_own_slope() {
        let slopes = |f: fn(f64) -> f64, x: f64| {
            let mut curve = |t: f64| Ok((x + t - x, vec![f(x + t)]));
            let found = slopes_of_each_side(&mut curve, 1e-4).ok().and_then(|found| found.first().copied());
            found.unwrap_or([f64::NAN; 4])
        };
        assert!(slopes(f64::sin, 0.7).iter().all(|slope| (slope - 0.7f64.cos()).abs() < 1e-8));
        let near =
            |slopes: [f64; 4], expected: [f64; 4]| slopes.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(near(slopes(f64::abs, 0.0), [-1.0, -1.0, 1.0, 1.0]));
        // Kinks at 0.75 of the step to the right, and beyond it to the left.
        let bent = slopes(|x| (x - 0.75e-4).max(0.0) - (x + 2e-4).min(0.0), 0.0);
        assert!(near(bent, [0.0, 0.0, -0.25, 0.0]), "{bent:?}");
    }

    #[test]
    fn the_domain_may_end_within_the_first_step() {
        let estimate = slope(|x| (x - 1.0).ln(), 1.01);
        assert!((estimate.value - 100.0).abs() < 1e-6, "{estimate:?}");
    }
}
