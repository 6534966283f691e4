//! Linear regression in closed form.

use crate::data::{Column, Dataset};
use crate::error::{error, mismatch};
use crate::layers::Dense;
use autodiff::{ErrorKind, Real, Result};
use ndarray::{Array1, Array2, Ix2, s};

/// The dense layer y = x W + b with the least Σ(y − target)² on `data`, in closed form. [`NetworkConfig::linear`]
/// approaches it step by step.
///
/// ```
/// use nn::{Dataset, least_squares};
/// let data = Dataset::<f64>::valued([[1.0], [2.0], [3.0]], [[3.0], [5.0], [7.0]])?;
/// let line = least_squares(&data)?;
/// assert!((line.weight().array()[[0, 0]] - 2.0).abs() < 1e-12);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// W and b solve R (b, W) = Qᵀ y for \[1 x\] = Q R, by Householder reflections of the columns, which are scaled to
/// length 1 before.
///
/// # Errors
/// [`ErrorKind::Mismatch`] if features and targets are not \[examples, …\] with one axis more, or there are fewer
/// examples than unknowns; [`ErrorKind::Refused`] if a feature is a linear combination of those before it (to 12
/// digits): then W is not unique.
///
/// [`NetworkConfig::linear`]: crate::NetworkConfig::linear
///
/// Source: Householder, "Unitary Triangularization of a Nonsymmetric Matrix" (1958); Golub & Van Loan, *Matrix
/// Computations* (2013), §5.3.2.
#[track_caller]
pub fn least_squares<F: Real>(data: &Dataset<F>) -> Result<Dense<F>> {
    let targets = match data.targets()? {
        Column::Real(targets) => targets.mapv(F::double).into_dimensionality::<Ix2>(),
        Column::Index(_) => return Err(mismatch("least_squares", "the targets are labels, and no numbers")),
    };
    let features = data.features()?.mapv(F::double).into_dimensionality::<Ix2>();
    let (Ok(features), Ok(mut y)) = (features, targets) else {
        return Err(mismatch(
            "least_squares",
            "features and targets should be [examples, features] and [examples, outputs]",
        ));
    };
    let (n, m) = features.dim();
    if n <= m {
        return Err(mismatch("least_squares", format!("{n} examples do not determine {} weights and a bias", m)));
    }
    let mut a = Array2::ones((n, m + 1));
    a.slice_mut(s![.., 1..]).assign(&features);
    let lengths: Vec<f64> = a.columns().into_iter().map(|column| column.dot(&column).sqrt()).collect();
    for (mut column, length) in a.columns_mut().into_iter().zip(&lengths) {
        column.mapv_inplace(|x| if *length > 0.0 { x / length } else { x });
    }
    // The columns become those of R, one after the other, and y becomes Qᵀ y.
    let mut diagonal = Vec::with_capacity(m + 1);
    for k in 0..=m {
        let mut v: Array1<f64> = a.slice(s![k.., k]).to_owned();
        let length = v.dot(&v).sqrt();
        // 12 digits, of columns of length 1. A NaN is not small, and is found in the answer.
        if length < 1e-12 {
            let column = if k == 0 { "there are no examples".to_owned() } else { format!("feature {}", k - 1) };
            let message = format!("{column} is a combination of the features before it, or constant");
            return Err(error(ErrorKind::Refused, "least_squares", message).with_help("leave one of them out"));
        }
        let Some(first) = v.first_mut() else { continue };
        let image = if *first > 0.0 { -length } else { length };
        *first -= image;
        diagonal.push(image);
        let square = v.dot(&v);
        for mut column in a.columns_mut().into_iter().skip(k + 1).chain(y.columns_mut()) {
            let mut below = column.slice_mut(s![k..]);
            let share = 2.0 * v.dot(&below) / square;
            below.scaled_add(-share, &v);
        }
    }
    let mut solution: Array2<f64> = y.slice(s![..=m, ..]).to_owned();
    for (k, image) in diagonal.iter().enumerate().rev() {
        let row = a.slice(s![k, k + 1..]).dot(&solution.slice(s![k + 1.., ..]));
        let mut own = solution.row_mut(k);
        own -= &row;
        own /= *image;
    }
    for (mut row, length) in solution.rows_mut().into_iter().zip(&lengths) {
        row /= *length;
    }
    if solution.iter().any(|number| !number.is_finite()) {
        return Err(error(ErrorKind::NotFinite, "least_squares", "the data have numbers that are not finite"));
    }
    let of = |number: &f64| F::of(*number);
    Ok(Dense::from_arrays(solution.slice(s![1.., ..]).map(of), Some(solution.row(0).map(of))))
}
