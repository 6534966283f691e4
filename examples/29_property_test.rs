//! A property-based gradient check, to copy into a test of your own: here a loss is right wherever its inputs are.
//!
//! `proptest` draws inputs; `check::assert` compares the derivatives at each of them with finite differences, forward
//! and reverse, at orders 1 and 2. A failure shrinks to the smallest inputs that still show it.
//!
//! In a crate of your own, `check::strategy` needs the feature `proptest` of `autodiff`: two lines of `Cargo.toml`,
//! which stand in `README.md`.
//!
//! Run with `cargo run --example 29_property_test`.

use autodiff::Var;
use autodiff::check::{self, strategy::arrays};
use autodiff::primitive::Domain;
use proptest::prelude::*;

/// The loss to check: cross-entropy of softmax(x·w + b) for one label per row.
fn loss<'t>(x: Var<'t, f64>, w: Var<'t, f64>, b: Var<'t, f64>, labels: autodiff::Index<'t, f64>) -> Var<'t, f64> {
    -x.matmul(w).add_bias(b).log_softmax(1).pick(labels).mean(..)
}

fn main() {
    let domain = Domain::between(-3.0, 3.0).at_least(1e-3);
    let config = ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(x in arrays([4, 3].into(), domain), w in arrays([3, 2].into(), domain),
                        b in arrays([2].into(), domain), labels in prop::collection::vec(0..2usize, 4))| {
        check::assert([x, w, b], |tape, [x, w, b]| loss(x, w, b, tape.index(&labels)))?;
    });
    println!("softmax cross-entropy: right at 32 random points");
}
