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
//! /// The mean of |a − y|.
//! fn mean_absolute<'t, F: Real>(a: Var<'t, F>, target: Target<'t, F>) -> Var<'t, F> {
//!     (a - target.like(a)).abs().mean(..)
//! }
//! # let tape = autodiff::Tape::<f64>::new();
//! # assert_eq!(mean_absolute(tape.data([1.0, 2.0]), tape.data([0.0, 4.0]).into()).item()?, 1.5);
//! # Ok::<(), autodiff::Error>(())
//! ```
//!
//! A loss is a mean over the examples of its batch, unless its type says that it is a [`Sum`]: then the loss of an epoch
//! is the sum over its batches, too. A closure becomes a loss by [`from_fn`], written where it is called: a bare closure in
//! its place is refused by the compiler as "not general enough".

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
                    let help = format!("`target.reshape({own})` would fit, if the elements are in the same order");
                    (y.into(), if fits { mismatch.with_help(help) } else { mismatch })
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

/// ½ Σ (a − y)², summed over all elements; its gradient is a − y.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (a, y) = (tape.input([3.0, 5.0]), tape.data([1.0, 4.0]));
/// assert_eq!(nn::loss::half_squared(a, y.into()).item()?, 2.5);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: jkmiller, *Neural Networks* (November 2022), §3; J = ½(h − o)² in Anderson Chau, lecture notes on vectorised
/// backpropagation.
#[track_caller]
pub fn half_squared<'t, F: Real>(a: Var<'t, F>, y: Target<'t, F>) -> Sum<'t, F> {
    let y = y.values("half_squared", a);
    Sum((a - y).square().sum(..) * 0.5)
}

/// The mean of (a − y)² over all elements.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (a, y) = (tape.input([3.0, 5.0]), tape.data([1.0, 4.0]));
/// assert_eq!(nn::loss::mean_squared(a, y.into()).item()?, 2.5);
/// # Ok::<(), autodiff::Error>(())
/// ```
#[track_caller]
pub fn mean_squared<'t, F: Real>(a: Var<'t, F>, y: Target<'t, F>) -> Var<'t, F> {
    let y = y.values("mean_squared", a);
    (a - y).square().mean(..)
}

/// The mean of −(y log a + (1 − y) log(1 − a)) over all elements, for probabilities a in [0, 1] and y in [0, 1].
///
/// 0·log 0 is 0, in the value and in the gradient. A certain a that is wrong costs +∞: nothing is cut off. Where a comes
/// from a sigmoid, [`binary_cross_entropy_with_logits`] is exact for all logits.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (a, y) = (tape.input([0.5, 0.0]), tape.data([1.0, 0.0]));
/// let loss = nn::loss::binary_cross_entropy(a, y.into());
/// assert_eq!(loss.item()?, 2f64.ln() / 2.0);
/// assert_eq!(loss.backward()?.get(a)?, ndarray::array![-1.0, 0.5].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Matt R, *Neural Networks* (June 2022), §1.1 (log-loss).
#[track_caller]
pub fn binary_cross_entropy<'t, F: Real>(a: Var<'t, F>, y: Target<'t, F>) -> Var<'t, F> {
    let y = y.values("binary_cross_entropy", a);
    // Where a term has no weight, its logarithm is taken of 1: 0·∞ would spoil the gradient.
    let yes = y.gt(0.0).select(a, 1.0).log();
    // log(1 − a), which a rounded 1 − a has lost where a is small.
    let no = y.lt(1.0).select(-a, 0.0).log1p();
    -(y * yes + (1.0 - y) * no).mean(..)
}

/// The same for logits z, where a = sigmoid(z): the mean of y·log(1 + e⁻ᶻ) + (1 − y)·log(1 + eᶻ), without overflow
/// and without cancellation. A term without weight is left out, also where z is infinite.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (z, y) = (tape.input([1000.0, 0.0]), tape.data([0.0, 1.0]));
/// let loss = nn::loss::binary_cross_entropy_with_logits(z, y.into());
/// assert_eq!(loss.item()?, (1000.0 + 2f64.ln()) / 2.0);
/// assert_eq!(loss.backward()?.get(z)?, ndarray::array![0.5, -0.25].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
#[track_caller]
pub fn binary_cross_entropy_with_logits<'t, F: Real>(z: Var<'t, F>, y: Target<'t, F>) -> Var<'t, F> {
    let z = logits("binary_cross_entropy_with_logits", z);
    let y = y.values("binary_cross_entropy_with_logits", z);
    let weighed = |weight: Var<'t, F>, term: Var<'t, F>| weight.eq(0.0).select(0.0, weight * term);
    (weighed(y, (-z).softplus()) + weighed(1.0 - y, z.softplus())).mean(..)
}

/// −log softmax(z) at the label, averaged over examples; for a target of numbers y (one-hot rows, probabilities),
/// −Σ y·log softmax(z) over the last axis, averaged.
///
/// | array | shape |
/// |---|---|
/// | z, the logits | \[examples, classes\] |
/// | labels | \[examples\] |
/// | or y | \[examples, classes\] |
///
/// The gradient with respect to z is (softmax(z) − y) divided by the number of examples. A single class gives an error var:
/// its softmax is 1 for every z.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let z = tape.input([[0.0, 0.0], [1000.0, 0.0]]);
/// let labels = tape.index(ndarray::array![1, 0]);
/// let loss = nn::loss::softmax_cross_entropy(z, labels.into());
/// assert_eq!(loss.item()?, 2f64.ln() / 2.0);
/// assert_eq!(loss.item()?, nn::loss::softmax_cross_entropy(z, labels.one_hot(2).into()).item()?);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: lecture slides *Neural Networks*, with the minus sign the slides leave out.
#[track_caller]
pub fn softmax_cross_entropy<'t, F: Real>(z: Var<'t, F>, target: Target<'t, F>) -> Var<'t, F> {
    let z = logits("softmax_cross_entropy", z);
    let Some(last) = z.shape().map_or(Some(0), |shape| shape.rank().checked_sub(1)) else {
        let message = "the logits are a single number; they should be [examples, classes]";
        return z.tape().refuse("softmax_cross_entropy", &[z.into()], Mismatch::new(message));
    };
    if z.shape().is_ok_and(|shape| shape.last() == Some(&1)) {
        let mismatch =
            Mismatch::new("there is one class, whose probability is 1 whatever the logit: nothing is learnt")
                .with_help("two classes take two columns; one column takes `loss::binary_cross_entropy_with_logits`");
        return z.tape().refuse("softmax_cross_entropy", &[z.into()], mismatch);
    }
    match target {
        Target::Labels(labels) => -z.log_softmax(last).pick(labels).mean(..),
        Target::Values(y) => {
            let y = Target::Values(y).values("softmax_cross_entropy", z);
            // A class without weight has no part: 0·log 0 is 0.
            let terms = y.eq(0.0).select(0.0, y * z.log_softmax(last));
            -terms.sum(last).mean(..)
        }
    }
}

/// What takes logits takes no probabilities: a softmax of a softmax hardly learns.
#[track_caller]
fn logits<'t, F: Real>(operation: &str, z: Var<'t, F>) -> Var<'t, F> {
    let squashed = z.operation();
    if !["softmax", "sigmoid"].contains(&squashed) {
        return z;
    }
    let mismatch = Mismatch::new(format!("the output is a {squashed} already; this loss takes what goes into one"))
        .with_help(format!("leave the {squashed} out of the model, and apply it to predictions"));
    z.tape().refuse(operation, &[z.into()], mismatch)
}
