//! The matrix product. Every element has one defined order of summation, so its bits depend on the values and the shapes
//! alone: not on strides, blocks, vector widths, how the work is divided, or the machine.
//!
//! - **Matrix times matrix** (b has two columns or more): a chain of fused multiply-adds over k in order,
//!   acc ← fma(aᵢₖ, bₖⱼ, acc), from +0. Work is vectorised over columns, never over k. More than 256 k are divided into the
//!   fewest blocks of equal length (the last may be shorter) of at most 256; each block has a chain of its own, and the
//!   chains are added in order.
//! - **Matrix times vector** (b has one column, or is a vector): one chain is too slow for a row that is read only once.
//!   Partial sum l of sixteen is such a chain over the k with k mod 16 = l; then l and l + 8 are added, l and l + 4, 2, 1,
//!   as [`sum`](super::sum) does. Of more than 4,096 k each 4,096 are summed so, and the sums are added in order.
//!
//! The error of an element is at most about (256 + k/256)·u·Σ|aᵢₖbₖⱼ| with the unit roundoff u, as of any sum of sums: for
//! k = 10⁶ that is 4,200·u instead of the 10⁶·u of one chain (Nicholas J. Higham, *Accuracy and Stability of Numerical
//! Algorithms*, 2nd edition, 2002, §4.2).
//!
//! A multiply-add is rounded once where hardware fuses it (`real::FUSED`) and twice on other architectures.
//! An empty sum is +0. No product is skipped: 0·∞ is NaN.
//!
//! Here is every choice but how the work is ordered in the cache (`packed.rs`).

#![allow(unsafe_code)]

pub(super) mod batched;
mod machine;
mod micro;
mod onto;
mod packed;
pub(super) mod prepared;
mod scratch;
mod shifted;
mod shifts;
#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests;
mod vector;
mod vector_product;

use super::simd::Level;
use super::view::{View, ViewMut};
use crate::base::error::Refusal;
use crate::base::real::{ForBoth, Real};
pub use batched::matmul_shape;
use machine::{Machine, Machines};
pub(crate) use onto::ProductOnto;
pub(crate) use prepared::prepared_product;
pub(super) use shifted::{Lines, products_with_shifts, sum_of_partial, sums_of_shifts};
pub(super) use shifts::Shifts;
use std::ops::Range;
use vector::Number;

/// The partial sums of a matrix times a vector.
pub(super) const LANES: usize = 16;

/// A matrix somewhere in memory.
#[derive(Clone, Copy)]
struct Matrix<F> {
    data: *const F,
    rows: usize,
    columns: usize,
    row: usize,
    column: usize,
}

impl<F: Real> Matrix<F> {
    /// A matrix at these strides from the start of `data`; `None` where an element would lie outside.
    fn within(data: &[F], [rows, columns]: [usize; 2], [row, column]: [usize; 2]) -> Option<Self> {
        let last = rows.checked_sub(1)? * row + columns.checked_sub(1)? * column;
        (last < data.len()).then_some(Matrix { data: data.as_ptr(), rows, columns, row, column })
    }

    /// A view of two axes, or of one as a column; `None` where there are more or fewer.
    fn of(view: &View<'_, F>) -> Option<Self> {
        let (data, rows, columns, row, column) = match **view.shape() {
            [rows, columns] => {
                let (data, [row, column]) = view.at_strides();
                (data, rows, columns, row, column)
            }
            [rows] => {
                let (data, [row]) = view.at_strides();
                (data, rows, 1, row, 1)
            }
            _ => return None,
        };
        Some(Matrix { data: data.as_ptr(), rows, columns, row, column })
    }
}

impl<F> Matrix<F> {
    /// Some rows of it.
    fn some_rows(self, rows: Range<usize>) -> Self {
        // Without elements there is no place to point to.
        let offset = if self.columns == 0 || rows.is_empty() { 0 } else { rows.start * self.row };
        Matrix { data: self.data.wrapping_add(offset), rows: rows.len(), ..self }
    }

    /// Some columns of it.
    fn some_columns(self, columns: Range<usize>) -> Self {
        let offset = if self.rows == 0 || columns.is_empty() { 0 } else { columns.start * self.column };
        Matrix { data: self.data.wrapping_add(offset), columns: columns.len(), ..self }
    }
}

