//! Strategies for property-based tests: shapes, arrays in a domain, and random well-typed programs.
//!
//! ```
//! use autodiff::check::{self, strategy};
//! use proptest::prelude::*;
//!
//! # fn main() {
//! proptest!(ProptestConfig { cases: 8, failure_persistence: None, ..Default::default() }, |(recipe in strategy::programs(20))| {
//!     let (program, inputs) = recipe.program().unwrap();
//!     let report = check::Check::new().order(1).tolerance(1e-6).program(&program, &inputs).unwrap();
//!     prop_assert!(report.failures().is_empty(), "{recipe}\n{report}");
//! });
//! # }
//! ```
//!
//! A failing program shrinks: operations and inputs go as long as the test still fails, and what is left is printed one
//! line for each operation.

mod cook;
mod genes;
mod indices;
mod loops;
mod recipe;
mod record;

use crate::base::shape::Shape;
use crate::primitive::Domain;
use cook::{Cook, KINDS};
use ndarray::{ArrayD, IxDyn};
use proptest::collection::vec;
use proptest::prelude::*;
pub use recipe::{Body, Line, Op, Recipe};

/// Shapes of up to `rank` axes, each 1 to `length` long.
pub fn shapes(rank: usize, length: usize) -> impl Strategy<Value = Shape> {
    vec(1..=length.max(1), 0..=rank).prop_map(Shape::from)
}

/// Numbers of a domain: log-uniform magnitudes, both signs where the domain has both.
pub fn numbers(domain: Domain) -> impl Strategy<Value = f64> {
    (any::<bool>(), 0.0..=1.0f64).prop_map(move |(flip, t)| {
        let negative = domain.low < 0.0 && (domain.high <= 0.0 || flip);
        let (near, far) = match negative {
            true => ((-domain.high).max(domain.tiny), -domain.low),
            false => (domain.low.max(domain.tiny), domain.high),
        };
        let far = far.max(near);
        let magnitude = (near.ln() + t * (far.ln() - near.ln())).exp().clamp(near, far);
        if negative { -magnitude } else { magnitude }
    })
}

/// Arrays of a shape with elements from a domain.
pub fn arrays(shape: Shape, domain: Domain) -> impl Strategy<Value = ArrayD<f64>> {
    vec(numbers(domain), shape.size())
        .prop_map(move |data| ArrayD::from_shape_vec(IxDyn(&shape), data).unwrap_or_else(|_| ArrayD::zeros(IxDyn(&[]))))
}

/// Random well-typed programs of up to about `nodes` nodes, with fan-out, reuse, `x·x`, broadcasting, reductions,
/// products, joining and cutting; with indices that are computed and used, loops and conditions, also inside one another.
/// Values stay moderate: what would grow is scaled down on the way.
pub fn programs(nodes: usize) -> impl Strategy<Value = Recipe> {
    let input = shapes(2, 3).prop_flat_map(|shape| arrays(shape, Domain::between(-2.0, 2.0).at_least(1e-2)));
    let gene = (0..KINDS, [0usize..64, 0..64, 0..64]);
    (vec(input, 1..4), vec(gene, 0..=nodes / 2)).prop_map(move |(inputs, genes)| {
        let lines = Cook::new(&inputs, nodes).cook(&genes);
        Recipe { inputs, lines }
    })
}
