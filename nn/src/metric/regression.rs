//! How far outputs are from numbers.

use crate::data::Column;
use crate::error::mismatch;
use autodiff::{Real, Result};
use ndarray::{ArrayD, Axis};

/// The mean of (a − y)² over all elements.
///
/// ```
/// let (output, targets) = (ndarray::array![[1.0], [2.0]].into_dyn(), nn::Column::real([[1.0], [4.0]]));
/// assert_eq!(nn::metric::mean_squared_error(&output, &targets)?, 2.0);
/// assert_eq!(nn::metric::mean_absolute_error(&output, &targets)?, 1.0);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if the targets are labels, or of another shape than the output, or
/// there are none.
#[track_caller]
pub fn mean_squared_error<F: Real>(output: &ArrayD<F>, targets: &Column<F>) -> Result<f64> {
    let y = numbers("mean_squared_error", output, targets)?;
    Ok(output.iter().zip(y).map(|(a, y)| (a.double() - y.double()).powi(2)).sum::<f64>() / y.len() as f64)
}

/// The mean of |a − y| over all elements.
///
/// # Errors
/// As [`mean_squared_error`].
#[track_caller]
pub fn mean_absolute_error<F: Real>(output: &ArrayD<F>, targets: &Column<F>) -> Result<f64> {
    let y = numbers("mean_absolute_error", output, targets)?;
    Ok(output.iter().zip(y).map(|(a, y)| (a.double() - y.double()).abs()).sum::<f64>() / y.len() as f64)
}

/// The coefficient of determination, R² = 1 − Σ(a − y)² / Σ(y − ȳ)², with the mean ȳ of each column over its examples: 1 for a
/// perfect model, 0 for one that answers the means.
///
/// ```
/// let targets = nn::Column::real([[1.0], [2.0], [3.0]]);
/// assert_eq!(nn::metric::r_squared(&ndarray::array![[1.0], [2.0], [4.0]].into_dyn(), &targets)?, 0.5);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// As [`mean_squared_error`]; and if all targets of each column are equal: nothing is left to be explained.
#[track_caller]
pub fn r_squared<F: Real>(output: &ArrayD<F>, targets: &Column<F>) -> Result<f64> {
    let y = numbers("r_squared", output, targets)?.mapv(|y| y.double());
    let left: f64 = output.iter().zip(&y).map(|(a, y)| (a.double() - y).powi(2)).sum();
    let Some(means) = (y.ndim() > 0).then(|| y.mean_axis(Axis(0))).flatten() else {
        return Err(mismatch("r_squared", "the output is a single number; its first axis should run over examples"));
    };
    let all: f64 = y.axis_iter(Axis(0)).map(|row| (&row - &means).mapv(|d| d * d).sum()).sum();
    if all == 0.0 {
        return Err(mismatch("r_squared", "the targets are all equal: there is no variance to explain"));
    }
    Ok(1.0 - left / all)
}

/// The targets, if they are numbers of the shape of the output.
#[track_caller]
fn numbers<'a, F: Real>(operation: &str, output: &ArrayD<F>, targets: &'a Column<F>) -> Result<&'a ArrayD<F>> {
    let message = match targets {
        Column::Index(_) => "the targets are labels; this metric takes numbers".to_owned(),
        Column::Real(y) if y.shape() != output.shape() => {
            format!("the output has shape {:?}, the targets {:?}", output.shape(), y.shape())
        }
        Column::Real(y) if y.is_empty() => "there are no examples, so no mean over them".to_owned(),
        Column::Real(y) => return Ok(y),
    };
    Err(mismatch(operation, message))
}
