//! Products of many matrices: the shapes NumPy's rules give, and one product for each position of the leading axes.

use super::{Strided, multiply, shape_error};
use crate::base::error::{Mismatch, Refusal};
use crate::base::real::Real;
use crate::base::shape::{Shape, Strides};
use crate::kernels::order::{Axes, Odometer};
use crate::kernels::view::View;

/// The shape of a·b by NumPy's rules: \[…, m, k\] times \[…, k, n\] is \[…, m, n\], where the leading axes broadcast. A
/// vector a \[k\] is one row, a vector b \[k\] one column, and the axis of length 1 that either would give is left out: of
/// two vectors the product is a number.
///
/// # Errors
/// A mismatch that names the axes whose lengths differ, or the operand that is a number.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::matmul_shape;
/// let shape = |a: &[usize], b: &[usize]| matmul_shape(&a.into(), &b.into());
/// assert_eq!(shape(&[5, 1, 2, 3], &[4, 3, 6])?, [5, 4, 2, 6].into());
/// assert_eq!(shape(&[2, 3], &[3])?, [2].into());
/// assert_eq!(shape(&[3], &[3])?, Shape::scalar());
/// assert!(shape(&[2, 3], &[2, 3]).is_err());
/// # Ok::<(), autodiff::Mismatch>(())
/// ```
pub fn matmul_shape(a: &Shape, b: &Shape) -> Result<Shape, Mismatch> {
    for (name, operand) in [("a", a), ("b", b)] {
        if operand.rank() == 0 {
            return Err(Mismatch::new(format!("{name} is a number; a matrix or a vector is needed"))
                .with_help("`a * b` multiplies each element by a number"));
        }
    }
    let (Sides { lead: lead_a, outer: m, inner: k }, right) = (Sides::of_left(a), Sides::of_right(b));
    if k != right.inner {
        let (axis_a, axis_b) = (a.rank() - 1, b.rank().saturating_sub(2));
        return Err(Mismatch::new(format!(
            "the inner lengths differ: axis {axis_a} of a is {k}, axis {axis_b} of b is {}",
            right.inner
        )));
    }
    let (lead_a, lead_b) = (Shape::from(lead_a), Shape::from(right.lead));
    match lead_a.broadcast(&lead_b) {
        Some(lead) => Ok(lead.iter().copied().chain(m).chain(right.outer).collect()),
        None => Err(Mismatch::new(format!(
            "the leading axes {lead_a} of a {a} and {lead_b} of b {b} do not broadcast: counted from the last, their \
             lengths should be equal or one of them 1"
        ))),
    }
}

/// The axes of an operand: those of the batch, the one that stays in the product (a vector has none), and the one that
/// is summed over.
struct Sides<'a> {
    lead: &'a [usize],
    outer: Option<usize>,
    inner: usize,
}

impl<'a> Sides<'a> {
    fn of_left(shape: &'a [usize]) -> Self {
        match shape {
            [lead @ .., m, k] => Sides { lead, outer: Some(*m), inner: *k },
            [k] => Sides { lead: &[], outer: None, inner: *k },
            [] => Sides { lead: &[], outer: None, inner: 1 },
        }
    }

    fn of_right(shape: &'a [usize]) -> Self {
        match shape {
            [lead @ .., k, n] => Sides { lead, outer: Some(*n), inner: *k },
            _ => Sides::of_left(shape),
        }
    }
}

/// y = a·b for operands and an output of the shapes of [`matmul_shape`]: each matrix of the output is the product of two
/// matrices, bit for bit as if it were alone.
pub(super) fn product<F: Real>(
    a: View<'_, F>,
    b: View<'_, F>,
    shape: &[usize],
    output: &mut [F],
) -> Result<(), Refusal> {
    let refused = || shape_error(&a, &b);
    if a.shape().is_empty() || b.shape().is_empty() {
        return Err(refused());
    }
    let (left, right) = (Sides::of_left(a.shape()), Sides::of_right(b.shape()));
    let vectors = usize::from(left.outer.is_none()) + usize::from(right.outer.is_none());
    let lead = shape.len().checked_sub(2 - vectors).ok_or_else(refused)?;
    let (lead, rest) = shape.split_at(lead);
    let (m, k, n) = (left.outer.unwrap_or(1), left.inner, right.outer.unwrap_or(1));
    let fits = left.inner == right.inner && rest.iter().copied().eq(left.outer.into_iter().chain(right.outer));
    let (batch_a, batch_b) = (steps(&a, left.lead, lead), steps(&b, right.lead, lead));
    let ((data_a, batch_a), (data_b, batch_b)) = batch_a.zip(batch_b).filter(|_| fits).ok_or_else(refused)?;
    if output.is_empty() || k == 0 {
        // Sums of nothing; the operands may have no elements to begin with.
        output.fill(F::zero());
        return Ok(());
    }
    // A vector's one row or column has no next one.
    let matrix = |view: &View<'_, F>, vector: [usize; 2]| match *view.parts().1 {
        [.., row, column] => [row, column],
        _ => vector.map(|of| of * view.parts().1[0]),
    };
    let (at_a, at_b) = (matrix(&a, [0, 1]), matrix(&b, [1, 0]));
    let rows = Rows::of(lead, &batch_a, &batch_b, m, at_a[0]).unwrap_or(Rows { count: m, step: at_a[0] });
    let one = rows.count * n;
    let starts = Odometer::new(lead, &batch_a).zip(Odometer::new(lead, &batch_b)).step_by(rows.count / m);
    for (output, (start_a, start_b)) in output.chunks_exact_mut(one).zip(starts) {
        let left = Strided { data: &data_a[start_a..], shape: [rows.count, k], steps: [rows.step, at_a[1]] };
        let right = Strided { data: &data_b[start_b..], shape: [k, n], steps: at_b };
        multiply(left, right, output)?;
    }
    Ok(())
}

