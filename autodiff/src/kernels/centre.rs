//! What the derivatives of softmax and its logarithm are made of: d − Σⱼ wⱼdⱼ and d − w·Σⱼ dⱼ, w the softmax of x.
//!
//! Written like this, both cancel at an element whose weight rounds to 1. So all is measured from that element m, the first
//! of the largest weight: with d′ = d − dₘ the first is d′ − Σⱼ wⱼd′ⱼ, whose own term is exactly 0, and the second is, at m,
//! dₘ·Σ_{j≠m} wⱼ − wₘ·Σ_{j≠m} dⱼ. Where all weights are 0 (a lane that is −∞ throughout), both are d.

use super::copy::copy_to;
use super::lanes::with_block;
use super::max::largest;
use super::simd::vectorized;
use super::softmax::{along, first, softmax};
use super::sum::{CHUNK, chunk, tree};
use super::view::{View, ViewMut};
use crate::base::real::Real;

/// dᵢ − Σⱼ wⱼdⱼ along `axis`, w the softmax of x. `memory` has room for d.
pub fn centre<F: Real>(x: View<'_, F>, d: View<'_, F>, axis: usize, output: ViewMut<'_, F>, memory: &mut [F]) {
    each_lane(x, d, axis, output, memory, centre_of_rows, |w, d, m, block| {
        let most = d.at(m);
        let mean = sum(d.length, block, |j| product(w[j * d.step], d.at(j) - most));
        for j in 0..d.length {
            w[j * d.step] = (d.at(j) - most) - mean;
        }
    });
}

/// dᵢ − wᵢ·Σⱼ dⱼ along `axis`, w the softmax of x: the adjoint of [`centre`]. `memory` has room for d.
pub fn centre_adjoint<F: Real>(x: View<'_, F>, d: View<'_, F>, axis: usize, output: ViewMut<'_, F>, memory: &mut [F]) {
    each_lane(x, d, axis, output, memory, adjoint_of_rows, |w, d, m, block| {
        let others = sum(d.length, block, |j| if j == m { F::zero() } else { d.at(j) });
        let weight = sum(d.length, block, |j| if j == m { F::zero() } else { w[j * d.step] });
        let (most, total) = (d.at(m), others + d.at(m));
        for j in 0..d.length {
            let w = &mut w[j * d.step];
            *w = match j == m {
                true => product(weight, most) - product(*w, others),
                false => d.at(j) - product(*w, total),
            };
        }
    });
}

/// The elements of d along a lane.
#[derive(Clone, Copy)]
struct Along<'a, F> {
    d: &'a [F],
    length: usize,
    step: usize,
}

impl<F: Real> Along<'_, F> {
    #[inline(always)]
    fn at(&self, j: usize) -> F {
        self.d[j * self.step]
    }
}

/// A weight of 0 has no part, whatever it is multiplied by.
#[inline(always)]
fn product<F: Real>(w: F, d: F) -> F {
    if w == F::zero() { F::zero() } else { w * d }
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
    /// [`centre`] of short rows, in the place of their weights.
    fn centre_of_rows(w: &mut [F], d: &[F], length: usize, block: &mut [F]) {
        for (w, d) in w.chunks_exact_mut(length).zip(d.chunks_exact(length)) {
            let heaviest = largest(w);
            if heaviest == F::zero() {
                w.copy_from_slice(d);
                continue;
            }
            let most = d[first(w, heaviest).min(length - 1)];
            let terms = &mut block[..length];
            terms.iter_mut().zip(&*w).zip(d).for_each(|((term, w), d)| *term = product(*w, *d - most));
            let mean = chunk(terms);
            w.iter_mut().zip(d).for_each(|(w, d)| *w = (*d - most) - mean);
        }
    }
}

vectorized! {
    /// [`centre_adjoint`] of short rows, in the place of their weights.
    fn adjoint_of_rows(w: &mut [F], d: &[F], length: usize, block: &mut [F]) {
        for (w, d) in w.chunks_exact_mut(length).zip(d.chunks_exact(length)) {
            let heaviest = largest(w);
            if heaviest == F::zero() {
                w.copy_from_slice(d);
                continue;
            }
            let m = first(w, heaviest).min(length - 1);
            let (own, most) = (w[m], d[m]);
            let terms = &mut block[..length];
            terms.copy_from_slice(d);
            terms[m] = F::zero();
            let others = chunk(terms);
            terms.copy_from_slice(w);
            terms[m] = F::zero();
            let weight = chunk(terms);
            let total = others + most;
            w.iter_mut().zip(d).for_each(|(w, d)| *w = *d - product(*w, total));
            w[m] = product(weight, most) - product(own, others);
        }
    }
}

/// `f(w, d, m, block)` for each lane, and `rows(w, d, length, block)` for short rows, where w is the result's memory and holds the softmax, and m is the first element of the
/// largest weight, which is not 0.
fn each_lane<F: Real>(
    x: View<'_, F>,
    d: View<'_, F>,
    axis: usize,
    output: ViewMut<'_, F>,
    memory: &mut [F],
    rows: impl Fn(&mut [F], &[F], usize, &mut [F]),
    f: impl Fn(&mut [F], Along<'_, F>, usize, &mut [F]),
) {
    let (length, step) = along(x, axis);
    let mut output = output;
    softmax(x, axis, output.reborrow());
    let y = output.into_slice();
    if y.is_empty() {
        return;
    }
    let d = match d.as_slice() {
        Some(d) => d,
        None => {
            copy_to(d, memory);
            memory
        }
    };
    with_block(length.min(CHUNK), |block| {
        if step == 1 && length <= CHUNK {
            return rows(y, d, length, block);
        }
        for (y, d) in y.chunks_mut(length * step).zip(d.chunks(length * step)) {
            for column in 0..step {
                let (w, d) = (&mut y[column..], &d[column..]);
                let mut m = 0;
                for j in 1..length {
                    // A NaN is larger than nothing, and spoils the lane whatever m is.
                    if w[j * step] > w[m * step] {
                        m = j;
                    }
                }
                if w[m * step] == F::zero() {
                    w.iter_mut().zip(d).step_by(step).take(length).for_each(|(w, d)| *w = *d);
                } else {
                    f(w, Along { d, length, step }, m, block);
                }
            }
        }
    });
}
