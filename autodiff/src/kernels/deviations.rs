//! Deviations from a weighted mean, dᵢ − Σⱼ wⱼdⱼ, and their adjoint, gᵢ − wᵢ·Σⱼ gⱼ: what the derivatives of softmax and its
//! logarithm are made of.
//!
//! Computed as they are written, both would cancel at an element m that has nearly all of the weight. With weights that sum to
//! 1, the first is (dᵢ − dₘ) − Σⱼ wⱼ(dⱼ − dₘ), and the second, at m, gₘ·Σ_{j≠m} wⱼ − wₘ·Σ_{j≠m} gⱼ. What the weights lack of
//! a sum of 1 is added, unless it is no more than their rounding.

use super::copy::copy_to;
use super::lanes::with_block;
use super::pair::strong_product as product;
use super::simd::vectorized;
use super::softmax::along;
use super::sum::{CHUNK, chunk, tree};
use super::tile::{self, SIDE, Tile};
use super::view::{View, ViewMut};
use crate::base::real::Real;

/// dᵢ − Σⱼ wⱼdⱼ along `axis`. `memory` has room for w and d.
pub fn deviations<F: Real>([w, d]: [View<'_, F>; 2], axis: usize, output: ViewMut<'_, F>, memory: &mut [F]) {
    each_lane([w, d], axis, output, memory, deviations_of_rows, |y, w, d, m, block| {
        let heavy = has_most(w.at(m));
        let own = if heavy { d.at(m) } else { F::zero() };
        let mut mean = sum(d.length, block, |j| product(w.at(j), d.at(j) - own));
        if heavy {
            mean = mean - product(missing(sum(d.length, block, |j| w.at(j)), d.length), own);
        }
        for j in 0..d.length {
            y[j * d.step] = (d.at(j) - own) - mean;
        }
    });
}

/// gᵢ − wᵢ·Σⱼ gⱼ along `axis`: the adjoint of [`deviations`]. `memory` has room for w and g.
pub fn deviations_adjoint<F: Real>([w, g]: [View<'_, F>; 2], axis: usize, output: ViewMut<'_, F>, memory: &mut [F]) {
    each_lane([w, g], axis, output, memory, adjoint_of_rows, |y, w, g, m, block| {
        let weights = sum(g.length, block, |j| if j == m { F::zero() } else { w.at(j) });
        let others = sum(g.length, block, |j| if j == m { F::zero() } else { g.at(j) });
        let (rest, total) = (weights + missing(weights + w.at(m), g.length), others + g.at(m));
        for j in 0..g.length {
            y[j * g.step] = g.at(j) - product(w.at(j), total);
        }
        y[m * g.step] = product(rest, g.at(m)) - product(w.at(m), others);
    });
}

/// Whether this is most of the weight: then others are measured from its element.
#[inline(always)]
fn has_most<F: Real>(w: F) -> bool {
    w.abs() > F::of(0.5)
}

/// What weights of this sum lack of 1; 0 where it may be their rounding.
#[inline(always)]
fn missing<F: Real>(sum: F, length: usize) -> F {
    let missing = F::one() - sum;
    let rounding = F::of(f64::from(16 + 4 * (usize::BITS - length.leading_zeros()))) * F::epsilon();
    if missing.abs() <= rounding { F::zero() } else { missing }
}

/// The elements of a lane.
#[derive(Clone, Copy)]
struct Along<'a, F> {
    data: &'a [F],
    length: usize,
    step: usize,
}

impl<F: Real> Along<'_, F> {
    #[inline(always)]
    fn at(&self, j: usize) -> F {
        self.data[j * self.step]
    }

    /// The first element of the largest magnitude. A NaN is larger than nothing, and spoils its lane whatever this is.
    #[inline(always)]
    fn heaviest(&self) -> usize {
        (1..self.length).fold(0, |m, j| if self.at(j).abs() > self.at(m).abs() { j } else { m })
    }
}

