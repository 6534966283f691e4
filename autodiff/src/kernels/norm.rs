//! Euclidean norms.

use super::lanes::{Lane, Lanes};
use super::sum::{CHUNK, chunk, tree};
use super::view::{View, ViewMut};
use crate::base::real::Real;

/// √Σ x² over `axes`, for each position of the others. Where squares leave the range of the numbers, all is measured in units
/// of the largest magnitude.
pub fn norm_over<F: Real>(input: View<'_, F>, axes: &[usize], output: ViewMut<'_, F>) {
    // A sum of squares from here on has lost nothing by squares that are no normal numbers.
    let least = F::min_positive_value() / (F::epsilon() * F::epsilon());
    Lanes::new(input, axes).each(output.into_slice(), |lane, block| {
        let sum = sum_of_squares(lane, F::one(), block);
        if (sum >= least && sum.is_finite()) || sum.is_nan() {
            return sum.sqrt();
        }
        let most = largest_magnitude(lane, block);
        match most > F::zero() && most.is_finite() {
            true => sum_of_squares(lane, most, block).sqrt() * most,
            false => most,
        }
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

fn largest_magnitude<F: Real>(lane: &mut Lane<'_, F>, block: &mut [F]) -> F {
    let mut most = F::zero();
    for at in (0..lane.len()).step_by(CHUNK) {
        let piece = lane.piece(at, CHUNK.min(lane.len() - at), block);
        most = piece.iter().fold(most, |most, x| if x.abs() > most { x.abs() } else { most });
    }
    most
}
