//! The rectifier whose slope is learnt.

use super::expected::{along_channels, unfit};
use crate::context::Context;
use crate::init::filled;
use crate::layer::Layer;
use crate::module::{Module, Param, Stored};
use autodiff::{Real, Var};

/// x for x ≥ 0, a·x below, where a is learnt: one for all elements, or one for each channel.
///
/// | array | shape |
/// |---|---|
/// | x, y | any, or \[batch, channels, …\] |
/// | `slope` a | \[1\], or \[channels\], starts at ¼ |
///
/// The slope at 0 is 1, as that of [`Activation::LeakyRelu`](crate::Activation::LeakyRelu). It is PyTorch's `PReLU`.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Layer, Prelu};
///
/// let prelu = Prelu::new();
/// let tape = Tape::<f64>::new();
/// let y = prelu.forward(tape.data([-4.0, 2.0]), &Context::evaluation(&tape, &prelu));
/// assert_eq!(y.value()?, ndarray::array![-1.0, 2.0].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: He, Zhang, Ren & Sun, "Delving Deep into Rectifiers" (2015), eq. 1.
#[derive(Clone, PartialEq, Debug)]
pub struct Prelu<F: Real> {
    slope: Param<F>,
}

impl<F: Real> Prelu<F> {
    /// One slope for all elements.
    #[expect(clippy::new_without_default, reason = "a layer that is learnt is made on purpose")]
    pub fn new() -> Self {
        Prelu::per_channel(1)
    }

    /// A slope for each channel.
    pub fn per_channel(channels: usize) -> Self {
        Prelu { slope: Param::from_result(filled([channels], F::of(0.25))) }
    }

    /// The slope, \[1\] or \[channels\].
    pub fn slope(&self) -> &Param<F> {
        &self.slope
    }
}

impl<F: Real> Module<F> for Prelu<F> {
    crate::visit!(F; slope);

    fn pytorch(&self) -> Vec<Stored> {
        vec![Stored::new("slope", "weight")]
    }

    fn describe(&self) -> String {
        match self.slope.array().len() {
            1 => "prelu".into(),
            channels => format!("prelu of {channels} channels"),
        }
    }
}

impl<F: Real> Layer<F> for Prelu<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        let slope = cx.param(&self.slope);
        if slope.error().is_some() {
            return slope;
        }
        let slope = match self.slope.array().len() {
            1 => slope,
            channels => {
                let wanted = format!("[batch, {channels}, …], with {channels} channels");
                if let Some(error) = unfit("prelu", x, &wanted, |shape| shape.get(1) == Some(&channels)) {
                    return error;
                }
                slope.reshape(along_channels(channels, x.shape().map_or(2, |shape| shape.rank())))
            }
        };
        // A scalar stays one.
        let slope = if x.shape().is_ok_and(|shape| shape.rank() == 0) { slope.reshape([0; 0]) } else { slope };
        x.ge(0.0).select(x, slope * x)
    }
}