/// Σⱼ f(j), in the order of all sums.
#[inline(always)]
fn sum<F: Real>(length: usize, block: &mut [F], f: impl Fn(usize) -> F) -> F {
    let mut at = 0;
    tree(length, &mut |length| {
        let terms = &mut block[..length];
        terms.iter_mut().zip(at..).for_each(|(term, j)| *term = f(j));
        at += length;
        chunk(terms)
    })
}

vectorized! {
    /// [`deviations`] of rows of up to 1,024 elements.
    fn deviations_of_rows(y: &mut [F], w: &[F], d: &[F], length: usize, block: &mut [F]) {
        if length <= SIDE {
            let mut tiles = [[[F::zero(); SIDE]; SIDE]; 2];
            let size = SIDE * length;
            for ((y, w), d) in y.chunks_mut(size).zip(w.chunks(size)).zip(d.chunks(size)) {
                deviations_of_tile(y, w, d, length, &mut tiles);
            }
            return;
        }
        let block = &mut block[..length];
        for ((y, w), d) in y.chunks_exact_mut(length).zip(w.chunks_exact(length)).zip(d.chunks_exact(length)) {
            // Where no element has most of the weight, it does not matter which is the heaviest.
            if !w.iter().fold(false, |heavy, w| heavy | has_most(*w)) {
                for ((term, w), d) in block.iter_mut().zip(w).zip(d) {
                    *term = product(*w, *d);
                }
                let mean = chunk(block);
                for (y, d) in y.iter_mut().zip(d) {
                    *y = *d - mean;
                }
                continue;
            }
            let own = d[first_of_magnitude(w, largest_magnitude(w))];
            for ((term, w), d) in block.iter_mut().zip(w).zip(d) {
                *term = product(*w, *d - own);
            }
            let mean = chunk(block) - product(missing(chunk(w), length), own);
            for (y, d) in y.iter_mut().zip(d) {
                *y = (*d - own) - mean;
            }
        }
    }
}

vectorized! {
    /// [`deviations_adjoint`] of rows of up to 1,024 elements.
    fn adjoint_of_rows(y: &mut [F], w: &[F], g: &[F], length: usize, block: &mut [F]) {
        if length <= SIDE {
            let mut tiles = [[[F::zero(); SIDE]; SIDE]; 2];
            let size = SIDE * length;
            for ((y, w), g) in y.chunks_mut(size).zip(w.chunks(size)).zip(g.chunks(size)) {
                adjoint_of_tile(y, w, g, length, &mut tiles);
            }
            return;
        }
        let block = &mut block[..length];
        for ((y, w), g) in y.chunks_exact_mut(length).zip(w.chunks_exact(length)).zip(g.chunks_exact(length)) {
            let m = first_of_magnitude(w, largest_magnitude(w));
            let mut without = |x: &[F]| {
                block.copy_from_slice(x);
                block[m] = F::zero();
                chunk(block)
            };
            let (weights, others) = (without(w), without(g));
            let (rest, total) = (weights + missing(weights + w[m], length), others + g[m]);
            for ((y, w), g) in y.iter_mut().zip(w).zip(g) {
                *y = *g - product(*w, total);
            }
            y[m] = product(rest, g[m]) - product(w[m], others);
        }
    }
}

/// The largest magnitude of a row, by comparisons that become vector code: none depends on the one before.
#[inline(always)]
fn largest_magnitude<F: Real>(w: &[F]) -> F {
    let mut most = [F::zero(); SIDE];
    let (chunks, rest) = w.as_chunks::<SIDE>();
    for w in chunks {
        for r in 0..SIDE {
            let w = w[r].abs();
            most[r] = if w > most[r] { w } else { most[r] };
        }
    }
    for (most, w) in most.iter_mut().zip(rest) {
        *most = if w.abs() > *most { w.abs() } else { *most };
    }
    // In pairs: one after the other, each comparison would wait for the one before.
    for width in [8, 4, 2, 1] {
        for r in 0..width {
            most[r] = if most[r] > most[r + width] { most[r] } else { most[r + width] };
        }
    }
    most[0]
}

