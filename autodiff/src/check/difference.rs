//! Derivatives by finite differences, with an estimate of their own error.
//!
//! Two-sided differences at steps h, h/2, h/4, … are extrapolated to h = 0 (the second column of the table is the
//! five-point stencil, the further ones drop h⁴ and h⁶), and the entry whose neighbours agree best is taken.
//!
//! Source: C. J. F. Ridders, "Accurate computation of F′(x) and F′(x)F″(x)", Advances in Engineering Software 4 (1982).

use crate::base::error::Result;

/// How often the step is halved, at most: down to a billionth of where it started.
const HALVINGS: i32 = 30;
/// The columns of the table: orders 2, 4, 6 and 8.
const COLUMNS: usize = 4;
/// The relative error that is good enough to stop.
const GOAL: f64 = 1e-11;

/// The smallest number above 0: results that are smaller than normal numbers are multiples of it.
pub(super) const SMALLEST: f64 = f64::MIN_POSITIVE * f64::EPSILON;

/// A number on a curve.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Sample {
    pub(super) value: f64,
    /// The magnitude of the terms it is a sum of: it cannot be better than this times the precision of the machine.
    pub(super) size: f64,
}

impl Sample {
    /// Whether it is the same number; all NaNs are one.
    pub(super) fn is(&self, other: &Sample) -> bool {
        same(self.value, other.value)
    }
}

/// Whether two numbers are the same; all NaNs are one.
pub(super) fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

/// A curve: the step that was really taken, as the machine represents it, and the numbers there.
pub(super) type Curve<'a> = dyn FnMut(f64) -> Result<(f64, Vec<Sample>)> + 'a;

/// A derivative found by finite differences.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Estimate {
    /// The derivative.
    pub(super) value: f64,
    /// How far it may be off: disagreement of the extrapolations, plus the rounding of the numbers that were subtracted.
    pub(super) error: f64,
    /// The step h it was found at.
    pub(super) step: f64,
    /// The larger of the slopes to the two sides over this step, |f(x±h) − f(x)|/h: what a derivative of 0 is small
    /// beside.
    pub(super) varies: f64,
    /// Whether the slopes to both sides differ however small the step: the function has a kink here.
    pub(super) kink: bool,
    /// Whether it seemed so on a shorter length than that on which a derivative was found: of a jump at the point itself a
    /// step sees nothing over which the function changes much more.
    pub(super) kink_nearer: bool,
    /// Whether the function is the same number, bit by bit, at both ends of this step and between them.
    pub(super) flat: bool,
}

impl Estimate {
    const NONE: Estimate = Estimate {
        value: f64::NAN,
        error: f64::INFINITY,
        step: f64::INFINITY,
        varies: 0.0,
        kink: false,
        kink_nearer: false,
        flat: false,
    };

    /// Whether no finite value was found.
    pub(super) fn is_missing(&self) -> bool {
        !self.value.is_finite() || !self.error.is_finite()
    }

    fn is_settled(&self) -> bool {
        self.error <= GOAL * self.value.abs()
    }
}

/// The derivative at 0 of each component of `curve`. `lengths` are the scales on which it may vary, from small to large:
/// the first at which a component settles is the one it is measured on, so that a step crosses no kink it need not.
pub(super) fn derivatives(curve: &mut Curve<'_>, lengths: &[f64]) -> Result<Vec<Estimate>> {
    let middle = curve(0.0)?.1;
    let mut best = vec![Estimate::NONE; middle.len()];
    for length in lengths {
        if best.iter().all(Estimate::is_settled) {
            break;
        }
        let found = extrapolate(curve, &middle, length / 4.0)?;
        for (best, found) in best.iter_mut().zip(found) {
            let (kink, nearer) = (best.kink || found.kink, best.kink || best.kink_nearer);
            // A larger step is believed only where it agrees with the smaller one, to what that one is worth: far from
            // the limit extrapolations may agree with each other on the wrong number.
            let agrees = best.is_missing() || (found.value - best.value).abs() <= best.error + found.error;
            if !best.is_settled() && !found.kink && agrees && found.error < best.error {
                *best = found;
            }
            (best.kink, best.kink_nearer) = (kink && best.is_missing(), nearer);
        }
    }
    Ok(best)
}

/// A curve close to 0, seen from each side.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Sides {
    /// The slope at 0, four times: to the left from differences over a step and over half of it, extrapolated to 0, refined
    /// by those over a half and a quarter, and the same two to the right. On a smooth curve they are one number, up to terms
    /// of step²; where a kink or a turn lies within the step, they contradict one another.
    pub(super) slopes: [f64; 4],
    /// The largest change within the step.
    pub(super) change: f64,
}

