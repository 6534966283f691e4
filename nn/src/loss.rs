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

use crate::domain::{distributions, labels, logits, probabilities};
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

/// What the targets of two classes are.
const TWO: &str = "the targets of two classes are 0 and 1";

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
/// 0·log 0 is 0, in the value and in the gradient. A certain a that is wrong costs +∞: nothing is cut off. An a or y outside
/// \[0, 1\] gives an error var that names its row. Where a comes from a sigmoid, [`binary_cross_entropy_with_logits`] is exact
/// for all logits.
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
    let y = probabilities("binary_cross_entropy", "the target", y.values("binary_cross_entropy", a), TWO);
    let help = "a logit is taken by `loss::binary_cross_entropy_with_logits`";
    let a = probabilities("binary_cross_entropy", "the output", a, help);
    // Where a term has no weight, its logarithm is taken of 1: 0·∞ would spoil the gradient.
    let yes = y.gt(0.0).select(a, 1.0).log();
    // log(1 − a), which a rounded 1 − a has lost where a is small.
    let no = y.lt(1.0).select(-a, 0.0).log1p();
    -(y * yes + (1.0 - y) * no).mean(..)
}

/// The same for logits z, where a = sigmoid(z): the mean of y·log(1 + e⁻ᶻ) + (1 − y)·log(1 + eᶻ), without overflow
/// and without cancellation. A term without weight is left out, also where z is infinite. A y outside \[0, 1\] gives an error
/// var that names its row.
///
/// A z that is a sigmoid or a softmax gives an error var, also in another shape, cut, or times 1; what comes of one by other
/// arithmetic is not recognised, and hardly learns.
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
    let y = probabilities("binary_cross_entropy_with_logits", "the target", y, TWO);
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
/// its softmax is 1 for every z. So does a label for which there is no class, and a row of y that is no distribution: a negative
/// number, or a sum that differs from 1 by more than 0.05.
///
/// A z that is a softmax or a sigmoid gives an error var, also in another shape, cut, or times 1; what comes of one by other
/// arithmetic is not recognised, and hardly learns.
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
        Target::Labels(given) => {
            let classes = z.shape().ok().and_then(|shape| shape.last().copied());
            let given = classes.map_or(given, |classes| labels("softmax_cross_entropy", given, classes));
            -z.log_softmax(last).pick(given).mean(..)
        }
        Target::Values(y) => {
            let y = distributions("softmax_cross_entropy", Target::Values(y).values("softmax_cross_entropy", z));
            // A class without weight has no part: 0·log 0 is 0.
            let terms = y.eq(0.0).select(0.0, y * z.log_softmax(last));
            -terms.sum(last).mean(..)
        }
    }
}
