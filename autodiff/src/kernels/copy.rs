//! Copying: what a rearranging primitive does when its result is wanted row-major.

use super::order::{Axes, Odometer, Reader};
use super::view::{Operand, View, ViewMut};
use crate::base::error::Refusal;
use crate::base::shape::{Layout, Shape, Strides};
use smallvec::SmallVec;

/// Copies the elements of `input` to `output` in logical order; they may differ in shape, not in size.
pub fn copy<F: Copy>(input: View<'_, F>, output: ViewMut<'_, F>) {
    copy_to(input, output.into_slice());
}

/// [`copy`] to the elements of an array.
pub(super) fn copy_to<F: Copy>(input: View<'_, F>, output: &mut [F]) {
    match input.as_slice() {
        Some(slice) if slice.len() == output.len() => output.copy_from_slice(slice),
        _ => {
            let (data, axes) = input.axes();
            if axes.size() != output.len() || !transposed(data, &axes, output) {
                Reader::over(data, axes).read(output);
            }
        }
    }
}

/// The side of the square pieces in which an array is transposed: in double precision a row of one is a cache line.
const TILE: usize = 8;

/// The rows of the result that are written side by side: each row of the operand lies on a page of memory of its own, of
/// which as many elements are read at a time.
const BAND: usize = 128;

/// Copies an array whose neighbours in memory are not neighbours in the result, tile by tile, so that lines of the cache
/// are read and written whole; `false` if it is not such an array.
fn transposed<F: Copy>(data: &[F], axes: &Axes, output: &mut [F]) -> bool {
    let Some(((columns, stride), outer)) = axes.0.split_last() else { return false };
    let near = outer.iter().rposition(|(length, stride)| *stride == 1 && *length >= TILE);
    let (Some(near), TILE.., 2..) = (near, *columns, *stride) else { return false };
    // Strides in the result: it is row-major.
    let mut steps: SmallVec<[usize; 4]> = outer.iter().map(|_| 0).collect();
    let mut step = *columns;
    for (to, (length, _)) in steps.iter_mut().zip(outer).rev() {
        *to = step;
        step *= length;
    }
    let mut others: SmallVec<[(usize, usize, usize); 4]> = SmallVec::new();
    others.extend(outer.iter().zip(&steps).map(|((length, from), to)| (*length, *from, *to)));
    let (rows, _, step) = others.remove(near);
    let walk = |which: fn(&(usize, usize, usize)) -> (usize, usize)| {
        let mut axes = Axes::default();
        others.iter().map(which).for_each(|(length, stride)| axes.0.push((length, stride)));
        Odometer::over(axes)
    };
    for (from, to) in walk(|axis| (axis.0, axis.1)).zip(walk(|axis| (axis.0, axis.2))) {
        for band in (0..rows).step_by(BAND) {
            let last = rows.min(band + BAND);
            for column in (0..*columns).step_by(TILE) {
                for row in (band..last).step_by(TILE) {
                    let (data, output) =
                        (&data[from + row + column * stride..], &mut output[to + row * step + column..]);
                    match (TILE.min(last - row), TILE.min(columns - column)) {
                        (TILE, TILE) => tile(data, *stride, output, step, TILE, TILE),
                        (high, wide) => tile(data, *stride, output, step, high, wide),
                    }
                }
            }
        }
    }
    true
}

/// `output[i, j] = data[j, i]` for i < `high`, j < `wide`. By way of memory of its own, because rows that lie a power of
/// two apart compete for the same places of the cache.
#[inline(always)]
fn tile<F: Copy>(data: &[F], stride: usize, output: &mut [F], step: usize, high: usize, wide: usize) {
    let mut tile = [[data[0]; TILE]; TILE];
    for (j, row) in tile.iter_mut().enumerate().take(wide) {
        row[..high].copy_from_slice(&data[j * stride..j * stride + high]);
    }
    for i in 0..high {
        let row = &mut output[i * step..i * step + wide];
        row.iter_mut().zip(&tile).for_each(|(y, column)| *y = column[i]);
    }
}

/// Copies the one operand, read through the layout that `view` makes of its own, to `output`: a kernel for any primitive
/// that has a [`view`](crate::Primitive::view).
///
/// # Errors
/// A refusal if there is not one operand, or if the layout reaches outside it.
pub fn rearrange<F: Copy>(
    inputs: &[Operand<'_, F>],
    output: ViewMut<'_, F>,
    view: impl Fn(&Layout) -> Option<Layout>,
) -> Result<(), Refusal> {
    let (data, shape, strides) = operand(inputs)?;
    if output.shape().size() == 0 {
        return Ok(());
    }
    match view(&Layout { shape: shape.clone(), strides, offset: 0 }) {
        Some(layout) => copy_at(data, layout.offset, &layout.shape, &layout.strides, output),
        None => Err(outside()),
    }
}

/// The buffer, the shape and the strides of the one operand.
fn operand<'a, F: Copy>(inputs: &[Operand<'a, F>]) -> Result<(&'a [F], &'a Shape, Strides), Refusal> {
    let [input] = inputs else { return Err(Refusal::new("one operand expected")) };
    let input = input.real()?;
    let (data, strides) = input.parts();
    Ok((data, input.shape(), strides))
}

fn copy_at<F: Copy>(
    data: &[F],
    offset: usize,
    shape: &Shape,
    strides: &[usize],
    output: ViewMut<'_, F>,
) -> Result<(), Refusal> {
    let source = data.get(offset..).and_then(|data| View::strided(data, shape, strides)).ok_or_else(outside)?;
    copy(source, output);
    Ok(())
}

#[cold]
fn outside() -> Refusal {
    Refusal::new("a view reaches outside its operand")
}

/// Copies the rows of `x`, which are `length` long, to the beginnings of the rows of `to`, which are `width` apart.
pub(crate) fn copy_rows<T: Copy>(x: &[T], length: usize, to: &mut [T], width: usize) {
    const SHORT: usize = 256;
    for (x, to) in x.chunks_exact(length.max(1)).zip(to.chunks_mut(width.max(1))) {
        match to.get_mut(..length) {
            Some(to) if length <= SHORT => copy_short(x, to),
            Some(to) => to.copy_from_slice(x),
            None => {}
        }
    }
}

/// Copies some numbers to the beginning of `to`: they are few, so that a call would take longer than the copying.
#[inline(always)]
pub(super) fn copy_short<T: Copy>(x: &[T], to: &mut [T]) {
    let to = &mut to[..x.len()];
    for (to, x) in to.as_chunks_mut::<8>().0.iter_mut().zip(x.as_chunks::<8>().0) {
        *to = *x;
    }
    // What is left goes with some of what was copied before, where there is any: without a loop.
    if let (Some(to), Some(x)) = (to.last_chunk_mut::<8>(), x.last_chunk::<8>()) {
        *to = *x;
    } else if let (Some(first), Some(last)) = (x.first_chunk::<4>(), x.last_chunk::<4>()) {
        to[..4].copy_from_slice(first);
        to[x.len() - 4..].copy_from_slice(last);
    } else {
        to.iter_mut().zip(x).for_each(|(to, x)| *to = *x);
    }
}
