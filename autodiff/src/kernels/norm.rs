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

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    use super::norm_over;
    use crate::base::real::Real;
    use crate::base::shape::Shape;
    use crate::kernels::view::{View, ViewMut};

    fn norm<F: Real>(x: [F; 3]) -> F {
        let (shape, mut y) = (Shape::from([3]), [F::zero()]);
        if let Some(output) = ViewMut::new(&mut y, Shape::SCALAR) {
            norm_over(View::whole(&x, &shape), &[0], output);
        }
        y[0]
    }

    /// 4² + 4² + 7² = 9², wherever the numbers lie.
    fn squares_that_leave_the_range_are_measured_in_another_unit() {
        for scale in [1e300, 1e154, 1.0, 1e-154, 1e-300] {
            let found: f64 = norm([4.0 * scale, -4.0 * scale, 7.0 * scale]);
            assert!((found / scale - 9.0).abs() < 1e-14, "{scale}: {found}");
        }
        assert_eq!(norm([f64::INFINITY, 1.0, 2.0]), f64::INFINITY);
        assert_eq!(norm([1e300, f64::MAX, f64::MAX]), f64::INFINITY);
        assert_eq!(norm([0.0f32, -0.0, 0.0]), 0.0);
        assert!(norm([f64::NAN, 1.0, 2.0]).is_nan());
        for scale in [1e37, 1e19, 1.0, 1e-19, 1e-37] {
            let found: f32 = norm([4.0 * scale, -4.0 * scale, 7.0 * scale]);
            assert!((found / scale - 9.0).abs() < 1e-5, "{scale}: {found}");
        }
    }

    self_tests!(squares_that_leave_the_range_are_measured_in_another_unit);
}
