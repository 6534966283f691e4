//! What losses and metrics take: probabilities, distributions over classes, labels, logits.
//!
//! A loss looks at numbers where there are some: on a tape with values an error var names the row. A step that is replayed
//! computes NaN there, which it refuses, and is recorded once more to say why.

use crate::data::row;
use autodiff::{Arg, Index, Mismatch, Real, Shape, Tape, Var};
use ndarray::ArrayViewD;

/// How far from 1 the probabilities of a row may add up: they may be rounded to two decimals.
const ROUNDED: f64 = 0.05;

/// `x`, which is called `what`, if its elements are probabilities.
#[track_caller]
pub(crate) fn probabilities<'t, F: Real>(operation: &str, what: &str, x: Var<'t, F>, help: &str) -> Var<'t, F> {
    let outside = |p: &F| *p < F::zero() || *p > F::one();
    let wrong = known(x, |array| {
        let (position, number) = array.iter().enumerate().find(|(_, p)| outside(p))?;
        Some(format!(
            "{what} is {number} in row {} (counted from 0), and no probability in [0, 1]",
            row(array.shape(), position)
        ))
    });
    match wrong {
        Some(message) => x.tape().refuse(operation, &[x.into()], Mismatch::new(message).with_help(help)),
        None => x.clamp(0.0, 1.0).eq(x).select(x, f64::NAN),
    }
}

/// `x`, which is called `what`, if none of its elements is negative.
#[track_caller]
pub(crate) fn not_negative<'t, F: Real>(operation: &str, what: &str, x: Var<'t, F>) -> Var<'t, F> {
    let wrong = known(x, |array| {
        let (position, number) = array.iter().enumerate().find(|(_, number)| **number < F::zero())?;
        Some(format!(
            "{what} is {number} in row {} (counted from 0); it should not be negative",
            row(array.shape(), position)
        ))
    });
    match wrong {
        Some(message) => x.tape().refuse(operation, &[x.into()], Mismatch::new(message)),
        None => x.ge(0.0).select(x, f64::NAN),
    }
}

/// The target `y` if its rows are distributions over classes.
#[track_caller]
pub(crate) fn distributions<'t, F: Real>(operation: &str, y: Var<'t, F>) -> Var<'t, F> {
    match known(y, |array| no_distribution("the targets", array)) {
        Some(message) => y.tape().refuse(operation, &[y.into()], Mismatch::new(message).with_help(ROWS)),
        None => {
            let total = y.ge(0.0).select(y, f64::NAN).sum_keep(-1);
            (total - 1.0).abs().le(ROUNDED).select(y, f64::NAN)
        }
    }
}

/// What a row of targets should be.
pub(crate) const ROWS: &str = "a row has a probability for each class, such as 1 for one and 0 for the others; leave out examples that have no class";

/// What is wrong with the first row that is not a distribution over classes; `what` names the array in the message.
pub(crate) fn no_distribution<F: Real>(what: &str, rows: ArrayViewD<'_, F>) -> Option<String> {
    let width = rows.shape().last().copied().unwrap_or(1).max(1);
    let flat: Vec<F> = rows.iter().copied().collect();
    flat.chunks(width).enumerate().find_map(|(i, numbers)| {
        let row = row(rows.shape(), i * width);
        let sum: f64 = numbers.iter().map(|p| p.double()).sum();
        match numbers.iter().find(|p| **p < F::zero()) {
            Some(p) => Some(format!("row {row} (counted from 0) of {what} has {p}, which is no probability")),
            None if (sum - 1.0).abs() > ROUNDED => {
                Some(format!("row {row} (counted from 0) of {what} adds up to {sum}, not to 1"))
            }
            None => None,
        }
    })
}

/// `x` if its rows are scores of classes, of which there are two or more.
#[track_caller]
pub(crate) fn class_scores<'t, F: Real>(operation: &str, x: Var<'t, F>) -> Var<'t, F> {
    let Ok(shape) = x.shape() else { return x };
    let mismatch = match shape.last() {
        None => Mismatch::new("the output is a single number; it should be [examples, classes]"),
        Some(1) => Mismatch::new("there is one class, whose probability is 1 whatever the logit: nothing is learnt")
            .with_help("two classes take two columns; one column takes `loss::binary_cross_entropy_with_logits`"),
        _ => return x,
    };
    x.tape().refuse(operation, &[x.into()], mismatch)
}

/// `l` if its elements are logarithms of probabilities; rounding may leave them a little above 0.
#[track_caller]
pub(crate) fn log_probabilities<'t, F: Real>(operation: &str, l: Var<'t, F>) -> Var<'t, F> {
    const ROUNDING: f64 = 1e-3;
    let wrong = known(l, |array| {
        let (position, number) = array.iter().enumerate().find(|(_, l)| **l > F::of(ROUNDING))?;
        Some(format!(
            "the output is {number} in row {} (counted from 0), and no logarithm of a probability",
            row(array.shape(), position)
        ))
    });
    match wrong {
        Some(message) => {
            let help =
                "`z.log_softmax(-1)` makes them of logits; `loss::softmax_cross_entropy` takes the logits themselves";
            l.tape().refuse(operation, &[l.into()], Mismatch::new(message).with_help(help))
        }
        None => l.le(ROUNDING).select(l, f64::NAN),
    }
}