/// The position of the first element of this magnitude, or 0. It has no branch for each element, so that it becomes vector code.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // Loops by index become vector code.
fn first_of_magnitude<F: Real>(w: &[F], magnitude: F) -> usize {
    let mut first = u32::MAX;
    for j in 0..w.len() {
        first = first.min(if w[j].abs() == magnitude { j as u32 } else { u32::MAX });
    }
    if first == u32::MAX { 0 } else { first as usize }
}

/// The largest magnitude of each row.
#[inline(always)]
fn largest_magnitudes<F: Real>(w: &[[F; SIDE]]) -> [F; SIDE] {
    let mut most = [F::zero(); SIDE];
    for w in w {
        most.iter_mut().zip(w).for_each(|(most, w)| *most = if w.abs() > *most { w.abs() } else { *most });
    }
    most
}

/// `y[j] ← f(a[j], b[j])` along a row of up to 16 elements. What lies behind it is read and written with it, if it is there,
/// which costs less than a loop: the row behind is still to be written.
#[inline(always)]
fn row_of<F: Real>(y: &mut [F], a: &[F], b: &[F], length: usize, f: impl Fn(F, F) -> F) {
    // Loops, not `for_each`: what is not compiled into this function does not have the machine's instructions.
    if let (Some(y), Some(a), Some(b)) = (y.first_chunk_mut::<SIDE>(), a.first_chunk::<SIDE>(), b.first_chunk::<SIDE>())
    {
        for j in 0..SIDE {
            y[j] = f(a[j], b[j]);
        }
        return;
    }
    for ((y, a), b) in y[..length].iter_mut().zip(a).zip(b) {
        *y = f(*a, *b);
    }
}

#[inline(always)]
fn deviations_of_tile<F: Real>(y: &mut [F], w: &[F], d: &[F], length: usize, [tile, weights]: &mut [Tile<F>; 2]) {
    let count = y.len() / length;
    tile::load(weights, w, length, length, count);
    tile::load(tile, d, length, length, count);
    let (weights, tile) = (&weights[..length], &tile[..length]);
    let place = tile::first(weights, &largest_magnitudes(weights), F::abs);
    let (mut own, mut heavy) = ([F::zero(); SIDE], [false; SIDE]);
    for r in 0..count {
        let m = r * length + index(place[r], length);
        heavy[r] = has_most(w[m]);
        own[r] = if heavy[r] { d[m] } else { F::zero() };
    }
    let (mut mean, mut weight) = ([F::neg_zero(); SIDE], [F::neg_zero(); SIDE]);
    for (w, d) in weights.iter().zip(tile) {
        for r in 0..SIDE {
            mean[r] = mean[r] + product(w[r], d[r] - own[r]);
            weight[r] = weight[r] + w[r];
        }
    }
    for r in 0..SIDE {
        let measured = mean[r] - product(missing(weight[r], length), own[r]);
        mean[r] = if heavy[r] { measured } else { mean[r] };
    }
    for r in 0..count {
        let (own, mean, at) = (own[r], mean[r], r * length);
        row_of(&mut y[at..], &d[at..], &d[at..], length, |d, _| (d - own) - mean);
    }
}

