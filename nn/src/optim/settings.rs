//! What the settings of an optimizer may be: checked where an update is recorded, which is once for each plan.

use autodiff::Mismatch;

/// A number above 0.
pub(super) fn positive(name: &str, x: f64) -> Result<(), Mismatch> {
    within(name, x, x > 0.0 && x.is_finite(), "above 0 and finite")
}

/// A number that is not negative.
pub(super) fn not_negative(name: &str, x: f64) -> Result<(), Mismatch> {
    within(name, x, x >= 0.0 && x.is_finite(), "finite and not negative")
}

/// The weight of the past in an average.
pub(super) fn weight_of_past(name: &str, x: f64) -> Result<(), Mismatch> {
    within(name, x, (0.0..1.0).contains(&x), "at least 0 and below 1")
}

pub(super) fn within(name: &str, x: f64, fits: bool, range: &str) -> Result<(), Mismatch> {
    match fits {
        true => Ok(()),
        false => Err(Mismatch::new(format!("`{name}` is {x}; it should be {range}"))),
    }
}
