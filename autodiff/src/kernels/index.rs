//! Arithmetic of indices: non-negative integers, as positions in arrays are.

use super::along::{expect_shape, position};
use super::view::{View, ViewMut};
use crate::base::error::Refusal;
use crate::base::real::Real;
use crate::base::shape::Shape;

/// An operation on two indices.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum IndexOperation {
    /// a + b
    Add,
    /// a − b, where it is not negative.
    Subtract,
    /// a·b
    Multiply,
    /// The quotient of a by b without its fraction.
    Divide,
    /// The remainder of a divided by b.
    Remainder,
}

impl IndexOperation {
    /// The result, or why there is none.
    fn apply(self, a: usize, b: usize) -> Result<usize, String> {
        let (result, symbol, reason) = match self {
            IndexOperation::Add => (a.checked_add(b), '+', "is larger than any index"),
            IndexOperation::Subtract => (a.checked_sub(b), '−', "is negative, and an index is not"),
            IndexOperation::Multiply => (a.checked_mul(b), '·', "is larger than any index"),
            IndexOperation::Divide => (a.checked_div(b), '/', "divides by zero"),
            IndexOperation::Remainder => (a.checked_rem(b), '%', "divides by zero"),
        };
        result.ok_or_else(|| format!("{a} {symbol} {b} {reason}"))
    }
}

/// A comparison of two indices.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum IndexComparison {
    /// a = b
    Equal,
    /// a < b
    Less,
    /// a ≤ b
    LessEqual,
}

/// y = a ∘ b, element by element, for an operation ∘ on indices; a, b and y have one shape.
///
/// # Errors
/// A refusal if the shapes differ, or, naming the element, if a result is no index: nothing wraps around.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{IndexOperation, View, ViewMut, index_arithmetic};
/// let shape = Shape::from([2]);
/// let (a, b) = ([7, 4], [3, 5]);
/// let (a, b) = (View::contiguous(&a, &shape).unwrap(), View::contiguous(&b, &shape).unwrap());
/// let mut y = [0; 2];
/// index_arithmetic(IndexOperation::Remainder, a, b, ViewMut::new(&mut y, &shape).unwrap())?;
/// assert_eq!(y, [1, 4]);
/// let refused = index_arithmetic(IndexOperation::Subtract, a, b, ViewMut::new(&mut y, &shape).unwrap());
/// assert_eq!(refused.unwrap_err().message, "element [1]: 4 − 5 is negative, and an index is not");
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn index_arithmetic(
    operation: IndexOperation,
    a: View<'_, usize>,
    b: View<'_, usize>,
    output: ViewMut<'_, usize>,
) -> Result<(), Refusal> {
    let shape = output.shape();
    expect_same(a, b, shape)?;
    for (at, (y, (a, b))) in output.into_slice().iter_mut().zip(a.iter().zip(b.iter())).enumerate() {
        *y = operation.apply(a, b).map_err(|why| Refusal::new(format!("element {}: {why}", position(shape, at))))?;
    }
    Ok(())
}

/// y = 1 where the comparison holds of a and b, and 0 elsewhere, element by element; a, b and y have one shape.
///
/// # Errors
/// A refusal if the shapes differ.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{IndexComparison, View, ViewMut, index_compare};
/// let shape = Shape::from([3]);
/// let a = View::contiguous(&[1, 2, 3], &shape).unwrap();
/// let mut y = [0.0; 3];
/// index_compare(IndexComparison::Less, a, View::splat(&2, &shape), ViewMut::new(&mut y, &shape).unwrap())?;
/// assert_eq!(y, [1.0, 0.0, 0.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn index_compare<F: Real>(
    comparison: IndexComparison,
    a: View<'_, usize>,
    b: View<'_, usize>,
    output: ViewMut<'_, F>,
) -> Result<(), Refusal> {
    expect_same(a, b, output.shape())?;
    for (y, (a, b)) in output.into_slice().iter_mut().zip(a.iter().zip(b.iter())) {
        let holds = match comparison {
            IndexComparison::Equal => a == b,
            IndexComparison::Less => a < b,
            IndexComparison::LessEqual => a <= b,
        };
        *y = if holds { F::one() } else { F::zero() };
    }
    Ok(())
}

/// y = i, each index as the nearest real number (to even, of two): exact up to 2²⁴ in single precision and 2⁵³ in double.
///
/// # Errors
/// A refusal if the shapes differ.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, index_to_real};
/// let shape = Shape::from([2]);
/// let mut y = [0.0_f32; 2];
/// index_to_real(View::contiguous(&[3, 16_777_217], &shape).unwrap(), ViewMut::new(&mut y, &shape).unwrap())?;
/// assert_eq!(y, [3.0, 16_777_216.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn index_to_real<F: Real>(indices: View<'_, usize>, output: ViewMut<'_, F>) -> Result<(), Refusal> {
    expect_shape("the output", output.shape(), indices.shape())?;
    for (y, i) in output.into_slice().iter_mut().zip(indices.iter()) {
        // Every index has a nearest number: the largest is far from the largest of single precision.
        *y = F::from(i).unwrap_or(F::nan());
    }
    Ok(())
}

