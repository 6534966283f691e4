//! A property-based gradient check, to copy into a test of your own: here a loss is right wherever its inputs are.
//!
//! `proptest` draws inputs; `check` compares the derivatives at each of them with finite differences, forward and
//! reverse, at orders 1 and 2. A failure would shrink to the smallest inputs that still show it.
//!
//! Run with `cargo run --example 07_property_test`.

use autodiff::check::{Check, strategy};
use autodiff::primitive::Domain;
use autodiff::{Input, Tape, Var};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::Cell;

/// The loss to check: cross-entropy of softmax(x·w + b) for one label per row.
fn loss<'t>(x: Var<'t, f64>, w: Var<'t, f64>, b: Var<'t, f64>, labels: autodiff::Index<'t, f64>) -> Var<'t, f64> {
    -x.matmul(w).add_bias(b).log_softmax(1).pick(labels).mean(..)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let domain = Domain::between(-3.0, 3.0).at_least(1e-3);
    let inputs = (
        strategy::arrays([4, 3].into(), domain),
        strategy::arrays([3, 2].into(), domain),
        strategy::arrays([2].into(), domain),
        prop::collection::vec(0..2usize, 4),
    );
    let (passed, unchecked) = (Cell::new(0), Cell::new(0));
    let config = ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config).run(&inputs, |(x, w, b, labels)| {
        let tape = Tape::new();
        let index = tape.index(ndarray::Array1::from_vec(labels.clone()));
        let vars = [&x, &w, &b].map(|array| tape.input(array));
        let program = tape.program(&[loss(vars[0], vars[1], vars[2], index)]).map_err(failed)?;
        let at = [Input::index(ndarray::Array1::from_vec(labels)), x.into(), w.into(), b.into()];
        let report = Check::new().elements(4).program(&program, &at).map_err(failed)?;
        passed.set(passed.get() + report.passed());
        unchecked.set(unchecked.get() + report.unchecked().len());
        report.ok().map(|_| ()).map_err(failed)
    })?;
    println!("softmax cross-entropy: pass");
    println!("{} comparisons agree, {} could not be made", passed.get(), unchecked.get());
    Ok(())
}

fn failed(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}