/// What the two sides of each component of `curve` look like over `step`.
pub(super) fn sides(curve: &mut Curve<'_>, step: f64) -> Result<Vec<Sides>> {
    let middle = curve(0.0)?.1;
    let mut slopes = |step: f64| -> Result<(f64, Vec<f64>)> {
        let (step, samples) = curve(step)?;
        Ok((step, samples.iter().zip(&middle).map(|(y, middle)| (y.value - middle.value) / step).collect()))
    };
    let mut found = vec![Sides::default(); middle.len()];
    for (side, first) in [(-step, 0), (step, 2)] {
        let (mut width, mut outer) = slopes(side)?;
        let note = |found: &mut [Sides], slopes: &[f64], width: f64| {
            for (found, slope) in found.iter_mut().zip(slopes) {
                found.change = found.change.max((slope * width).abs());
            }
        };
        note(&mut found, &outer, width);
        for (halved, at) in [(side / 2.0, first), (side / 4.0, first + 1)] {
            let (near, inner) = slopes(halved)?;
            note(&mut found, &inner, near);
            for ((found, outer), inner) in found.iter_mut().zip(&outer).zip(&inner) {
                let slope = inner + (inner - outer) * near / (width - near);
                found.slopes.iter_mut().skip(at).take(1).for_each(|found| *found = slope);
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

    /// Enters what the curve is at −step, 0 and +step; `width` is the distance of the outer two.
    fn enter(&mut self, [before, middle, after]: [Sample; 3], width: f64) {
        let flat = before.is(&middle) && after.is(&middle);
        let slope = (after.value - before.value) / width;
        if !slope.is_finite() {
            *self = Table { best: self.best, ..Table::NEW };
            return;
        }
        // Two values rounded to half a unit each, and a kernel that is good to a unit or two.
        let rounding = (2.0 * f64::EPSILON * (after.size + before.size) + 4.0 * SMALLEST) / width;
        let (rise, fall) = (after.value - middle.value, middle.value - before.value);
        let varies = 2.0 * rise.abs().max(fall.abs()) / width;
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
                candidate = Estimate { value: next, error, step: width / 2.0, varies, flat, ..Estimate::NONE };
            }
            extrapolated = next;
            *entry = next;
        }
        // On a smooth curve the difference of the two one-sided slopes shrinks with the step, at a kink it does not.
        let bend = (rise - fall).abs() / width;
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
        (2.0 * f64::EPSILON * size + 4.0 * SMALLEST) / width > self.best.error
    }
}

fn extrapolate(curve: &mut Curve<'_>, middle: &[Sample], start: f64) -> Result<Vec<Estimate>> {
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
            let at_rounding = table.rounding_dominates(width / 2.0, after.size + before.size);
            done &= table.best.is_settled() || at_rounding;
        }
        if done {
            break;
        }
    }
    Ok(tables.into_iter().map(|table| table.best).collect())
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    use super::*;

    fn curve(f: impl Fn(f64) -> f64, x: f64) -> impl FnMut(f64) -> Result<(f64, Vec<Sample>)> {
        move |t: f64| Ok((x + t - x, vec![Sample { value: f(x + t), size: f(x + t).abs() }]))
    }

    fn slope(f: impl Fn(f64) -> f64, x: f64) -> Estimate {
        let lengths: Vec<f64> = [x.abs(), 0.25].into_iter().filter(|length| *length > 0.0).collect();
        let found = derivatives(&mut curve(f, x), &lengths).ok().and_then(|found| found.first().copied());
        found.unwrap_or(Estimate::NONE)
    }

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

    fn a_kink_at_the_point_is_seen_and_one_nearby_is_not_crossed() {
        assert!(slope(|x| x.max(0.0), 0.0).kink);
        assert!(slope(|x| (x - 1.0).abs(), 1.0).kink);
        assert_eq!(slope(|x| (x - 1.0).max(0.0), 1.1).value, 1.0);
        assert_eq!(slope(|x| x.max(1e-3), 1e-9).value, 0.0);
    }

    /// f(0) = 1 and f(x) = x elsewhere: over a length of 10⁹ it is a straight line.
    fn a_jump_at_the_point_is_remembered_where_a_long_step_sees_none() {
        let line = |x: f64| if x == 0.0 { 1.0 } else { x };
        let found = derivatives(&mut curve(line, 0.0), &[0.25, 1e9]).ok().and_then(|found| found.first().copied());
        let found = found.unwrap_or(Estimate::NONE);
        assert!(found.kink || found.kink_nearer, "{found:?}");
    }

    fn what_does_not_change_is_flat() {
        assert!(slope(|x| x.max(1.0), 0.5).flat);
        assert!(slope(|x| x.max(1.0), 0.99).flat);
        assert!(!slope(|x| x.max(1.0), 1.01).flat);
        // Even around 0: the differences are 0, and the function is not flat.
        assert!(slope(|x| 1.0 + x * x, 0.0).value == 0.0 && !slope(|x| 1.0 + x * x, 0.0).flat);
    }

    fn each_side_has_its_own_slope() {
        let slopes = |f: fn(f64) -> f64, x: f64| {
            let found = sides(&mut curve(f, x), 1e-4).ok().and_then(|found| found.first().copied());
            found.map_or([f64::NAN; 4], |found| found.slopes)
        };
        assert!(slopes(f64::sin, 0.7).iter().all(|slope| (slope - 0.7f64.cos()).abs() < 1e-8));
        let near =
            |slopes: [f64; 4], expected: [f64; 4]| slopes.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(near(slopes(f64::abs, 0.0), [-1.0, -1.0, 1.0, 1.0]));
        // Kinks at 0.75 of the step to the right, and beyond it to the left.
        let bent = slopes(|x| (x - 0.75e-4).max(0.0) - (x + 2e-4).min(0.0), 0.0);
        assert!(near(bent, [0.0, 0.0, -0.25, 0.0]), "{bent:?}");
    }

    fn the_domain_may_end_within_the_first_step() {
        let estimate = slope(|x| (x - 1.0).ln(), 1.01);
        assert!((estimate.value - 100.0).abs() < 1e-6, "{estimate:?}");
    }

    self_tests!(
        smooth_functions_to_eleven_digits,
        a_kink_at_the_point_is_seen_and_one_nearby_is_not_crossed,
        a_jump_at_the_point_is_remembered_where_a_long_step_sees_none,
        what_does_not_change_is_flat,
        each_side_has_its_own_slope,
        the_domain_may_end_within_the_first_step,
    );
}