/// The rows of a that are multiplied at a time.
struct Rows {
    count: usize,
    step: usize,
}

impl Rows {
    /// All rows of all matrices at once, where b is the same for all and the rows of a lie at one distance: the order of
    /// summation is that of one matrix, and the product of a tall matrix takes less time than those of many small ones.
    fn of(lead: &[usize], batch_a: &[usize], batch_b: &[usize], m: usize, step: usize) -> Option<Self> {
        let mut axes = Axes::default();
        lead.iter().zip(batch_a).for_each(|(length, stride)| axes.push(*length, *stride));
        axes.push(m, step);
        let shared = lead.iter().zip(batch_b).all(|(length, stride)| *length == 1 || *stride == 0);
        match *axes.0 {
            _ if !shared => None,
            [] => Some(Rows { count: 1, step: 0 }),
            [(count, step)] => Some(Rows { count, step }),
            _ => None,
        }
    }
}

/// The buffer of an operand and its strides along the leading axes of the output, which its own broadcast to; `None`
/// where they do not.
fn steps<'a, F: Real>(view: &View<'a, F>, own: &[usize], lead: &[usize]) -> Option<(&'a [F], Strides)> {
    let missing = lead.len().checked_sub(own.len())?;
    let (data, strides) = view.parts();
    let own = std::iter::repeat_n((1, 0), missing).chain(own.iter().copied().zip(strides));
    let step = |(length, (own, stride)): (&usize, (usize, usize))| match own {
        own if own == *length => Some(stride),
        1 => Some(0),
        _ => None,
    };
    Some((data, lead.iter().zip(own).map(step).collect::<Option<Strides>>()?))
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::kernels::laid::{Laid, assert_same, laid, place, positions};
    use crate::kernels::{ViewMut, matmul};
    use proptest::prelude::*;

    /// Two operands that fit, with leading axes that broadcast; either may be a vector.
    fn case() -> impl Strategy<Value = (Laid<f64>, Laid<f64>)> {
        let lead = prop::collection::vec(prop_oneof![1 => Just(0), 9 => 1..4usize], 0..=3);
        let lengths = [0..6usize, 0..20usize, 0..6usize].map(|range| prop_oneof![Just(1), range]);
        let vectors = (prop::bool::weighted(0.1), prop::bool::weighted(0.1));
        let flat = prop::collection::vec((prop::bool::weighted(0.2), prop::bool::weighted(0.4)), 3);
        (lead, lengths, vectors, flat, 0..=3usize, 0..=3usize).prop_flat_map(
            |(lead, [m, k, n], vectors, flat, a, b)| {
                let lead_of = |skip: usize, one: Vec<bool>| -> Vec<usize> {
                    lead.iter().zip(one).map(|(d, one)| if one { 1 } else { *d }).skip(skip).collect()
                };
                let (flat_a, flat_b): (Vec<bool>, Vec<bool>) = flat.into_iter().unzip();
                let a = if vectors.0 { vec![k] } else { [lead_of(a, flat_a), vec![m, k]].concat() };
                let b = if vectors.1 { vec![k] } else { [lead_of(b, flat_b), vec![k, n]].concat() };
                (laid(a, -1.0..1.0f64), laid(b, -1.0..1.0f64))
            },
        )
    }

    fn multiplied(a: &Laid<f64>, b: &Laid<f64>) -> (Shape, Vec<f64>) {
        let shape = matmul_shape(&a.shape, &b.shape).unwrap();
        let mut y = vec![7.0; shape.size()];
        matmul(a.view(), b.view(), ViewMut::new(&mut y, &shape).unwrap()).unwrap();
        (shape, y)
    }

    /// The matrix of `view` that the position `lead` of the output names, as one of its own.
    fn one(view: &Laid<f64>, lead: &[usize], matrix: [usize; 2]) -> Vec<f64> {
        let own = view.shape.len().saturating_sub(2);
        let lead: Vec<usize> = lead[lead.len().saturating_sub(own)..]
            .iter()
            .zip(view.shape.iter())
            .map(|(i, length)| if *length == 1 { 0 } else { *i })
            .collect();
        let at = |index: Vec<usize>| match view.shape.rank() {
            1 => view.at(&[index[0].max(index[1])]),
            _ => view.at(&[lead.as_slice(), &index].concat()),
        };
        positions(&matrix).into_iter().map(at).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 2000 }))]

        fn each_matrix_has_the_bits_of_its_own_product((a, b) in case()) {
            let (shape, y) = multiplied(&a, &b);
            let m = if a.shape.rank() == 1 { 1 } else { a.shape[a.shape.rank() - 2] };
            let n = if b.shape.rank() == 1 { 1 } else { b.shape[b.shape.rank() - 1] };
            let k = a.shape[a.shape.rank() - 1];
            let (left, right, result) = (Shape::from([m, k]), Shape::from([k, n]), Shape::from([m, n]));
            let vectors = usize::from(a.shape.rank() == 1) + usize::from(b.shape.rank() == 1);
            let lead = &shape[..shape.rank() - (2 - vectors)];
            for index in positions(lead) {
                let (a, b) = (one(&a, &index, [m, k]), one(&b, &index, [k, n]));
                let (a, b) = (View::contiguous(&a, &left).unwrap(), View::contiguous(&b, &right).unwrap());
                let mut expected = vec![7.0; m * n];
                matmul(a, b, ViewMut::new(&mut expected, &result).unwrap()).unwrap();
                assert_same(&y[place(lead, &index) * m * n..][..m * n], &expected);
            }
        }

        fn shapes_are_those_of_the_rule(lead in prop::collection::vec(1..4usize, 0..3), other in 1..4usize, axis in 0..3usize) {
            let shape = |lead: &[usize], matrix: [usize; 2]| Shape::from([lead, &matrix].concat());
            let (a, b) = (shape(&lead, [2, 5]), shape(&lead, [5, 3]));
            prop_assert_eq!(matmul_shape(&a, &b), Ok(shape(&lead, [2, 3])));
            if axis < lead.len() {
                let mut changed = lead.clone();
                changed[axis] = other;
                let fits = other == lead[axis] || other == 1 || lead[axis] == 1;
                prop_assert_eq!(matmul_shape(&shape(&changed, [2, 5]), &b).is_ok(), fits);
            }
        }
    }

    fn what_does_not_fit_is_named() {
        let message = |a: &[usize], b: &[usize]| matmul_shape(&a.into(), &b.into()).unwrap_err().message;
        assert_eq!(message(&[2, 3], &[4, 5]), "the inner lengths differ: axis 1 of a is 3, axis 0 of b is 4");
        assert_eq!(message(&[7, 2, 3], &[7, 2, 3]), "the inner lengths differ: axis 2 of a is 3, axis 1 of b is 2");
        assert_eq!(message(&[3], &[4]), "the inner lengths differ: axis 0 of a is 3, axis 0 of b is 4");
        assert_eq!(message(&[], &[4]), "a is a number; a matrix or a vector is needed");
        assert!(message(&[2, 2, 3], &[4, 3, 2]).contains("the leading axes [2] of a [2, 2, 3] and [4] of b [4, 3, 2]"));
    }

    fn an_output_of_another_shape_is_refused() {
        let (a, b) = (Shape::from([2, 2, 3]), Shape::from([3, 2]));
        for other in [&[2, 2, 2][..], &[2, 2], &[4, 2], &[2, 2, 3], &[3, 2, 2], &[2, 1, 2, 2], &[8], &[]] {
            let shape = Shape::from(other);
            let mut y = vec![0.0; shape.size()];
            let result = matmul(View::splat(&1.0, &a), View::splat(&1.0, &b), ViewMut::new(&mut y, &shape).unwrap());
            assert_eq!(result.is_ok(), other == [2, 2, 2], "{shape}");
        }
    }

    self_tests!(
        each_matrix_has_the_bits_of_its_own_product,
        shapes_are_those_of_the_rule,
        what_does_not_fit_is_named,
        an_output_of_another_shape_is_refused,
    );
}
