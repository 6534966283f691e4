//! Every kind of error, with its whole text: what a user reads who got it wrong. Lines are shown as `_`; that they are the
//! user's own is tested beside the tape.

mod axes;
mod differentiate;
mod operands;
mod programs;
mod results;
mod rules;
mod shapes;
mod values;
mod windows;

use autodiff::Error;
use expect_test::Expect;

/// Compares the text of an error with `_` for line and column.
fn check(error: Error, expected: Expect) {
    let text = error.to_string();
    let mut shown = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(".rs:") {
        let (before, after) = rest.split_at(at + 4);
        shown.push_str(before);
        shown.push('_');
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':');
    }
    shown.push_str(rest);
    shown.push('\n');
    expected.assert_eq(&shown);
    assert_eq!(format!("{error:?}"), format!("{:?} error in {error}", error.kind()));
}
