//! Non-linearities as layers.

use crate::context::Context;
use crate::layer::Layer;
use crate::module::{Attribute, Module, Parts, PartsMut};
use autodiff::{Real, Var};
use serde::{Deserialize, Serialize};
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI};

/// α of [`Activation::Selu`].
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
/// λ of [`Activation::Selu`].
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

/// A non-linearity, element by element (softmax: row by row). Slopes at kinks are those of the [`Var`] methods. Serde writes
/// `"relu"`, `{"leaky_relu": 0.01}`.
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
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Activation {
    /// x itself: what a network that predicts numbers ends with.
    Identity,
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
    /// x·Φ(x), where Φ is the distribution function of the standard normal distribution (Hendrycks & Gimpel, "Gaussian Error
    /// Linear Units", 2016).
    Gelu,
    /// ½x·(1 + tanh(√(2/π)·(x + 0.044715x³))), which is [`Gelu`](Self::Gelu) to three digits (ibid., §2).
    GeluTanh,
    /// x·σ(x), also known as swish (ibid., §2).
    Silu,
    /// x·tanh(log(1 + eˣ)) (Misra, "Mish", 2020).
    Mish,
    /// λ·[elu](Self::Elu) with the λ and α that keep mean 0 and variance 1 (Klambauer, Unterthiner, Mayr & Hochreiter,
    /// "Self-Normalizing Neural Networks", 2017, eq. 2 and 14).
    Selu,
    /// log(1 + eˣ), see [`Var::softplus`].
    Softplus,
    /// x/(1 + |x|) (Bergstra, Desjardins, Lamblin & Bengio, 2009).
    Softsign,
    /// x/6 + ½, limited to \[0, 1\], with half the slope at a limit (Howard et al., "Searching for MobileNetV3", 2019, §5.2).
    HardSigmoid,
    /// x times the [hard sigmoid](Self::HardSigmoid) (ibid.).
    HardSwish,
    /// −1, 0 or 1, the unit of a perceptron, see [`Var::sign`]. It has no derivative: training refuses it.
    Sign,
}

impl Attribute for Activation {}

impl<F: Real> Module<F> for Activation {
    fn visit<'a>(&'a self, parts: &mut Parts<'a, F>) {
        match self {
            Activation::Identity => parts.attribute("identity", &()),
            Activation::Relu => parts.attribute("relu", &()),
            Activation::LeakyRelu(beta) => parts.attribute("leaky relu", beta),
            Activation::Elu(alpha) => parts.attribute("elu", alpha),
            Activation::Tanh => parts.attribute("tanh", &()),
            Activation::Sigmoid => parts.attribute("sigmoid", &()),
            Activation::Softmax => parts.attribute("softmax", &()),
            Activation::ArctanSigmoid => parts.attribute("arctan-sigmoid", &()),
            Activation::Gelu => parts.attribute("gelu", &()),
            Activation::GeluTanh => parts.attribute("gelu by tanh", &()),
            Activation::Silu => parts.attribute("silu", &()),
            Activation::Mish => parts.attribute("mish", &()),
            Activation::Selu => parts.attribute("selu", &()),
            Activation::Softplus => parts.attribute("softplus", &()),
            Activation::Softsign => parts.attribute("softsign", &()),
            Activation::HardSigmoid => parts.attribute("hard sigmoid", &()),
            Activation::HardSwish => parts.attribute("hard swish", &()),
            Activation::Sign => parts.attribute("sign", &()),
        }
    }

    fn visit_mut<'a>(&'a mut self, _: &mut PartsMut<'a, F>) {}

    fn describe(&self) -> String {
        match self {
            Activation::Identity => "identity".into(),
            Activation::Relu => "relu".into(),
            Activation::LeakyRelu(beta) => format!("leaky relu, β = {beta}"),
            Activation::Elu(alpha) => format!("elu, α = {alpha}"),
            Activation::Tanh => "tanh".into(),
            Activation::Sigmoid => "sigmoid".into(),
            Activation::Softmax => "softmax".into(),
            Activation::ArctanSigmoid => "arctan-sigmoid".into(),
            Activation::Gelu => "gelu".into(),
            Activation::GeluTanh => "gelu by tanh".into(),
            Activation::Silu => "silu".into(),
            Activation::Mish => "mish".into(),
            Activation::Selu => "selu".into(),
            Activation::Softplus => "softplus".into(),
            Activation::Softsign => "softsign".into(),
            Activation::HardSigmoid => "hard sigmoid".into(),
            Activation::HardSwish => "hard swish".into(),
            Activation::Sign => "sign".into(),
        }
    }
}

impl<F: Real> Layer<F> for Activation {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, _: &Context<'t, F>) -> Var<'t, F> {
        match *self {
            Activation::Identity => x,
            Activation::Relu => x.relu(),
            Activation::LeakyRelu(beta) => x.leaky_relu(beta),
            Activation::Elu(alpha) => x.elu(alpha),
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => x.sigmoid(),
            // Of a scalar there is no last axis; `softmax` says so.
            Activation::Softmax => x.softmax(x.shape().map_or(0, |shape| shape.rank().saturating_sub(1))),
            Activation::ArctanSigmoid => x.arctan_sigmoid(),
            // By the complement of erf, which keeps the digits of Φ where it is small.
            Activation::Gelu => x * (x * -FRAC_1_SQRT_2).erfc() * 0.5,
            Activation::GeluTanh => {
                let inner = (x + x.powi(3) * 0.044715) * FRAC_2_PI.sqrt();
                // ½(1 + tanh u) = σ(2u), which keeps its digits where it is small.
                x * (inner * 2.0).sigmoid()
            }
            Activation::Silu => x * x.sigmoid(),
            Activation::Mish => x * x.softplus().tanh(),
            Activation::Selu => x.elu(SELU_ALPHA) * SELU_SCALE,
            Activation::Softplus => x.softplus(),
            Activation::Softsign => x / (x.abs() + 1.0),
            Activation::HardSigmoid => (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Activation::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Activation::Sign => x.sign(),
        }
    }
}
