//! Running sums along an axis.

use super::along::{Along, expect_shape};
use super::copy::copy_to;
use super::view::{View, ViewMut};
use crate::base::error::Refusal;
use crate::base::real::Real;

/// yᵢ = x₀ + … + xᵢ along `axis`, or, `reversed`, yᵢ = xᵢ + … + xₙ₋₁; y has the shape of x. The sums are plain ones from
/// one end to the other, as NumPy's `cumsum`: yᵢ = yᵢ₋₁ + xᵢ, or yᵢ = yᵢ₊₁ + xᵢ. Unlike that of [`sum`](super::sum),
/// their rounding error grows with the length.
///
/// The map is linear in x, and its adjoint is the running sum in the other direction.
///
/// # Errors
/// A refusal if there is no such axis or if the output has another shape.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, cumsum};
/// let shape = Shape::from([3]);
/// let x = View::contiguous(&[1.0, 2.0, 3.0], &shape).unwrap();
/// let mut y = [0.0; 3];
/// cumsum(x, 0, false, ViewMut::new(&mut y, &shape).unwrap())?;
/// assert_eq!(y, [1.0, 3.0, 6.0]);
/// cumsum(x, 0, true, ViewMut::new(&mut y, &shape).unwrap())?;
/// assert_eq!(y, [6.0, 5.0, 3.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn cumsum<F: Real>(x: View<'_, F>, axis: usize, reversed: bool, output: ViewMut<'_, F>) -> Result<(), Refusal> {
    let along = Along::new(x.shape(), axis)?;
    expect_shape("the output", output.shape(), x.shape())?;
    let inner = along.inner;
    let y = output.into_slice();
    copy_to(x, y);
    for block in y.chunks_exact_mut(along.block().max(1)) {
        match (inner, reversed) {
            (1, false) => run(block.iter_mut()),
            (1, true) => run(block.iter_mut().rev()),
            _ => run_rows(block, along, reversed),
        }
    }
    Ok(())
}

/// [`run`] for rows of `inner` elements.
fn run_rows<F: Real>(block: &mut [F], Along { length, inner }: Along, reversed: bool) {
    for i in 1..length {
        // The rows i − 1 and i; or, from the other end, the last but i and the one before it.
        let (before, after) = block.split_at_mut(if reversed { length - i } else { i } * inner);
        let (known, next) = match reversed {
            false => (&before[before.len() - inner..], &mut after[..inner]),
            true => {
                let at = before.len() - inner;
                (&after[..inner], &mut before[at..])
            }
        };
        next.iter_mut().zip(known).for_each(|(x, y)| *x = *y + *x);
    }
}

/// Each number becomes the sum of the one before it, which has been replaced already, and itself.
fn run<'a, F: Real>(mut numbers: impl Iterator<Item = &'a mut F>) {
    let Some(mut y) = numbers.next().copied() else { return };
    for x in numbers {
        y = y + *x;
        *x = y;
    }
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::kernels::laid::{Laid, assert_same, edges, laid, positions, shapes, with};
    use proptest::prelude::*;

    fn case() -> impl Strategy<Value = (Laid<f64>, usize, bool)> {
        let elements = prop_oneof![edges(), -1.0..1.0f64];
        let case = shapes(1, 4).prop_flat_map(move |shape| (laid(shape.clone(), elements.clone()), 0..shape.len()));
        (case, any::<bool>()).prop_map(|((x, axis), reversed)| (x, axis, reversed))
    }

    /// The sum of the elements up to a position or from it on, from the end where the running sum begins.
    fn defined(x: &Laid<f64>, axis: usize, reversed: bool) -> Vec<f64> {
        let run = |index: &Vec<usize>| {
            let at = |i: usize| x.at(&with(index, axis, i));
            let run: Vec<f64> = match reversed {
                false => (0..=index[axis]).map(at).collect(),
                true => (index[axis]..x.shape[axis]).rev().map(at).collect(),
            };
            run.into_iter().reduce(|y, x| y + x).unwrap()
        };
        positions(&x.shape).iter().map(run).collect()
    }

    proptest! {
        fn running_sums_are_the_formula((x, axis, reversed) in case()) {
            let mut y = vec![7.0; x.shape.size()];
            cumsum(x.view(), axis, reversed, ViewMut::new(&mut y, &x.shape).unwrap()).unwrap();
            assert_same(&y, &defined(&x, axis, reversed));
        }
    }

    self_tests!(running_sums_are_the_formula);
}