#[inline(always)]
fn adjoint_of_tile<F: Real>(y: &mut [F], w: &[F], g: &[F], length: usize, [tile, weights]: &mut [Tile<F>; 2]) {
    let count = y.len() / length;
    tile::load(weights, w, length, length, count);
    tile::load(tile, g, length, length, count);
    let (columns, tile) = (&mut weights[..length], &mut tile[..length]);
    let place = tile::first(columns, &largest_magnitudes(columns), F::abs);
    let (mut own_w, mut own_g) = ([F::zero(); SIDE], [F::zero(); SIDE]);
    // The sums are over the others.
    for r in 0..count {
        let m = index(place[r], length);
        (own_w[r], own_g[r]) = (w[r * length + m], g[r * length + m]);
        (columns[m][r], tile[m][r]) = (F::neg_zero(), F::neg_zero());
    }
    let (mut weights, mut others) = ([F::neg_zero(); SIDE], [F::neg_zero(); SIDE]);
    for (w, g) in columns.iter().zip(&*tile) {
        for r in 0..SIDE {
            (weights[r], others[r]) = (weights[r] + w[r], others[r] + g[r]);
        }
    }
    let (mut total, mut own) = (others, others);
    for r in 0..SIDE {
        let rest = weights[r] + missing(weights[r] + own_w[r], length);
        total[r] = others[r] + own_g[r];
        own[r] = product(rest, own_g[r]) - product(own_w[r], others[r]);
    }
    for r in 0..count {
        let (at, total) = (r * length, total[r]);
        row_of(&mut y[at..], &w[at..], &g[at..], length, |w, g| g - product(w, total));
        y[at + index(place[r], length)] = own[r];
    }
}

/// A place that a tile knows as a real, as that of an element of a row. (A row without one has a NaN, which spoils it.)
#[inline(always)]
fn index<F: Real>(place: F, length: usize) -> usize {
    place.to_usize().unwrap_or(0).min(length - 1)
}

