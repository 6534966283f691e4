//! The dense layer.

use crate::context::Context;
use crate::init::{Init, filled};
use crate::layer::Layer;
use crate::module::{Module, Param, Stored};
use crate::random::Random;
use autodiff::{Mismatch, Real, Var};

/// y = x W + b: every output depends on every input.
///
/// | array | shape |
/// |---|---|
/// | x | \[examples, inputs\] |
/// | `weight` | \[inputs, outputs\] |
/// | `bias` | \[outputs\], starts at zero |
/// | y | \[examples, outputs\] |
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Dense, Layer};
///
/// let dense = Dense::from_arrays(ndarray::array![[1.0], [2.0]], Some(ndarray::array![0.5]));
/// let tape = Tape::<f64>::new();
/// let y = dense.forward(tape.data([[3.0, 4.0]]), &Context::evaluation(&tape, &dense));
/// assert_eq!(y.item()?, 11.5);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Matt R, *Neural Networks* (June 2022), §3.1, with examples as rows.
#[derive(Clone, PartialEq, Debug)]
pub struct Dense<F: Real> {
    weight: Param<F>,
    bias: Option<Param<F>>,
}

impl<F: Real> Dense<F> {
    /// A layer from `inputs` to `outputs` whose weights are drawn by `init`.
    pub fn new(inputs: usize, outputs: usize, init: Init, random: &mut Random) -> Self {
        let weight = Param::from_result(init.draw([inputs, outputs], inputs, outputs, random));
        Dense { weight, bias: Some(Param::from_result(filled([outputs], F::zero()))) }
    }

    /// The same layer without a bias.
    pub fn without_bias(self) -> Self {
        Dense { weight: self.weight, bias: None }
    }

    /// A layer with given weights \[inputs, outputs\] and bias \[outputs\].
    pub fn from_arrays(weight: ndarray::Array2<F>, bias: Option<ndarray::Array1<F>>) -> Self {
        Dense { weight: Param::new(weight), bias: bias.map(Param::new) }
    }

    /// Why x does not fit, if its examples are not of as many numbers as there are inputs.
    fn mismatch(&self, x: Var<'_, F>) -> Option<Mismatch> {
        let (shape, [inputs, outputs]) = (x.shape().ok()?, self.weight.array().shape().try_into().ok()?);
        match (&*shape, shape.last()) {
            ([_] | [_, _], Some(given)) if *given != inputs => {
                let message = format!("x {shape} has {given} numbers for each example, the layer takes {inputs}");
                Some(Mismatch::new(message).with_help(format!("a layer from {given} to {outputs} would fit")))
            }
            ([_, rest @ ..], Some(given)) if *given != inputs => {
                let message = format!("x {shape} has {given} numbers along its last axis, the layer takes {inputs}");
                let flat = rest.iter().product::<usize>();
                let help = match flat == inputs {
                    true => format!("put `Flatten` before it, which makes one row of {flat} numbers of each example"),
                    false => {
                        format!("a layer from {given} to {outputs} would fit, or after `Flatten` one from {flat}")
                    }
                };
                Some(Mismatch::new(message).with_help(help))
            }
            _ => None,
        }
    }

    /// The weights, \[inputs, outputs\].
    pub fn weight(&self) -> &Param<F> {
        &self.weight
    }

    /// The bias, \[outputs\].
    pub fn bias(&self) -> Option<&Param<F>> {
        self.bias.as_ref()
    }
}

impl<F: Real> Module<F> for Dense<F> {
    crate::visit!(F; weight, bias);

    fn pytorch(&self) -> Vec<Stored> {
        vec![Stored::new("weight", "weight").transposed()]
    }

    fn describe(&self) -> String {
        let length = |axis| self.weight.array().shape().get(axis).copied().unwrap_or(0);
        let bias = if self.bias.is_some() { "" } else { ", no bias" };
        format!("dense {} → {}{bias}", length(0), length(1))
    }
}

impl<F: Real> Layer<F> for Dense<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        let weight = cx.param(&self.weight);
        if let Some(mismatch) = self.mismatch(x) {
            return cx.tape().refuse("dense", &[x.into(), weight.into()], mismatch);
        }
        let y = x.matmul(weight);
        match &self.bias {
            Some(bias) => y.add_bias(cx.param(bias)),
            None => y,
        }
    }
}
