//! Products with an implicit matrix, whose row k is an array from its k-th shift on (an offset in elements). A
//! convolution with few weights is computed as such a product.

use super::machine::{Machine, Machines};
use super::packed::{DEPTH, blocks, even};
use super::shifts::{self, Products, Shifted, Shifts};
use super::vector::Number;
use super::{LANES, Level};
use crate::base::error::Refusal;
use crate::base::real::{ForBoth, Real};

/// Lines in memory: how many, how long, and how far apart.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct Lines {
    pub(in crate::kernels) count: usize,
    pub(in crate::kernels) length: usize,
    pub(in crate::kernels) step: usize,
}

/// y\[r, l, f\] = Σₖ a\[r, k\]·x\[shift k + l·step + f\] for the lines l and f < `lines.length`, a and y in row-major order:
/// bit for bit the product of a with the matrix of these elements of x ([`multiply`](super::multiply)) where that has two
/// columns or more.
///
/// # Errors
/// A refusal if the arrays do not fit, or the last shift leads out of x.
pub(in crate::kernels) fn sums_of_shifts<F: Real>(
    shifts: &Shifts,
    a: &[F],
    x: &[F],
    lines: Lines,
    y: &mut [F],
) -> Result<(), Refusal> {
    let (depth, row) = (shifts.depth(), lines.count * lines.length);
    let rows = y.len().checked_div(row).unwrap_or(0);
    let last = || shifts.largest() + lines.count.saturating_sub(1) * lines.step + lines.length;
    if rows * row != y.len() || rows * depth != a.len() || (depth > 0 && last() > x.len()) {
        return Err(Refusal::new("sums of shifted rows for arrays of other lengths"));
    }
    if depth == 0 || y.is_empty() {
        y.fill(F::zero());
        return Ok(());
    }
    // SAFETY: there are `rows` rows of y and of a, and x has all lines from each shift on.
    unsafe { F::choose::<Sums>()(Level::of_machine(), shifts, (a.as_ptr(), rows), x.as_ptr(), lines, y.as_mut_ptr()) }
    Ok(())
}

/// [`sums`] for each type.
struct Sums;

impl ForBoth for Sums {
    type Of<F> = unsafe fn(Level, &Shifts, (*const F, usize), *const F, Lines, *mut F);

    #[inline]
    fn single() -> Self::Of<f32> {
        sums
    }

    #[inline]
    fn double() -> Self::Of<f64> {
        sums
    }
}

/// # Safety
/// There are so many rows of `a` and of `y`, of these lines; x has all of them from each shift on.
pub(super) unsafe fn sums<F: Machines>(
    level: Level,
    shifts: &Shifts,
    a: (*const F, usize),
    x: *const F,
    lines: Lines,
    y: *mut F,
) {
    // SAFETY: the caller's.
    unsafe {
        match level {
            Level::Base => sums_on::<F, F::Baseline>(shifts, a, x, lines, y),
            Level::Avx2(_) => sums_on::<F, F::Avx2>(shifts, a, x, lines, y),
            Level::Avx512(_) => sums_on::<F, F::Avx512>(shifts, a, x, lines, y),
        }
    }
}

/// # Safety
/// As for [`sums`].
unsafe fn sums_on<F: Number, M: Machine<F>>(
    shifts: &Shifts,
    (a, rows): (*const F, usize),
    x: *const F,
    lines: Lines,
    y: *mut F,
) {
    let (depth, row) = (shifts.depth(), lines.count * lines.length);
    // As many lines as a tile has room for: few rows leave room for more vectors.
    let most = if rows <= M::FEW { M::VECTORS_OF_FEW } else { M::VECTORS_OF_SUMS };
    let together = (most / lines.length.div_ceil(M::LANES)).max(1);
    for (several, columns) in blocks(lines.count, together)
        .flat_map(|several| blocks(lines.length, most * M::LANES).map(move |columns| (several.clone(), columns)))
    {
        let vectors = columns.len().div_ceil(M::LANES);
        let at = several.start * lines.length + columns.start;
        for ks in blocks(depth, even(depth, DEPTH)) {
            for block in blocks(rows, M::ROWS) {
                let tile = Shifted {
                    shifts,
                    adds: ks.start > 0,
                    ks: ks.clone(),
                    a: a.wrapping_add(block.start * depth),
                    a_row: depth,
                    x: x.wrapping_add(several.start * lines.step + columns.start),
                    x_line: lines.step,
                    output: y.wrapping_add(block.start * row + at),
                    output_row: row,
                    output_line: lines.length,
                    vectors,
                    last: columns.len() - (vectors - 1) * M::LANES,
                };
                // SAFETY: the caller's: the rows and columns of this tile exist, and it has at most ROWS and so many vectors.
                unsafe { M::shifted(block.len(), several.len() * vectors, &tile) }
            }
        }
    }
}

