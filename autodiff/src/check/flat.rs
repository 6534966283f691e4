//! Where a flat stretch of a curve ends, and how: whether a difference of 0 is a slope of 0, or only drowned.

use super::difference::{Curve, Sample};
use crate::base::error::Result;

/// The end of a flat stretch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// There is none: nothing depends on what moves.
    Never,
    /// A kink or a jump, such as that of max(x, c) or of a rounded number: the slope is 0 up to there.
    Kink,
    /// The curve departs unit by unit in the last place, as that of a saturated function or of a small number added to a
    /// large one: there is a slope, and rounding hides it.
    Smooth,
}

/// How far a smooth curve is followed beyond its departure, as a share of the way to it. A function saturates as exp(−κx)
/// at the fastest; where its slope is a number at all, κ times the way is below 710, so that the departure grows at most
/// twofold over this share.
const BEYOND: f64 = 1.0 / 1024.0;
/// A change of this many times the rounding is not the departure of a smooth curve.
const JUMP: f64 = 64.0;

/// Walks away from 0 to both sides, from `start` on, and looks where each of the components `which`, whose `noise` is
/// given, is first another number than at 0. A component is smooth if one of its sides is.
pub(super) fn ends(curve: &mut Curve<'_>, which: &[(usize, f64)], start: f64) -> Result<Vec<End>> {
    let middle = curve(0.0)?.1;
    let at = |samples: &[Sample], i: usize| samples.get(i).copied().unwrap_or(Sample { value: f64::NAN, size: 0.0 });
    let mut ends = vec![End::Never; which.len()];
    for side in [1.0, -1.0] {
        // What a component is at a step; where an operation refuses, it has ended in a jump.
        let mut look = |step: f64| curve(side * step).map_or(Vec::new(), |(_, samples)| samples);
        let mut ladder = vec![(start, look(start))];
        let mut factor = 16.0f64;
        while let Some(next) = ladder.last().map(|(step, _)| step * factor).filter(|next| *next < 1e300) {
            ladder.push((next, look(next)));
            factor = factor.powi(2).min(1e60);
        }
        for ((i, noise), end) in which.iter().zip(&mut ends) {
            let here = at(&middle, *i);
            let Some(first) = ladder.iter().position(|(_, samples)| !at(samples, *i).is(&here)) else { continue };
            let mut far = ladder.get(first).map_or(start, |(step, _)| *step);
            let mut near = first.checked_sub(1).and_then(|i| ladder.get(i)).map_or(start / 16.0, |(step, _)| *step);
            // The stretch may end before `start`.
            while first == 0 && near > start * f64::EPSILON.powi(2) && !at(&look(near), *i).is(&here) {
                (near, far) = (near / 16.0, near);
            }
            while far > near * (1.0 + BEYOND / 8.0) {
                let between =
                    if far > 2.0 * near { (far.ln() / 2.0 + near.ln() / 2.0).exp() } else { (near + far) / 2.0 };
                if between <= near || between >= far {
                    break;
                }
                if at(&look(between), *i).is(&here) { near = between } else { far = between }
            }
            let beyond = at(&look(far * (1.0 + BEYOND)), *i);
            let change = (beyond.value - here.value).abs();
            let rounding = f64::EPSILON * here.size.max(beyond.size) + noise;
            *end = match *end {
                End::Smooth => End::Smooth,
                _ if change <= JUMP * rounding => End::Smooth,
                _ => End::Kink,
            };
        }
    }
    Ok(ends)
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    use super::*;

    fn end(f: impl Fn(f64) -> f64, x: f64) -> End {
        let mut curve = move |t: f64| Ok((t, vec![Sample { value: f(x + t), size: f(x + t).abs() }]));
        ends(&mut curve, &[(0, 0.0)], x.abs().max(1.0) / 4.0)
            .ok()
            .and_then(|ends| ends.first().copied())
            .unwrap_or(End::Never)
    }

    fn kinks_and_jumps_are_told_from_saturation() {
        for x in [-1.0, -1e-3, -1e6] {
            assert_eq!(end(|x| 3.0 + x.max(0.0), x), End::Kink, "{x}");
        }
        assert_eq!(end(|x| x.clamp(-1.0, 1.0), 7.0), End::Kink);
        assert_eq!(end(|x| (x * 1e-3).round(), 100.0), End::Kink);
        for x in [40.0, 300.0, 700.0] {
            assert_eq!(end(|x| 1.0 / (1.0 + (-x).exp()), x), End::Smooth, "{x}");
            assert_eq!(end(f64::tanh, -x), End::Smooth, "{x}");
        }
        assert_eq!(end(|x| 1.0 + x * x, 1e-12), End::Smooth);
        assert_eq!(end(|x| x + 1e20, 0.5), End::Smooth);
        assert_eq!(end(|x| 1.0 + 0.0 * x, 0.5), End::Never);
    }

    self_tests!(kinks_and_jumps_are_told_from_saturation);
}