/// `f(y, w, d, m, block)` for each lane, and `rows(y, w, d, length, block)` for short rows; m is the first element of the
/// largest weight.
fn each_lane<F: Real>(
    [w, d]: [View<'_, F>; 2],
    axis: usize,
    output: ViewMut<'_, F>,
    memory: &mut [F],
    rows: impl Fn(&mut [F], &[F], &[F], usize, &mut [F]),
    f: impl Fn(&mut [F], Along<'_, F>, Along<'_, F>, usize, &mut [F]),
) {
    let (length, step) = along(w, axis);
    let y = output.into_slice();
    if y.is_empty() {
        return;
    }
    let (first, second) = memory.split_at_mut(y.len());
    let (w, d) = (whole(w, first), whole(d, second));
    with_block(length.min(CHUNK), |block| {
        if step == 1 && length <= CHUNK {
            return rows(y, w, d, length, block);
        }
        let lanes = y.chunks_mut(length * step).zip(w.chunks(length * step)).zip(d.chunks(length * step));
        for ((y, w), d) in lanes {
            for column in 0..step {
                let [w, d] = [w, d].map(|data| Along { data: &data[column..], length, step });
                f(&mut y[column..], w, d, w.heaviest(), block);
            }
        }
    });
}

/// The elements of x one behind the other: where they lie, or copied to `memory`.
fn whole<'a, F: Real>(x: View<'a, F>, memory: &'a mut [F]) -> &'a [F] {
    match x.as_slice() {
        Some(x) => x,
        None => {
            copy_to(x, memory);
            memory
        }
    }
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    use super::{Along, adjoint_of_rows, deviations_of_rows, missing};
    use crate::kernels::simd::Level;

    /// `w` and `d` of `rows` rows, the weight of each row nearly all at one element: the least that tells places apart.
    fn rows(rows: usize, length: usize) -> (Vec<f64>, Vec<f64>) {
        let heavy = |i: usize| i % length == (i / length) * 3 % length;
        let w = |i: usize| if heavy(i) { 1.0 - 2f64.powi(-20) * (length - 1) as f64 } else { 2f64.powi(-20) };
        ((0..rows * length).map(w).collect(), (0..rows * length).map(|i| ((i * 7 + 3) % 11) as f64 - 5.0).collect())
    }

    fn the_heaviest_is_the_first_of_the_largest_magnitude() {
        let data = [1.0, 9.0, -3.0, 9.0, 3.0, 9.0, 2.0];
        assert_eq!(Along { data: &data, length: 4, step: 2 }.heaviest(), 1);
        assert_eq!(Along { data: &data, length: 7, step: 1 }.heaviest(), 1);
    }

    /// Weights that were each rounded are no further from a sum of 1 than that allows; what is further away is missing.
    fn what_rounding_explains_is_not_missing() {
        for (length, ulps) in [(2, 20.0), (10, 30.0), (1000, 50.0), (1 << 20, 90.0)] {
            let eps = f64::EPSILON;
            assert_eq!(missing(1.0 - ulps * eps, length), 0.0, "{length}");
            assert_eq!(missing(1.0 + ulps * eps, length), 0.0, "{length}");
            assert_eq!(missing(1.0 - 8.0 * ulps * eps, length), 8.0 * ulps * eps, "{length}");
        }
        assert_eq!(missing(0.0, 3), 1.0);
    }

    /// Rows of up to 16 elements go sixteen at a time: each gives what its definition says, computed with the sums of its
    /// elements one after the other.
    fn rows_are_what_their_definitions_say() {
        // With an element that has nearly all of the weight, and with none.
        for (length, heavy) in [1, 2, 5, 16, 17, 40].into_iter().flat_map(|length| [(length, true), (length, false)]) {
            let (mut w, d) = rows(35, length);
            if !heavy {
                w.fill(1.0 / length as f64);
            }
            let (mut deviations, mut adjoint) = (vec![0.0; w.len()], vec![0.0; w.len()]);
            let mut block = vec![0.0; length];
            deviations_of_rows::at(Level::Base, &mut deviations, &w, &d, length, &mut block);
            adjoint_of_rows::at(Level::Base, &mut adjoint, &w, &d, length, &mut block);
            for (r, (w, d)) in w.chunks(length).zip(d.chunks(length)).enumerate() {
                let mean: f64 = w.iter().zip(d).map(|(w, d)| w * d).sum();
                let total: f64 = d.iter().sum();
                for (j, (w, d)) in w.iter().zip(d).enumerate() {
                    let i = r * length + j;
                    let close = |found: f64, expected: f64| (found - expected).abs() <= 1e-11 * (1.0 + expected.abs());
                    assert!(close(deviations[i], d - mean), "{length}, {i}: {} for {}", deviations[i], d - mean);
                    assert!(close(adjoint[i], d - w * total), "{length}, {i}: {} for {}", adjoint[i], d - w * total);
                }
            }
        }
    }

    /// Where one element has all of the weight that a number can hold, its results are made of the small weights of the others.
    fn the_heaviest_element_keeps_its_digits() {
        let small = 2f64.powi(-60);
        for length in [2, 5, 16, 17, 40] {
            let heavy = length * 2 / 3;
            let row = |own: f64, other: &dyn Fn(usize) -> f64| -> Vec<f64> {
                (0..length).map(|j| if j == heavy { own } else { other(j) }).collect()
            };
            let (w, d) = (row(1.0, &|_| small), row(3.0, &|j| (j % 5) as f64 - 6.0));
            let g = row(1.0, &|_| 2.0 * small);
            let (mut deviations, mut adjoint) = (vec![0.0; length], vec![0.0; length]);
            let mut block = vec![0.0; length];
            deviations_of_rows::at(Level::Base, &mut deviations, &w, &d, length, &mut block);
            adjoint_of_rows::at(Level::Base, &mut adjoint, &w, &g, length, &mut block);
            let apart: f64 = d.iter().map(|d| 3.0 - d).sum();
            let others = (length - 1) as f64;
            for (found, expected) in
                [(deviations[heavy], small * apart), (adjoint[heavy], small * (others - 2.0 * others))]
            {
                assert!((found / expected - 1.0).abs() < 1e-14, "{length}: {found:e} for {expected:e}");
            }
        }
    }

    self_tests!(
        the_heaviest_is_the_first_of_the_largest_magnitude,
        what_rounding_explains_is_not_missing,
        rows_are_what_their_definitions_say,
        the_heaviest_element_keeps_its_digits,
    );
}