/// Adds to `partial`, \[rows, depth, 16\], the products of each row of `a`, \[rows, lines.count, lines.length\], with x
/// from each shift on, whose lines are `lines.step` apart: partial sum l takes the elements of a line whose number
/// modulo 16 is l, line by line, in a chain of multiply-adds.
///
/// # Errors
/// A refusal if the arrays do not fit, or the last shift leads out of x.
pub(in crate::kernels) fn products_with_shifts<F: Real>(
    shifts: &Shifts,
    a: &[F],
    x: &[F],
    lines: Lines,
    partial: &mut [F],
) -> Result<(), Refusal> {
    let (depth, row) = (shifts.depth(), lines.count * lines.length);
    let rows = a.len().checked_div(row).unwrap_or(0);
    if depth == 0 || rows == 0 {
        return Ok(());
    }
    let last = shifts.largest() + (lines.count - 1) * lines.step + lines.length;
    if rows * row != a.len() || rows * depth * LANES != partial.len() || last > x.len() {
        return Err(Refusal::new("products with shifted rows for arrays of other lengths"));
    }
    // SAFETY: a and the partial sums have so many rows, and x has all lines from each shift on.
    unsafe {
        F::choose::<AllProducts>()(
            Level::of_machine(),
            shifts,
            (a.as_ptr(), rows),
            x.as_ptr(),
            lines,
            partial.as_mut_ptr(),
        );
    }
    Ok(())
}

/// [`products`] for each type.
struct AllProducts;

impl ForBoth for AllProducts {
    type Of<F> = unsafe fn(Level, &Shifts, (*const F, usize), *const F, Lines, *mut F);

    #[inline]
    fn single() -> Self::Of<f32> {
        products
    }

    #[inline]
    fn double() -> Self::Of<f64> {
        products
    }
}

/// # Safety
/// There are so many rows of a and of partial sums, of these lines; x has all of them from each shift on.
pub(super) unsafe fn products<F: Machines>(
    level: Level,
    shifts: &Shifts,
    a: (*const F, usize),
    x: *const F,
    lines: Lines,
    partial: *mut F,
) {
    // SAFETY: the caller's.
    unsafe {
        match level {
            Level::Base => products_on::<F, F::Baseline>(shifts, a, x, lines, partial),
            Level::Avx2(_) => products_on::<F, F::Avx2>(shifts, a, x, lines, partial),
            Level::Avx512(_) => products_on::<F, F::Avx512>(shifts, a, x, lines, partial),
        }
    }
}

/// # Safety
/// As for [`products`].
unsafe fn products_on<F: Number, M: Machine<F>>(
    shifts: &Shifts,
    (a, rows): (*const F, usize),
    x: *const F,
    lines: Lines,
    partial: *mut F,
) {
    let (depth, row) = (shifts.depth(), lines.count * lines.length);
    let mut k = 0;
    while k < depth {
        let taps = (depth - k).min(shifts::TAPS);
        let shifted = std::array::from_fn(|t| x.wrapping_add(shifts.of(k + t.min(taps - 1))));
        let (mut r, mut width) = (0, 1);
        while r < rows {
            let products = Products {
                lines: lines.count,
                width: lines.length,
                a: a.wrapping_add(r * row),
                a_row: row,
                a_line: lines.length,
                x: shifted,
                x_line: lines.step,
                sums: partial.wrapping_add((r * depth + k) * LANES),
                sums_row: depth * LANES,
            };
            // SAFETY: the caller's: these rows and shifts exist.
            let (done, together) = unsafe { M::products(rows - r, taps, &products) };
            (r, width) = (r + done, together);
        }
        k += width;
    }
}

/// The sum of sixteen partial sums: l and l + 8, then l and l + 4, 2, 1.
pub(in crate::kernels) fn sum_of_partial<F: Real>(partial: &[F; LANES]) -> F {
    let mut sums = *partial;
    for width in [8, 4, 2, 1] {
        for l in 0..width {
            sums[l] = sums[l] + sums[l + width];
        }
    }
    sums[0]
}
