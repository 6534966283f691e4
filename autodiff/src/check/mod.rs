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
//! (a kink within the step, a function that is not finite, a derivative that drowns in rounding, no derivative because an
//! operation refuses). An analytic number a agrees with a numeric one n if
//!
//! |a − n| ≤ 1e-8·(|a| + |n|), and n is known to 1e-7·max(|a|, |n|):
//!
//! where a difference resolves only two digits of a slope, an agreement vouches for two digits and is *unchecked*. How well n
//! is known is the disagreement of Ridders' extrapolations, plus the rounding that the function carries ([`Reason::Digits`]).
//! Of an a that is exactly 0, the digits are those to which the slopes of the two sides cancel; where the function does not
//! change at all, its flat stretch is followed to its end: a kink or a jump there means that the slope is 0, a departure unit
//! by unit in the last place that rounding hides it, as it does for a saturated function.
//!
//! What is compared, for a program F at x with a random cotangent ζ and a random direction ξ:
//!
//! - each element of the reverse derivative rF(ζ) and of the differential dF(e) with finite differences of F, whose step
//!   is chosen per element by the error it leaves;
//! - the adjoint identity ⟨rF(ζ), ξ⟩ = ⟨ζ, dF(ξ)⟩, over all elements at once, to 1e-10;
//! - ⟨rF(ζ), ξ⟩ with the finite difference along ξ, and the Taylor test: the remainder falls as h²;
//! - at order 2 all of this again for rF and for dF as functions of x and the seed.
//!
//! A `stop_gradient` keeps the value it has at x while x moves: what is differenced is the function that the derivative is a
//! derivative of. Not in the body of a loop, where a disagreement is *unchecked*.
//!
//! A disagreement is looked at again before it is a failure: at a step so short that it only just stands clear of rounding,
//! the slopes to the left and to the right are each found anew. Where they contradict one another or no longer the analytic
//! one, or the function changes as much there as over a step a thousand times longer, as when the first steps crossed the
//! kinks of a network of ReLUs or many turns of sin(10⁸x), the comparison is *unchecked*. So is a disagreement along a
//! direction where every element was compared and agrees.
//!
//! A large program is looked at in part: [`Check::elements`] and [`Check::work`] bound how many elements, and
//! [`Report::sampled`] says how many.
//!
//! Sources: C. J. F. Ridders, *Accurate computation of F′(x) and F′(x)F″(x)* (Advances in Engineering Software 4, 1982);
//! F. L. Bauer, *Computational Graphs and Rounding Error* (SIAM Journal on Numerical Analysis 11, 1974).
//!
//! [`tape`] and [`nodes`] check a computation node by node and name the first wrong operation and its line;
//! [`primitive`] checks a primitive over its declared domain; [`custom_rule`] compares a rule with what it replaces;
//! [`in_double`] checks a program of f32; [`assert()`] is a property of random inputs.

mod comparison;
mod custom;
mod difference;
mod flat;
mod function;
mod held;
mod judge;
mod nodes;
mod noise;
mod point;
mod program;
mod report;
mod run;
mod sample;
mod single;
mod spot;
#[cfg(feature = "proptest")]
pub mod strategy;
mod subject;
mod taylor;
mod trace;

#[cfg(all(feature = "self-tests", debug_assertions))]
self_tests!(in difference::tests, flat::tests);

pub use custom::custom_rule;
pub use function::{assert, function};
pub use nodes::{nodes, tape};
pub use program::{difference_quotient, program, relative_error};
pub use report::{Report, Verdict};
pub use sample::{operands, primitive};
pub use single::in_double;
pub use spot::{Failure, Method, Reason, Spot, Unchecked};
pub use taylor::{Taylor, taylor};
pub use trace::{Level, NodeCheck, Outcome};

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
    work: u64,
}

impl Default for Check {
    fn default() -> Self {
        Check::new()
    }
}

impl Check {
    /// Order 2, up to 64 elements of each operand, one direction, relative tolerance 1e-8, 10⁹ numbers.
    pub const fn new() -> Self {
        Check { order: 2, elements: 64, directions: 1, seed: 0, tolerance: 1e-8, work: 1_000_000_000 }
    }

    /// Up to which order derivatives are checked: 1, 2, ….
    pub const fn order(self, order: usize) -> Self {
        Check { order, ..self }
    }

    /// How many elements of each operand are compared one by one; of a larger operand a random choice, and
    /// [`Report::sampled`] says of how many.
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

    /// The relative tolerance, 1e-8 unless set: how many digits a comparison vouches for.
    pub const fn tolerance(self, tolerance: f64) -> Self {
        Check { tolerance, ..self }
    }

    /// About how many numbers may be computed, 10⁹ unless set, which takes seconds. A program runs some thirty times for
    /// each element that is compared, so of the inputs of a large one fewer are: at least one of each operand.
    pub const fn work(self, numbers: u64) -> Self {
        Check { work: numbers, ..self }
    }
}
