//! Dropout.

use crate::context::Context;
use crate::layer::Layer;
use crate::module::Module;
use autodiff::{Mismatch, Real, Var};

/// Inverted dropout: while training, each element is kept with probability p and divided by p, else it is 0, so that its
/// expectation is unchanged; at evaluation, nothing happens.
///
/// The mask comes from the key of the [`Context`], which is an input of the tape: the same key gives the same mask,
/// another key another one. A `keep_prob` outside (0, 1] gives an error var.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Dropout, Layer};
///
/// let dropout = Dropout { keep_prob: 0.5 };
/// let tape = Tape::<f64>::new();
/// let x = tape.data([1.0; 8]);
/// let y = dropout.forward(x, &Context::training(&tape, &dropout, 1)).value()?;
/// assert!(y.iter().all(|y| [0.0, 2.0].contains(y)));
/// let z = dropout.forward(x, &Context::evaluation(&tape, &dropout)).value()?;
/// assert_eq!(z, x.value()?);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Matt R, *Neural Networks* (March 2022), §5.1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Dropout {
    /// The probability p that an element is kept.
    pub keep_prob: f64,
}

impl<F: Real> Module<F> for Dropout {
    crate::visit!(F; attributes keep_prob);

    fn describe(&self) -> String {
        format!("dropout, keeps {}", self.keep_prob)
    }
}

impl<F: Real> Layer<F> for Dropout {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        let p = self.keep_prob;
        if !(p > 0.0 && p <= 1.0) {
            let message = format!("the probability of keeping an element is {p}; it should be above 0 and at most 1");
            return cx.tape().refuse("dropout", &[x.into()], Mismatch::new(message));
        }
        match x.shape() {
            Ok(shape) if cx.is_training() && p < 1.0 => x.masked(cx.uniform(shape).lt(p)) / p,
            _ => x,
        }
    }
}
