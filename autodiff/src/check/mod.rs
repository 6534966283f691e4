//! The gradient checker: derivatives compared with finite differences and with each other, in double precision.
//!
//! ```
//! use autodiff::check;
//!
//! let report = check::function(|x| (x * x).sum(..).exp(), [0.1, 0.2])?;
//! assert_eq!(report.verdict(), check::Verdict::Pass);
//! # Ok::<(), autodiff::Error>(())
//! ```
//!
//! A [`Report`] holds one of three verdicts on each comparison: it agrees, it fails, or it is *unchecked*, with the reason
//! (a kink within the step, a function that is not finite, a finite difference that is too inaccurate, no derivative
//! because an operation refuses). An analytic number a agrees with a numeric one n if
//!
//! |a − n| ≤ 1e-8·(|a| + |n|) + 1e-12·scale,
//!
//! where scale is the magnitude of the terms that enter the difference over its length, Σᵢ |ζᵢ|·(|Fᵢ(x+h)| +
//! |Fᵢ(x−h)|)/2h at the step h that was chosen: no difference of such terms is better than about 1e-16 of it.
//!
//! What is compared, for a program F at x with a random cotangent ζ and a random direction ξ:
//!
//! - each element of the reverse derivative rF(ζ) and of the differential dF(e) with finite differences of F, whose step
//!   is chosen per element by the error it leaves ([`Estimate`]);
//! - the adjoint identity ⟨rF(ζ), ξ⟩ = ⟨ζ, dF(ξ)⟩, over all elements at once;
//! - ⟨rF(ζ), ξ⟩ with the finite difference along ξ, and the Taylor test: the remainder falls as h²;
//! - at order 2 all of this again for rF as a function of x and ζ.
//!
//! A disagreement is looked at again before it is a failure: at a step so short that it only just stands clear of rounding,
//! the slopes to the left and to the right are each found anew. Where they contradict one another or no longer the analytic
//! one, as when the first steps crossed the kinks of a network of ReLUs or many turns of sin(10⁸x), the comparison is
//! *unchecked*. So is a disagreement along a direction where every element was compared and agrees.
//!
//! [`tape`] and [`nodes`] check a computation node by node and name the first wrong operation and its line;
//! [`primitive`] checks a primitive over its declared domain; [`custom_rule`] compares a rule with what it replaces.

mod comparison;
mod difference;
mod judge;
mod nodes;
mod noise;
mod point;
mod program;
mod report;
mod sample;
#[cfg(feature = "proptest")]
pub mod strategy;
mod taylor;

pub use difference::Estimate;
pub use nodes::{custom_rule, nodes, tape};
pub use program::{difference_quotient, function, program, relative_error};
pub use report::{Failure, Method, Reason, Report, Spot, Unchecked, Verdict};
pub use sample::{operands, primitive};
pub use taylor::{Taylor, taylor};

/// How thoroughly to check. [`Check::new`] is what the functions of this module use.
///
/// ```
/// use autodiff::{Tape, Input, check::Check};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.input([1.0, 2.0]);
/// let program = tape.program(&[x.tanh()])?;
/// let report = Check::new().order(1).elements(8).program(&program, &[Input::real([1.0, 2.0])])?;
/// assert!(report.failures().is_empty());
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Check {
    order: usize,
    elements: usize,
    directions: usize,
    seed: u64,
    tolerance: f64,
}

impl Default for Check {
    fn default() -> Self {
        Check::new()
    }
}

impl Check {
    /// Order 2, up to 64 elements of each operand, one direction, relative tolerance 1e-8.
    pub const fn new() -> Self {
        Check { order: 2, elements: 64, directions: 1, seed: 0, tolerance: 1e-8 }
    }

    /// Up to which order derivatives are checked: 1, 2, ….
    pub const fn order(self, order: usize) -> Self {
        Check { order, ..self }
    }

    /// How many elements of each operand are compared one by one; of a larger operand a random choice.
    pub const fn elements(self, elements: usize) -> Self {
        Check { elements, ..self }
    }

    /// Along how many random directions the differences and the Taylor remainder are compared. Directions mix the
    /// elements, so they tell little where these are of very different magnitude.
    pub const fn directions(self, directions: usize) -> Self {
        Check { directions, ..self }
    }

    /// The seed of the random choices: cotangents, directions, elements.
    pub const fn seed(self, seed: u64) -> Self {
        Check { seed, ..self }
    }

    /// The relative part of the tolerance, 1e-8 unless set.
    pub const fn tolerance(self, tolerance: f64) -> Self {
        Check { tolerance, ..self }
    }
}
