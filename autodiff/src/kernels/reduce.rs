//! Reductions along axes, each over its elements in logical order.

use super::view::{Odometer, View, ViewMut};
use crate::real::Real;

/// The number of partial sums a chunk is added into.
const LANES: usize = 16;
/// The number of elements that are added before partial results are combined pairwise.
const CHUNK: usize = 1024;

/// Σ x, as a fixed tree: element `i` of a chunk of 1,024 goes to partial sum `i mod 16`; the 16 partial sums, and then
/// the chunks, are added in pairs. The order depends on the number of elements alone, and the rounding error grows with
/// the logarithm of the number of chunks instead of the number of elements.
///
/// ```
/// assert_eq!(autodiff::kernels::sum(&[1.0, 2.0, 3.5]), 6.5);
/// assert_eq!(autodiff::kernels::sum::<f64>(&[]), 0.0);
/// ```
pub fn sum<F: Real>(x: &[F]) -> F {
    if x.len() > CHUNK {
        let half = x.len().div_ceil(CHUNK).div_ceil(2) * CHUNK;
        let (left, right) = x.split_at(half);
        return sum(left) + sum(right);
    }
    if x.len() <= LANES {
        // −0 is the unit of addition: it keeps the sign of a sum of negative zeros, as one element alone would.
        return x.iter().copied().reduce(|a, b| a + b).unwrap_or(F::zero());
    }
    let mut lanes = [F::neg_zero(); LANES];
    for row in x.chunks(LANES) {
        for (lane, x) in lanes.iter_mut().zip(row) {
            *lane = *lane + *x;
        }
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] = lanes[i] + lanes[i + width];
        }
    }
    lanes[0]
}

/// The end of [`sum`], from the sums of its chunks: they are added in the same pairs.
pub(crate) fn sum_of_chunks<F: Real>(sums: &[F]) -> F {
    match sums {
        [] => F::zero(),
        [sum] => *sum,
        _ => {
            let (left, right) = sums.split_at(sums.len().div_ceil(2));
            sum_of_chunks(left) + sum_of_chunks(right)
        }
    }
}

/// The axes of `shape` that are not in `axes`, then those that are, as (lengths, strides) pairs.
struct Split {
    kept: (Vec<usize>, Vec<usize>),
    gone: (Vec<usize>, Vec<usize>),
}

fn split(shape: &[usize], strides: &[usize], axes: &[usize]) -> Split {
    let pick = |inside: bool| {
        let chosen = move |i: &usize| axes.contains(i) == inside;
        let at = |list: &[usize]| (0..shape.len()).filter(chosen).map(|i| list[i]).collect::<Vec<_>>();
        (at(shape), at(strides))
    };
    Split { kept: pick(false), gone: pick(true) }
}

/// For each position of the axes that stay, `output = f(elements along axes)`, the elements in logical order.
pub fn reduce<F: Real>(input: View<'_, F>, axes: &[usize], mut output: ViewMut<'_, F>, f: impl Fn(&[F]) -> F) {
    let (data, strides) = input.parts();
    let Split { kept, gone } = split(input.shape(), &strides, axes);
    let within = Odometer::new(&gone.0, &gone.1);
    let length = within.clone().count();
    // Where the reduced elements are neighbours, the buffer itself is the lane.
    let neighbours = within.clone().enumerate().all(|(i, offset)| i == offset);
    let mut lane = Vec::with_capacity(length);
    for (y, start) in output.as_mut_slice().iter_mut().zip(Odometer::new(&kept.0, &kept.1)) {
        *y = if length == 0 {
            f(&[]) // the position may lie beyond a buffer that is empty
        } else if neighbours {
            f(&data[start..start + length])
        } else {
            lane.clear();
            lane.extend(within.clone().map(|offset| data[start + offset]));
            f(&lane)
        };
    }
}

/// For each lane along `axis`, `f(elements, results)`: softmax and its like, an array to an array of the same shape.
pub fn lanes<F: Real>(input: View<'_, F>, axis: usize, mut output: ViewMut<'_, F>, f: impl Fn(&[F], &mut [F])) {
    let (data, strides) = input.parts();
    let target = output.shape().strides();
    let Split { kept, gone } = split(input.shape(), &strides, &[axis]);
    let Split { kept: to, gone: step } = split(input.shape(), &target, &[axis]);
    let length = gone.0.first().copied().unwrap_or(1);
    let (from_step, to_step) = (gone.1.first().copied().unwrap_or(1), step.1.first().copied().unwrap_or(1));
    let mut source = Vec::with_capacity(length);
    let mut result = vec![F::zero(); length];
    let output = output.as_mut_slice();
    for (from, to) in Odometer::new(&kept.0, &kept.1).zip(Odometer::new(&to.0, &to.1)) {
        source.clear();
        source.extend((0..length).map(|i| data[from + i * from_step]));
        f(&source, &mut result);
        for (i, y) in result.iter().enumerate() {
            output[to + i * to_step] = *y;
        }
    }
}