/// y = a·b for a: \[…, m, k\] and b: \[…, k, n\], however they lie, by NumPy's rules: the leading axes broadcast, a vector
/// a is a row and a vector b a column ([`matmul_shape`]). Each matrix of y is summed as if it were alone.
///
/// # Errors
/// A refusal if the shapes do not fit.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, matmul};
/// let (matrix, vector) = (Shape::from([2, 2]), Shape::from([2]));
/// let a = View::contiguous(&[1.0, 2.0, 3.0, 4.0], &matrix).unwrap();
/// let b = View::splat(&1.0, &vector);
/// let mut y = [0.0; 2];
/// matmul(a, b, ViewMut::new(&mut y, &vector).unwrap())?;
/// assert_eq!(y, [3.0, 7.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn matmul<F: Real>(a: View<'_, F>, b: View<'_, F>, mut output: ViewMut<'_, F>) -> Result<(), Refusal> {
    let shape = output.shape();
    match (&**a.shape(), &**b.shape()) {
        ([m, _], [_] | [_, _]) => matmul_rows(a, b, 0..*m, output.as_mut_slice()),
        _ => batched::product(a, b, shape, output.as_mut_slice()),
    }
}

/// The `rows` of y = a·b, which are all of `output`: bit for bit the rows that [`matmul`] computes, so that threads may
/// share a product out.
///
/// # Errors
/// A refusal if the shapes do not fit, if `a` has no such rows, or if `output` is not as large as they are.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, matmul_rows};
/// let shape = Shape::from([2, 2]);
/// let a = View::contiguous(&[1.0, 2.0, 3.0, 4.0], &shape).unwrap();
/// let mut row = [0.0; 2];
/// matmul_rows(a, a, 1..2, &mut row)?;
/// assert_eq!(row, [15.0, 22.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn matmul_rows<F: Real>(
    a: View<'_, F>,
    b: View<'_, F>,
    rows: Range<usize>,
    output: &mut [F],
) -> Result<(), Refusal> {
    let (Some(left), Some(right)) = (Matrix::of(&a), Matrix::of(&b)) else { return Err(shape_error(&a, &b)) };
    let there = rows.start <= rows.end && rows.end <= left.rows;
    // A shape whose elements cannot be counted has no output of that size.
    if left.columns != right.rows || !there || rows.len().checked_mul(right.columns) != Some(output.len()) {
        return Err(shape_error(&a, &b));
    }
    let whole = 0..right.columns;
    // SAFETY: the rows and columns are there, and the output has room for them; views vouch for their elements.
    unsafe { block(Level::of_machine(), left, right, rows, whole, Target::new(output.as_mut_ptr(), right.columns)) }
    Ok(())
}

/// A matrix in a slice: its numbers of rows and of columns, and the distances between neighbours in a column and in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strided<'a, F> {
    pub(super) data: &'a [F],
    pub(super) shape: [usize; 2],
    pub(super) steps: [usize; 2],
}

/// `output = a·b` in row-major order: bit for bit what [`matmul`] computes.
///
/// # Errors
/// A refusal if the matrices do not fit each other or the output, or do not lie within their slices.
pub(super) fn multiply<F: Real>(a: Strided<'_, F>, b: Strided<'_, F>, output: &mut [F]) -> Result<(), Refusal> {
    let ([m, k], [l, n]) = (a.shape, b.shape);
    if k != l || m.checked_mul(n) != Some(output.len()) {
        return Err(Refusal::new(format!(
            "a product of {:?} and {:?} for an output of {}",
            a.shape,
            b.shape,
            output.len()
        )));
    }
    if output.is_empty() || k == 0 {
        // Sums of nothing.
        output.fill(F::zero());
        return Ok(());
    }
    let (left, right) = (Matrix::within(a.data, a.shape, a.steps), Matrix::within(b.data, b.shape, b.steps));
    let (Some(left), Some(right)) = (left, right) else {
        return Err(Refusal::new("a matrix reaches outside its array"));
    };
    // SAFETY: the matrices lie within their slices, as `within` checked, they fit, and the output has m·n elements.
    unsafe { block(Level::of_machine(), left, right, 0..m, 0..n, Target::new(output.as_mut_ptr(), n)) }
    Ok(())
}