/// The labels if there is one for each row of `z` and there are so many classes.
#[track_caller]
pub(crate) fn labels<'t, F: Real>(operation: &str, given: Index<'t, F>, z: Var<'t, F>, classes: usize) -> Index<'t, F> {
    labels_except(operation, given, z, classes, None)
}

/// The labels if there is one for each row of `z`, and there are so many classes, or they are the one that is ignored.
#[track_caller]
pub(crate) fn labels_except<'t, F: Real>(
    operation: &str,
    labels: Index<'t, F>,
    z: Var<'t, F>,
    classes: usize,
    ignored: Option<usize>,
) -> Index<'t, F> {
    if let (Ok(own), Ok(given)) = (z.shape(), labels.shape())
        && let Some(mismatch) = other_rows(&own, &given)
    {
        return Arg::Real(labels.tape().refuse(operation, &[z.into(), labels.into()], mismatch)).index();
    }
    let array = if labels.tape().is_symbolic() { None } else { labels.value().ok() };
    let has_class = |label: usize| label < classes || Some(label) == ignored;
    let wrong = array.as_ref().and_then(|array| array.iter().enumerate().find(|(_, label)| !has_class(**label)));
    let Some(((position, label), array)) = wrong.zip(array.as_ref()) else { return labels };
    let row = row(array.shape(), position);
    let message = format!("the label in row {row} (counted from 0) is {label}; there are {classes} classes, from 0");
    let mismatch = Mismatch::new(message).with_help("labels count from 0: of labels from 1, subtract 1");
    Arg::Real(labels.tape().refuse(operation, &[labels.into()], mismatch)).index()
}

/// What is wrong with labels of shape `given`, unless there is one for each row of an output.
fn other_rows(output: &Shape, given: &Shape) -> Option<Mismatch> {
    let (_, rows) = output.split_last()?;
    if rows == &**given {
        return None;
    }
    let rows = Shape::from(rows);
    let message = format!("the labels {given} should have the shape {rows}: one for each row of the output {output}");
    let mismatch = Mismatch::new(message);
    Some(match () {
        () if is_each_step(&rows, given) => mismatch.with_help(ONE_FOR_EACH),
        () if rows.size() == given.size() => {
            mismatch.with_help(format!("`labels.reshape({rows})` would fit, if the elements are in the same order"))
        }
        () => mismatch,
    })
}

/// Whether there is one for each example where an output has one for each step of each example.
pub(crate) fn is_each_step(output: &[usize], given: &[usize]) -> bool {
    matches!((output, given), ([n, _], [m]) if n == m)
}

/// What is said of that.
pub(crate) const ONE_FOR_EACH: &str = "the output is one for each step of a sequence; for one label for each example, a \
                                       recurrent layer takes `only_last()`";

/// The logits `z`. What takes logits takes no probabilities: a softmax of a softmax hardly learns.
#[track_caller]
pub(crate) fn logits<'t, F: Real>(operation: &str, z: Var<'t, F>) -> Var<'t, F> {
    let squashed = unwrapped(z).operation();
    if !["softmax", "sigmoid"].contains(&squashed) {
        return z;
    }
    let mismatch = Mismatch::new(format!("the output is a {squashed} already; this loss takes what goes into one"))
        .with_help(format!("leave the {squashed} out of the model, and apply it to predictions"));
    z.tape().refuse(operation, &[z.into()], mismatch)
}

/// What `x` has the elements of: behind other shapes, cuts and factors of 1.
fn unwrapped<F: Real>(mut x: Var<'_, F>) -> Var<'_, F> {
    const KEEPS: [&str; 6] = ["reshape", "transpose", "broadcast_to", "slice", "slice_step", "flip"];
    loop {
        let kept = match (x.operation(), x.operands().as_slice()) {
            (name, [Arg::Real(a)]) if KEEPS.contains(&name) => *a,
            ("mul", [Arg::Real(a), Arg::Real(b)]) if is_one(*b) => *a,
            ("mul", [Arg::Real(a), Arg::Real(b)]) if is_one(*a) => *b,
            _ => return x,
        };
        x = kept;
    }
}

/// Whether `x` is the constant 1, in any shape.
fn is_one<F: Real>(x: Var<'_, F>) -> bool {
    match (x.operation(), x.operands().as_slice()) {
        ("broadcast_to", [Arg::Real(a)]) => is_one(*a),
        _ => x.constant().is_some_and(|array| array.iter().all(|number| *number == F::one())),
    }
}

/// What `find` finds in the value of `x`, if it has one.
fn known<F: Real>(x: Var<'_, F>, find: impl FnOnce(ArrayViewD<'_, F>) -> Option<String>) -> Option<String> {
    let tape: &Tape<F> = x.tape();
    if tape.is_symbolic() { None } else { x.read(find).ok().flatten() }
}