fn expect_same(a: View<'_, usize>, b: View<'_, usize>, output: &Shape) -> Result<(), Refusal> {
    expect_shape("b", b.shape(), a.shape())?;
    expect_shape("the output", output, a.shape())
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::kernels::laid::{Laid, assert_same, laid, positions, shapes};
    use proptest::prelude::*;

    fn numbers() -> impl Strategy<Value = usize> {
        prop_oneof![8 => 0..6usize, 1 => any::<usize>(), 1 => (0..3usize).prop_map(|i| usize::MAX - i)]
    }

    fn case() -> impl Strategy<Value = (Laid<usize>, Laid<usize>)> {
        shapes(0, 3).prop_flat_map(|shape| (laid(shape.clone(), numbers()), laid(shape, numbers())))
    }

    /// The operation in integers of twice as many bits, where it is an index.
    fn defined(operation: IndexOperation, a: usize, b: usize) -> Option<usize> {
        let (a, b) = (a as i128, b as i128);
        let result = match operation {
            IndexOperation::Add => a + b,
            IndexOperation::Subtract => a - b,
            // Of two numbers of 64 bits the product may have 128, one more than the type.
            IndexOperation::Multiply => a.checked_mul(b)?,
            IndexOperation::Divide if b != 0 => a / b,
            IndexOperation::Remainder if b != 0 => a % b,
            _ => return None,
        };
        usize::try_from(result).ok()
    }

    proptest! {
        fn arithmetic_is_that_of_whole_numbers_or_refused((a, b) in case()) {
            use IndexOperation::*;
            for operation in [Add, Subtract, Multiply, Divide, Remainder] {
                let mut y = vec![7; a.shape.size()];
                let done = index_arithmetic(operation, a.view(), b.view(), ViewMut::new(&mut y, &a.shape).unwrap());
                let expected: Vec<Option<usize>> =
                    a.values().iter().zip(b.values()).map(|(a, b)| defined(operation, *a, b)).collect();
                match expected.iter().position(Option::is_none) {
                    None => prop_assert_eq!(y.into_iter().map(Some).collect::<Vec<_>>(), expected),
                    Some(at) => {
                        let element = Shape::from(positions(&a.shape)[at].as_slice());
                        let message = done.unwrap_err().message;
                        prop_assert!(message.starts_with(&format!("element {element}: ")), "{message}");
                    }
                }
            }
        }

        fn comparisons_and_conversions_are_those_of_numbers((a, b) in case()) {
            let mut y = vec![7.0; a.shape.size()];
            use IndexComparison::*;
            let holds: [(IndexComparison, fn(&usize, &usize) -> bool); 3] =
                [(Equal, |a, b| a == b), (Less, |a, b| a < b), (LessEqual, |a, b| a <= b)];
            for (comparison, holds) in holds {
                index_compare(comparison, a.view(), b.view(), ViewMut::new(&mut y, &a.shape).unwrap()).unwrap();
                let expected: Vec<f64> =
                    a.values().iter().zip(&b.values()).map(|(a, b)| if holds(a, b) { 1.0 } else { 0.0 }).collect();
                assert_same(&y, &expected);
            }
            index_to_real(a.view(), ViewMut::new(&mut y, &a.shape).unwrap()).unwrap();
            assert_same(&y, &a.values().iter().map(|i| *i as f64).collect::<Vec<_>>());
            let mut y = vec![7.0; a.shape.size()];
            index_to_real(a.view(), ViewMut::new(&mut y, &a.shape).unwrap()).unwrap();
            assert_same(&y, &a.values().iter().map(|i| *i as f32).collect::<Vec<_>>());
        }
    }

    fn refusals_say_why() {
        let (shape, mut y) = (Shape::scalar(), [0]);
        let mut message = |operation, a: usize, b: usize| {
            let (a, b) = (View::splat(&a, &shape), View::splat(&b, &shape));
            index_arithmetic(operation, a, b, ViewMut::new(&mut y, &shape).unwrap()).unwrap_err().message
        };
        assert_eq!(message(IndexOperation::Remainder, 7, 0), "element []: 7 % 0 divides by zero");
        let product = format!("element []: {} · 2 is larger than any index", usize::MAX);
        assert_eq!(message(IndexOperation::Multiply, usize::MAX, 2), product);
    }

    self_tests!(
        arithmetic_is_that_of_whole_numbers_or_refused,
        comparisons_and_conversions_are_those_of_numbers,
        refusals_say_why,
    );
}
