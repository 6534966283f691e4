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
    unfit_with(operation, x, wanted, fits, |_| None)
}

/// As [`unfit`], with a remedy for shapes that have one.
#[track_caller]
pub(super) fn unfit_with<'t, F: Real>(
    operation: &str,
    x: Var<'t, F>,
    wanted: &str,
    fits: impl FnOnce(&[usize]) -> bool,
    remedy: impl FnOnce(&[usize]) -> Option<String>,
) -> Option<Var<'t, F>> {
    let shape = match x.shape() {
        Err(_) => return Some(x),
        Ok(shape) if fits(&shape) => return None,
        Ok(shape) => shape,
    };
    let mismatch = Mismatch::new(format!("x has shape {shape}; it should be {wanted}"));
    let mismatch = match remedy(&shape) {
        Some(help) => mismatch.with_help(help),
        None => mismatch,
    };
    Some(x.tape().refuse(operation, &[x.into()], mismatch))
}

/// What makes \[batch, channels, …\] with so many spatial axes of an x that has no axis of channels, has them last, or is
/// rows. How many channels there should be is not always known.
pub(super) fn with_channels(shape: &[usize], channels: Option<usize>, axes: usize) -> Option<String> {
    let (batch, rest) = shape.split_first()?;
    match (rest.split_last()?, channels) {
        (_, None | Some(1)) if rest.len() == axes => {
            let shape: Shape = [*batch, 1].into_iter().chain(rest.iter().copied()).collect();
            Some(format!("the axis of channels is missing: `x.insert_axis(Axis(1))` makes {shape} of the array"))
        }
        ((last, spatial), Some(channels)) if *last == channels && rest.len() == axes + 1 => {
            let order: Vec<usize> = [0, axes + 1].into_iter().chain(1..=axes).collect();
            let shape: Shape = [*batch, channels].into_iter().chain(spatial.iter().copied()).collect();
            let permuted = format!("`x.permuted_axes({order:?})` makes {shape} of the array");
            Some(format!("the channels seem to be last: {permuted}"))
        }
        ((_, []), channels) if axes == 2 => {
            let channels = channels.map_or("channels".to_owned(), |channels| channels.to_string());
            Some(format!(
                "a reshape to [batch, {channels}, height, width] makes images of rows: `x.into_shape_with_order(…)`"
            ))
        }
        _ => None,
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
