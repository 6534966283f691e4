//! Losses: functions of a model's output and the target, recorded on the tape. Their gradients are the tape's.
//!
//! A loss function is passed by its name: `Trainer::new(…).fit(&mut model, loss::mean_squared, &data)`. Called by hand, it
//! takes a [`Target`], which a var of numbers or an index of labels becomes by `.into()`. A shape that does not fit gives an
//! error var, and so does a label where numbers belong.
//!
//! A function of your own has the same signature:
//!
//! ```
//! use autodiff::{Real, Var};
//! use nn::Target;
//!
//! /// The mean of (a − y)⁴.
//! fn mean_fourth<'t, F: Real>(a: Var<'t, F>, target: Target<'t, F>) -> Var<'t, F> {
//!     (a - target.like(a)).powi(4).mean(..)
//! }
//! # let tape = autodiff::Tape::<f64>::new();
//! # assert_eq!(mean_fourth(tape.data([1.0, 2.0]), tape.data([0.0, 4.0]).into()).item()?, 8.5);
//! # Ok::<(), autodiff::Error>(())
//! ```
//!
//! A loss with settings is a value, whose fields are the settings: `loss::Huber { delta: 2.0 }`. It is passed like a function,
//! and called by hand through [`LossFunction::loss`](crate::LossFunction::loss).
//!
//! A loss is a mean over the examples of its batch, unless its type says that it is a [`Sum`]: then the loss of an epoch
//! is the sum over its batches, too. A closure becomes a loss by [`from_fn`], written where it is called: a bare closure in
//! its place is refused by the compiler as "not general enough".

mod absolute;
mod binary_cross_entropy;
mod cosine;
mod cross_entropy;
mod hinge;
mod huber;
mod log_cosh;
mod log_likelihood;
mod penalty;
mod softmax_cross_entropy;
mod squared;
mod weighted;

pub use absolute::mean_absolute;
pub use binary_cross_entropy::{binary_cross_entropy, binary_cross_entropy_with_logits};
pub use cosine::cosine;
pub use cross_entropy::CrossEntropy;
pub use hinge::{hinge, multi_class_hinge};
pub use huber::Huber;
pub use log_cosh::log_cosh;
pub use log_likelihood::{kl_divergence, negative_log_likelihood};
pub use penalty::{l1, l2};
pub use softmax_cross_entropy::softmax_cross_entropy;
pub use squared::{half_squared, mean_squared};
pub use weighted::weighted_mean;

use crate::domain::{ONE_FOR_EACH, is_each_step};
use autodiff::{Arg, Index, Mismatch, Real, Var};
use std::ops::Deref;

pub use crate::objective::from_fn;

/// What the examples of a batch should give, on a tape: what a loss function compares the output with.
#[derive(Clone, Copy, Debug)]
pub enum Target<'t, F: Real> {
    /// The number of each example's class.
    Labels(Index<'t, F>),
    /// Numbers: measurements, probabilities, one-hot rows.
    Values(Var<'t, F>),
}

impl<'t, F: Real> From<Index<'t, F>> for Target<'t, F> {
    fn from(labels: Index<'t, F>) -> Self {
        Target::Labels(labels)
    }
}

impl<'t, F: Real> From<Var<'t, F>> for Target<'t, F> {
    fn from(values: Var<'t, F>) -> Self {
        Target::Values(values)
    }
}

impl<'t, F: Real> Target<'t, F> {
    /// The target as numbers of the shape of `a`. Labels, and numbers of another shape, give an error var: broadcasting
    /// here would average over the wrong number of elements, where the classic mistake is \[n\] against \[n, 1\].
    #[track_caller]
    pub fn like(self, a: Var<'t, F>) -> Var<'t, F> {
        self.values("target", a)
    }

    #[track_caller]
    fn values(self, operation: &str, a: Var<'t, F>) -> Var<'t, F> {
        let (other, mismatch): (Arg<'t, F>, _) = match self {
            Target::Labels(labels) => {
                let mismatch = Mismatch::new("the target is an index of labels; this loss takes numbers");
                (labels.into(), mismatch.with_help("`labels.one_hot(classes)` makes rows of 0 and 1"))
            }
            Target::Values(y) => match (a.shape(), y.shape()) {
                (Ok(own), Ok(given)) if own != given => {
                    let mismatch = Mismatch::new(format!("the output has shape {own}, the target {given}"));
                    let fits = own.size() == given.size();
                    let mismatch = match (own.split_last(), given.split_last()) {
                        _ if fits => mismatch.with_help(format!(
                            "`target.reshape({own})` would fit, if the elements are in the same order"
                        )),
                        (Some((a, own)), Some((b, given))) if a == b && is_each_step(own, given) => {
                            mismatch.with_help(ONE_FOR_EACH.replace("one label", "one target"))
                        }
                        _ => mismatch,
                    };
                    (y.into(), mismatch)
                }
                _ => return y,
            },
        };
        // Not in a closure, which would hide the caller's line.
        a.tape().refuse(operation, &[a.into(), other], mismatch)
    }
}

/// A loss that is summed over examples. It is used as the var it holds.
///
/// ```
/// # let tape = autodiff::Tape::<f64>::new();
/// let loss = nn::loss::half_squared(tape.input([3.0]), tape.data([1.0]).into());
/// assert_eq!(loss.item()?, 2.0);
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Sum<'t, F: Real>(pub Var<'t, F>);

impl<'t, F: Real> Deref for Sum<'t, F> {
    type Target = Var<'t, F>;

    fn deref(&self) -> &Var<'t, F> {
        &self.0
    }
}