#[cold]
fn shape_error<F: Copy>(a: &View<'_, F>, b: &View<'_, F>) -> Refusal {
    Refusal::new(format!("a product of {} and {} for an output or rows of another shape", a.shape(), b.shape()))
}

/// Where the rows of a product go, and what they are added to.
#[derive(Clone, Copy)]
struct Target<F> {
    output: *mut F,
    /// How far the rows of the output lie apart.
    pitch: usize,
    /// Where what they are added to lies: in the output itself, elsewhere, or nowhere (null).
    before: *const F,
    /// How far its rows lie apart: 0 where one row is added to each.
    before_pitch: usize,
}

impl<F: Copy> Target<F> {
    /// Rows that are written.
    fn new(output: *mut F, pitch: usize) -> Self {
        Target { output, pitch, before: std::ptr::null(), before_pitch: 0 }
    }

    /// The same rows, to which more is added.
    fn continued(self) -> Self {
        Target { before: self.output, before_pitch: self.pitch, ..self }
    }

    fn at_row(self, row: usize) -> Self {
        self.moved(row * self.pitch, row * self.before_pitch)
    }

    fn at_column(self, column: usize) -> Self {
        self.moved(column, column)
    }

    fn moved(self, by: usize, before_by: usize) -> Self {
        // Nothing stays nothing.
        let before = if self.before.is_null() { self.before } else { self.before.wrapping_add(before_by) };
        Target { output: self.output.wrapping_add(by), before, ..self }
    }
}

/// Some rows and columns of `a · b`, to the first rows and columns of the target.
///
/// # Safety
/// `a` has as many columns as `b` has rows, they have the rows and columns asked for, and all their elements exist. The
/// output has room for the block and nobody else uses it. If it is added to something, b has two columns or more and
/// at most [`packed::DEPTH`] rows: the sum of a product is added, not one chain of several after the other.
unsafe fn block<F: Real>(
    level: Level,
    a: Matrix<F>,
    b: Matrix<F>,
    rows: Range<usize>,
    columns: Range<usize>,
    target: Target<F>,
) {
    // One column of a wider b is summed as one of many, because the whole decides.
    let vector = b.columns == 1;
    let (a, b) = (a.some_rows(rows), b.some_columns(columns));
    // SAFETY: the caller's; what is chosen is `at_level`.
    unsafe { F::choose::<AtLevel>()(level, vector, a, b, target) }
}

/// [`at_level`] for each type: it names the machines that multiply its numbers.
struct AtLevel;

impl ForBoth for AtLevel {
    type Of<F> = unsafe fn(Level, bool, Matrix<F>, Matrix<F>, Target<F>);

    #[inline]
    fn single() -> Self::Of<f32> {
        at_level
    }

    #[inline]
    fn double() -> Self::Of<f64> {
        at_level
    }
}

/// # Safety
/// As for [`block`].
unsafe fn at_level<F: Machines>(level: Level, vector: bool, a: Matrix<F>, b: Matrix<F>, target: Target<F>) {
    // SAFETY: the caller's.
    unsafe {
        match level {
            Level::Base => product::<F, F::Baseline>(vector, a, b, target),
            Level::Avx2(_) => product::<F, F::Avx2>(vector, a, b, target),
            Level::Avx512(_) => product::<F, F::Avx512>(vector, a, b, target),
        }
    }
}

/// # Safety
/// As for [`block`].
unsafe fn product<F: Number, M: Machine<F>>(vector: bool, a: Matrix<F>, b: Matrix<F>, target: Target<F>) {
    if a.rows == 0 || b.columns == 0 {
        return;
    }
    // SAFETY: the caller's, and there is a row and a column.
    unsafe {
        if a.columns == 0 {
            for i in 0..a.rows {
                for j in 0..b.columns {
                    let before = target.before.wrapping_add(i * target.before_pitch + j);
                    *target.output.add(i * target.pitch + j) =
                        if target.before.is_null() { F::ZERO } else { *before + F::ZERO };
                }
            }
        } else if vector {
            vector_product::product::<F, M>(a, b, target.output, target.pitch);
        } else {
            packed::product::<F, M>(a, b, target);
        }
    }
}
