//! Bias and variance of a model, from its errors on the training and the validation part.

use crate::error::mismatch;
use autodiff::Result;
use std::fmt;

/// A verdict of [`diagnose`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Diagnosis {
    /// Both errors are small: low bias, low variance.
    Good,
    /// The model fits the training part and not the other: more data, or more regularisation.
    HighVariance,
    /// The model fits neither part: a larger network, or longer training.
    HighBias,
    /// The model does not fit the training part, and fits the other one much worse.
    HighBiasAndVariance,
    /// The errors lie between these cases.
    Undetermined,
}

/// Bias and variance of a model, from the fractions of wrong answers on the training part and on the validation part,
/// which the notes call the development set. ε is an error that would count as small.
///
/// | training error e | validation error d | verdict |
/// |---|---|---|
/// | e < ε | d < ε | good |
/// | e < ε | d ≥ ε | high variance |
/// | e ≥ 10ε | \|d − e\| < ε | high bias |
/// | e ≥ 10ε | d − e ≥ 10ε | high bias and high variance |
/// | otherwise | | undetermined |
///
/// ```
/// use nn::{Diagnosis, diagnose};
/// assert_eq!(diagnose(0.004, 0.06, 0.01)?, Diagnosis::HighVariance);
/// assert_eq!(diagnose(0.15, 0.155, 0.01)?, Diagnosis::HighBias);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if an error is not a fraction in \[0, 1\], or ε is not
/// positive.
///
/// Source: Matt R, *Neural Networks* (March 2022), §4, which writes ≈ and ≪ without a number, and has no case for e < ε
/// and d ≥ 10ε. Its formula for 𝓔 counts right answers; here it counts wrong ones, as its text means.
#[track_caller]
pub fn diagnose(training: f64, validation: f64, epsilon: f64) -> Result<Diagnosis> {
    let is_share = |error: f64| (0.0..=1.0).contains(&error);
    if !(is_share(training) && is_share(validation) && epsilon > 0.0) {
        let message = format!("the errors are {training} and {validation}, ε is {epsilon}");
        return Err(mismatch("diagnose", message)
            .with_help("errors are shares in [0, 1]: one minus an accuracy; ε is positive"));
    }
    let gap = validation - training;
    Ok(match () {
        () if training < epsilon && validation < epsilon => Diagnosis::Good,
        () if training < epsilon => Diagnosis::HighVariance,
        () if training < 10.0 * epsilon => Diagnosis::Undetermined,
        () if gap.abs() < epsilon => Diagnosis::HighBias,
        () if gap >= 10.0 * epsilon => Diagnosis::HighBiasAndVariance,
        () => Diagnosis::Undetermined,
    })
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Diagnosis::Good => "low bias and low variance",
            Diagnosis::HighVariance => "high variance",
            Diagnosis::HighBias => "high bias",
            Diagnosis::HighBiasAndVariance => "high bias and high variance",
            Diagnosis::Undetermined => "undetermined",
        })
    }
}
