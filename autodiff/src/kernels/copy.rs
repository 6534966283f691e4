//! Copying: what a rearranging primitive does when its result is wanted row-major.

use super::view::{Operand, View, ViewMut};
use crate::error::Refusal;
use crate::shape::Layout;

/// Copies the elements of `input` to `output` in logical order; they may differ in shape, not in size.
pub fn copy<F: Copy>(input: View<'_, F>, mut output: ViewMut<'_, F>) {
    match input.as_slice() {
        Some(slice) if slice.len() == output.as_mut_slice().len() => output.as_mut_slice().copy_from_slice(slice),
        _ => output.as_mut_slice().iter_mut().zip(input.iter()).for_each(|(y, x)| *y = x),
    }
}

/// Copies the one operand, read through the layout that `view` makes of its own, to `output`: the kernel of every
/// primitive that has a [`view`](crate::Primitive::view).
///
/// # Errors
/// A refusal if there is not one operand, or if the layout reaches outside it.
pub fn rearrange<F: Copy>(
    inputs: &[Operand<'_, F>],
    output: ViewMut<'_, F>,
    view: impl Fn(&Layout) -> Option<Layout>,
) -> Result<(), Refusal> {
    let [input] = inputs else { return Err(Refusal::new("one operand expected")) };
    if output.shape().size() == 0 {
        return Ok(());
    }
    let input = input.real()?;
    let (data, strides) = input.parts();
    let layout = view(&Layout { shape: input.shape().clone(), strides: strides.iter().copied().collect(), offset: 0 });
    let source = layout
        .as_ref()
        .and_then(|layout| View::strided(data.get(layout.offset..)?, &layout.shape, &layout.strides))
        .ok_or_else(|| Refusal::new("a view reaches outside its operand"))?;
    copy(source, output);
    Ok(())
}
