//! Elementwise kernels.

use super::simd;
use super::view::{Operand, View, ViewMut};
use crate::error::Refusal;
use crate::real::Real;

/// `output[i] = f([x₀[i], x₁[i], …])` for operands of one shape.
///
/// `f` sees one element of each operand at a time, so any piece of the arrays may be computed on its own: this is what
/// makes an elementwise primitive fusable. A body without calls and branches becomes vector code for the machine it runs
/// on; its results do not depend on that.
///
/// # Errors
/// A refusal if the number, kinds or sizes of the operands are not those of `f` and `output`.
pub fn map<F: Real, const N: usize>(
    inputs: &[Operand<'_, F>],
    output: ViewMut<'_, F>,
    f: impl Fn([F; N]) -> F,
) -> Result<(), Refusal> {
    let inputs: &[Operand<'_, F>; N] =
        inputs.try_into().map_err(|_| Refusal::new(format!("{N} operands expected, got {}", inputs.len())))?;
    for input in inputs {
        let shape = input.real()?.shape();
        if shape != output.shape() {
            return Err(Refusal::new(format!("an operand of shape {shape} for {}", output.shape())));
        }
    }
    let output = output.into_slice();
    if let Some(lanes) = gather(inputs, |view| view.as_slice().map(|slice| (slice, 1))) {
        simd::each(output, lanes.map(|(slice, _)| slice), &f);
        return Ok(());
    }
    if let Some(lanes) = gather(inputs, View::lane) {
        simd::each_strided(output, lanes, &f);
        return Ok(());
    }
    // Row by row: within a row every operand moves at one stride.
    let mut parts = inputs.iter().filter_map(|input| input.real().ok()).map(|view| (view, view.rows()));
    let mut rows: [_; N] = std::array::from_fn(|_| parts.next());
    let width = rows.iter().flatten().next().map_or(1, |(view, _)| view.shape().last().copied().unwrap_or(1));
    for row in output.chunks_mut(width.max(1)) {
        let mut lanes = [(&[][..], 0); N];
        for (lane, slot) in lanes.iter_mut().zip(&mut rows) {
            let Some((_, rows)) = slot else { return Err(Refusal::new("an operand is missing")) };
            *lane = rows.next().ok_or_else(|| Refusal::new("an operand is shorter than the result"))?;
        }
        simd::each_strided(row, lanes, &f);
    }
    Ok(())
}

/// What `pick` makes of each operand, if it makes something of all.
fn gather<'a, F: Real, T: Copy, const N: usize>(
    inputs: &[Operand<'a, F>; N],
    pick: impl Fn(&View<'a, F>) -> Option<T>,
) -> Option<[T; N]> {
    let mut picked = [None; N];
    for (slot, input) in picked.iter_mut().zip(inputs) {
        *slot = Some(pick(&input.real().ok()?)?);
    }
    // All are `Some` here; the fallback is never taken and keeps the code free of panics.
    let first = picked.first().copied().flatten()?;
    Some(picked.map(|slot| slot.unwrap_or(first)))
}
