//! Sequences, and the loop over their steps that all recurrent layers share.

use super::expected::{refused, unfit};
use crate::context::Context;
use crate::layer::Layer;
use crate::layers::Dense;
use autodiff::primitive::Step;
use autodiff::{Index, Mismatch, Real, Var};

/// What a recurrent layer reads: sequences of one length, or of unequal lengths in one array.
///
/// A var is a sequence of one length. With lengths, what an array has behind the end of a sequence is not read: the state
/// stays as it is at the end, and the outputs are 0.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Gru, Random, Sequence};
///
/// let gru = Gru::new(2, 4, &mut Random::new(0));
/// let tape = Tape::<f64>::new();
/// let cx = Context::evaluation(&tape, &gru);
/// let x = tape.data(ndarray::Array3::from_elem((2, 5, 2), 0.5));
/// let lengths = tape.index(ndarray::array![5, 3]);
/// let (all, last) = gru.states(Sequence::of_lengths(x, lengths), None, &cx);
/// let (all, last) = (all.value()?, last.value()?);
/// assert_eq!(last[[1, 0]], all[[1, 2, 0]]);
/// assert_eq!(all[[1, 3, 0]], 0.0);
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Sequence<'t, F: Real> {
    x: Var<'t, F>,
    lengths: Option<Index<'t, F>>,
}

impl<'t, F: Real> Sequence<'t, F> {
    /// Sequences x \[examples, steps, inputs\] of which the first `lengths` \[examples\] steps count. A length above the number
    /// of steps is refused.
    pub fn of_lengths(x: Var<'t, F>, lengths: Index<'t, F>) -> Self {
        Sequence { x, lengths: Some(lengths) }
    }
}

impl<'t, F: Real> From<Var<'t, F>> for Sequence<'t, F> {
    fn from(x: Var<'t, F>) -> Self {
        Sequence { x, lengths: None }
    }
}

/// What the loop over the steps runs over: each of them has the steps as its first axis.
pub(super) struct Rows<'t, F: Real> {
    steps: usize,
    /// What goes into the state, without what comes from the state before: \[steps, examples, …\].
    inputs: Var<'t, F>,
    /// Where a sequence has not ended: \[steps, examples, 1\].
    within: Option<Var<'t, F>>,
    examples: usize,
}

impl<'t, F: Real> Sequence<'t, F> {
    /// What does not depend on the state, computed for all steps at once; or an error var of `operation`.
    #[track_caller]
    pub(super) fn rows(
        self,
        operation: &str,
        input: &Dense<F>,
        cx: &Context<'t, F>,
    ) -> Result<Rows<'t, F>, Var<'t, F>> {
        let x = self.x;
        let width = input.weight().array().shape().first().copied().unwrap_or(0);
        // A layer that was not made says why itself.
        let known = input.weight().array().ndim() == 2;
        let wanted = format!("[examples, steps, {width}], with {width} numbers for each step");
        let fits = |shape: &[usize]| shape.len() == 3 && (!known || shape.get(2) == Some(&width));
        if let Some(error) = unfit(operation, x, &wanted, fits) {
            return Err(error);
        }
        let (examples, steps) = match x.shape().as_deref() {
            Ok([examples, steps, _]) => (*examples, *steps),
            _ => return Err(x),
        };
        let within = match self.lengths {
            Some(lengths) => Some(within(operation, lengths, examples, steps)?),
            None => None,
        };
        // The steps come first before the product, whose result is three or four times as wide.
        let inputs = input.call(x.permute([1, 0, 2]), cx);
        if inputs.error().is_some() {
            return Err(inputs);
        }
        Ok(Rows { steps, inputs, within, examples })
    }
}

/// 1 in the steps before the end of each sequence, 0 behind it: \[steps, examples, 1\].
#[track_caller]
fn within<'t, F: Real>(
    operation: &str,
    lengths: Index<'t, F>,
    examples: usize,
    steps: usize,
) -> Result<Var<'t, F>, Var<'t, F>> {
    let tape = lengths.tape();
    let refuse = |message: String| tape.refuse(operation, &[lengths.into()], Mismatch::new(message));
    let shape = lengths.shape().unwrap_or_default();
    if lengths.error().is_none() && *shape != [examples] {
        return Err(refuse(format!(
            "the lengths have shape {shape}; it should be [{examples}], one for each sequence"
        )));
    }
    let known = if tape.is_symbolic() { None } else { lengths.value().ok() };
    let long = known.as_ref().and_then(|known| known.iter().enumerate().find(|(_, length)| **length > steps));
    if let Some((example, length)) = long {
        return Err(refuse(format!("the length of sequence {example} is {length}; the array has {steps} steps")));
    }
    // As a row of a table, because a row that does not exist is refused in a plan, too.
    let ends = tape.arange(steps.saturating_add(1)).gather(lengths).reshape([1, examples, 1]);
    let within = tape.arange(steps).reshape([steps, 1, 1]).lt(ends);
    if within.error().is_some() { Err(within) } else { Ok(within) }
}

impl<'t, F: Real> Rows<'t, F> {
    /// A state to start with: as given, if it is \[examples, width\], else zeros.
    #[track_caller]
    pub(super) fn start(
        &self,
        operation: &str,
        given: Option<Var<'t, F>>,
        width: usize,
    ) -> Result<Var<'t, F>, Var<'t, F>> {
        let Some(start) = given else { return Ok(self.inputs.tape().zeros([self.examples, width])) };
        match start.shape() {
            Ok(shape) if *shape == [self.examples, width] => Ok(start),
            Ok(shape) => {
                let wanted = format!("[{}, {width}], a state for each sequence", self.examples);
                Err(refused(operation, start, format!("the first state has shape {shape}; it should be {wanted}")))
            }
            Err(_) => Err(start),
        }
    }

    /// The output of each step, \[examples, steps, width\], and the states after the last one. `cell` gives the output of a step
    /// and the states after it, from those before it and the row of the inputs.
    #[track_caller]
    pub(super) fn looped<const C: usize>(
        self,
        start: [Var<'t, F>; C],
        cell: impl for<'s> FnOnce(Step<'s, 't, F>, [Var<'s, F>; C], Var<'s, F>) -> (Var<'s, F>, [Var<'s, F>; C]),
    ) -> (Var<'t, F>, [Var<'t, F>; C]) {
        let tape = self.inputs.tape();
        let (last, [all]) = match self.within {
            None => tape.scan(self.steps, start, [self.inputs], |step, states, [x]| {
                let (output, next) = cell(step, states, x);
                (next, [output])
            }),
            Some(within) => tape.scan(self.steps, start, [self.inputs, within], |step, states, [x, within]| {
                let (output, mut next) = cell(step, states, x);
                next.iter_mut().zip(states).for_each(|(next, before)| *next = within.select(*next, before));
                (next, [within.select(output, 0.0)])
            }),
        };
        (all.permute([1, 0, 2]), last)
    }
}
