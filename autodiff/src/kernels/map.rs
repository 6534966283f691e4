//! Elementwise kernels.

use super::view::{Operand, View, ViewMut};
use crate::error::Refusal;

/// `output[i] = f([x₀[i], x₁[i], …])` for operands of one shape.
///
/// `f` sees one element of each operand at a time, so any piece of the arrays may be computed on its own: this is what
/// makes an elementwise primitive fusable.
///
/// # Errors
/// A refusal if the number, kinds or sizes of the operands are not those of `f` and `output`.
pub fn map<F: Copy, const N: usize>(
    inputs: &[Operand<'_, F>],
    output: ViewMut<'_, F>,
    f: impl Fn([F; N]) -> F,
) -> Result<(), Refusal> {
    let inputs: &[Operand<'_, F>; N] =
        inputs.try_into().map_err(|_| Refusal::new(format!("{N} operands expected, got {}", inputs.len())))?;
    let mut views = [None; N];
    for (view, input) in views.iter_mut().zip(inputs) {
        let real = input.real()?;
        if real.shape() != output.shape() {
            return Err(Refusal::new(format!("an operand of shape {} for {}", real.shape(), output.shape())));
        }
        *view = Some(real);
    }
    let shape = output.shape();
    let output = output.into_slice();
    // All `Some` by the loop above; flattening spares an unreachable branch per element.
    let views: Operands<'_, F, N> = Operands(views);
    if let Some(slices) = views.slices(output.len()) {
        for (i, y) in output.iter_mut().enumerate() {
            *y = f(std::array::from_fn(|k| slices[k][i]));
        }
        return Ok(());
    }
    if let Some(rows) = views.slices_or_splats(output.len()) {
        for (i, y) in output.iter_mut().enumerate() {
            *y = f(std::array::from_fn(|k| rows[k].0[i & rows[k].1]));
        }
        return Ok(());
    }
    let mut iterators = views.0.each_ref().map(|view| view.as_ref().map(View::iter));
    debug_assert!(shape.size() == output.len());
    for y in output {
        let mut next = [None; N];
        for (x, iterator) in next.iter_mut().zip(&mut iterators) {
            *x = iterator.as_mut().and_then(Iterator::next);
        }
        if next.iter().all(Option::is_some) {
            // `*y` stands in only where an operand ran out, which the size check above excludes.
            *y = f(next.map(|x| x.unwrap_or(*y)));
        }
    }
    Ok(())
}

struct Operands<'a, F, const N: usize>([Option<View<'a, F>>; N]);

impl<'a, F: Copy, const N: usize> Operands<'a, F, N> {
    fn slices(&self, length: usize) -> Option<[&'a [F]; N]> {
        let mut slices: [&[F]; N] = [&[]; N];
        for (slice, view) in slices.iter_mut().zip(&self.0) {
            *slice = view.as_ref()?.as_slice()?.get(..length)?;
        }
        Some(slices)
    }

    /// Slices with a mask for the position: all ones for an array, zero for a repeated number.
    fn slices_or_splats(&self, length: usize) -> Option<[(&'a [F], usize); N]> {
        let mut rows: [(&[F], usize); N] = [(&[], 0); N];
        for (row, view) in rows.iter_mut().zip(&self.0) {
            let view = view.as_ref()?;
            *row = match view.as_slice() {
                Some(slice) => (slice.get(..length)?, usize::MAX),
                None => {
                    view.as_splat()?;
                    (view.parts().0, 0)
                }
            };
        }
        Some(rows)
    }
}
