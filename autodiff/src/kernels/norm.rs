//! Euclidean norms.

use super::lanes::{Lane, Lanes};
use super::sum::{chunk, tree};
use super::view::{View, ViewMut};
use crate::base::real::Real;

/// √Σ x² over `axes`, for each position of the others. Where squares leave the range of the numbers, all is measured in a unit
/// that brings them back into it.
pub fn norm_over<F: Real>(input: View<'_, F>, axes: &[usize], output: ViewMut<'_, F>) {
    // A sum of squares from here on has lost nothing by squares that are no normal numbers.
    let least = F::min_positive_value() / (F::epsilon() * F::epsilon());
    // A power of two, between the root of the largest number and the largest.
    let large = F::of(2.0).powf((F::max_value().log2() * F::of(0.625)).round());
    Lanes::new(input, axes).each(output.into_slice(), |lane, block| {
        let sum = sum_of_squares(lane, F::one(), block);
        let unit = match sum {
            sum if sum.is_nan() || (sum >= least && sum.is_finite()) => return sum.sqrt(),
            sum if sum.is_finite() => F::one() / large,
            _ => large,
        };
        sum_of_squares(lane, unit, block).sqrt() * unit
    });
}

/// Σ (x/unit)².
fn sum_of_squares<F: Real>(lane: &mut Lane<'_, F>, unit: F, block: &mut [F]) -> F {
    let mut at = 0;
    tree(lane.len(), &mut |length| {
        let terms = &mut block[..length];
        lane.read(at, terms);
        at += length;
        match unit == F::one() {
            true => terms.iter_mut().for_each(|x| *x = *x * *x),
            false => terms.iter_mut().for_each(|x| *x = (*x / unit) * (*x / unit)),
        }
        chunk(terms)
    })
}
