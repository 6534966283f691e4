//! What a layer says of an operand that does not fit.

use autodiff::{Mismatch, Real, Shape, Var};

/// An error var if the shape of `x` does not fit: `operation` is given x, and `wanted` says what it takes. Where `x` is an
/// error var already, that one.
#[track_caller]
pub(super) fn unfit<'t, F: Real>(
    operation: &str,
    x: Var<'t, F>,
    wanted: &str,
    fits: impl FnOnce(&[usize]) -> bool,
) -> Option<Var<'t, F>> {
    match x.shape() {
        Err(_) => Some(x),
        Ok(shape) if fits(&shape) => None,
        Ok(shape) => Some(refused(operation, x, format!("x has shape {shape}; it should be {wanted}"))),
    }
}

/// An error var of `operation` on `x`.
#[track_caller]
pub(super) fn refused<'t, F: Real>(operation: &str, x: Var<'t, F>, message: impl Into<String>) -> Var<'t, F> {
    x.tape().refuse(operation, &[x.into()], Mismatch::new(message.into()))
}

/// The shape \[n, 1, …\] in which a number for each channel goes along the channels of x, of this rank, by broadcasting.
pub(super) fn along_channels(channels: usize, rank: usize) -> Shape {
    std::iter::once(channels).chain(std::iter::repeat_n(1, rank.saturating_sub(2))).collect()
}
