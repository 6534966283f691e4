//! Which example of a data set an error comes from.

use super::finite::with_data;
use crate::data::Dataset;
use autodiff::{Error, ErrorKind, Real};

/// An error of the batch `rows` with what the data set has to do with it: a number that is not finite, or else the
/// example that fails by itself as the batch does.
pub(super) fn located<F: Real>(
    error: Error,
    rows: &[usize],
    data: &Dataset<F>,
    evaluated: impl Fn(&[usize]) -> Option<Error>,
) -> Error {
    if error.kind() == ErrorKind::NotFinite {
        return with_data(error, "the data set", data);
    }
    let fails = |rows: &[usize]| evaluated(rows).is_some_and(|other| other.operation() == error.operation());
    let found = culprit(rows, fails);
    let is_of_data = found.is_some() || (error.kind() == ErrorKind::Refused && error.operation() != "step");
    let error = match found {
        Some(row) => {
            error.with_operand(format!("the example is row {row} of {} of the data set (counted from 0)", data.len()))
        }
        None => error,
    };
    // Often labels that are counted from 1.
    data.ranges().filter(|_| is_of_data).fold(error, |error, (column, least, most)| {
        error.with_operand(format!("column `{column}` of the data set has indices from {least} to {most}"))
    })
}

/// The first of `rows` that fails by itself, if others do not.
fn culprit(mut rows: &[usize], fails: impl Fn(&[usize]) -> bool) -> Option<usize> {
    let mut others_pass = false;
    while rows.len() > 1 {
        let (first, second) = rows.split_at(rows.len() / 2);
        let failing = (fails(first), fails(second));
        others_pass |= failing != (true, true);
        rows = match failing {
            (true, _) => first,
            (false, true) => second,
            (false, false) => return None,
        };
    }
    rows.first().copied().filter(|_| others_pass)
}
