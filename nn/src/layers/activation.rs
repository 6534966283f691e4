//! Non-linearities as layers.

use crate::context::Context;
use crate::layer::Layer;
use crate::module::{Attribute, Module, Parts, PartsMut};
use autodiff::{Real, Var};

/// A non-linearity, element by element (softmax: row by row). Slopes at kinks are those of the [`Var`] methods.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Activation, Context, Layer};
///
/// let tape = Tape::<f64>::new();
/// let relu = Activation::Relu;
/// let y = relu.forward(tape.data([-1.0, 2.0]), &Context::evaluation(&tape, &relu));
/// assert_eq!(y.value()?, ndarray::array![0.0, 2.0].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Sources: Matt R, *Neural Networks* (June 2022), §2; lecture slides *Neural Networks*; jkmiller, *Neural Networks*
/// (November 2022), §2 (arctan-sigmoid).
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum Activation {
    /// max(0, x), see [`Var::relu`].
    Relu,
    /// x for x ≥ 0, βx below, see [`Var::leaky_relu`].
    LeakyRelu(f64),
    /// x for x ≥ 0, α(eˣ − 1) below, see [`Var::elu`].
    Elu(f64),
    /// The hyperbolic tangent, see [`Var::tanh`].
    Tanh,
    /// 1/(1 + e⁻ˣ), see [`Var::sigmoid`].
    Sigmoid,
    /// eˣ / Σ eˣ over the last axis, see [`Var::softmax`].
    Softmax,
    /// arctan(x)/π + ½, see [`Var::arctan_sigmoid`].
    ArctanSigmoid,
}

impl Attribute for Activation {}

impl<F: Real> Module<F> for Activation {
    fn visit<'a>(&'a self, parts: &mut Parts<'a, F>) {
        match self {
            Activation::Relu => parts.attribute("relu", &()),
            Activation::LeakyRelu(beta) => parts.attribute("leaky relu", beta),
            Activation::Elu(alpha) => parts.attribute("elu", alpha),
            Activation::Tanh => parts.attribute("tanh", &()),
            Activation::Sigmoid => parts.attribute("sigmoid", &()),
            Activation::Softmax => parts.attribute("softmax", &()),
            Activation::ArctanSigmoid => parts.attribute("arctan-sigmoid", &()),
        }
    }

    fn visit_mut<'a>(&'a mut self, _: &mut PartsMut<'a, F>) {}

    fn describe(&self) -> String {
        match self {
            Activation::Relu => "relu".into(),
            Activation::LeakyRelu(beta) => format!("leaky relu, β = {beta}"),
            Activation::Elu(alpha) => format!("elu, α = {alpha}"),
            Activation::Tanh => "tanh".into(),
            Activation::Sigmoid => "sigmoid".into(),
            Activation::Softmax => "softmax".into(),
            Activation::ArctanSigmoid => "arctan-sigmoid".into(),
        }
    }
}

impl<F: Real> Layer<F> for Activation {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, _: &Context<'t, F>) -> Var<'t, F> {
        match *self {
            Activation::Relu => x.relu(),
            Activation::LeakyRelu(beta) => x.leaky_relu(beta),
            Activation::Elu(alpha) => x.elu(alpha),
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => x.sigmoid(),
            // Of a scalar there is no last axis; `softmax` says so.
            Activation::Softmax => x.softmax(x.shape().map_or(0, |shape| shape.rank().saturating_sub(1))),
            Activation::ArctanSigmoid => x.arctan_sigmoid(),
        }
    }
}
