//! Normalisation of groups of channels.

use super::expected::{along_channels, refused, unfit};
use crate::context::Context;
use crate::init::filled;
use crate::layer::Layer;
use crate::module::{Module, Param, Stored};
use autodiff::{Real, Var};

/// y = γ·(x − μ)/√(σ² + ε) + β, where μ and σ² are the mean and the variance (divided by n) of a group of neighbouring
/// channels of one example, and γ and β belong to each channel.
///
/// | array | shape |
/// |---|---|
/// | x, y | \[batch, channels, …\] |
/// | `scale` γ, `shift` β | \[channels\], start at 1 and 0 |
///
/// It is PyTorch's `GroupNorm`, and the same while training and at evaluation. One group for each channel is *instance
/// normalisation*.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, GroupNorm, Layer};
///
/// let norm = GroupNorm::new(2, 4).epsilon(0.0);
/// let tape = Tape::<f64>::new();
/// let y = norm.forward(tape.data([[1.0, 3.0, 10.0, 4.0]]), &Context::evaluation(&tape, &norm));
/// assert_eq!(y.value()?, ndarray::array![[-1.0, 1.0, 1.0, -1.0]].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Wu & He, "Group Normalization" (2018), eq. 1 to 7.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupNorm<F: Real> {
    scale: Param<F>,
    shift: Param<F>,
    groups: usize,
    epsilon: f64,
}

impl<F: Real> GroupNorm<F> {
    /// Normalises `channels` channels in `groups` groups, with ε = 10⁻⁵. Groups that do not divide the channels give an error
    /// var.
    pub fn new(groups: usize, channels: usize) -> Self {
        let fill = |number: f64| Param::from_result(filled([channels], F::of(number)));
        GroupNorm { scale: fill(1.0), shift: fill(0.0), groups, epsilon: 1e-5 }
    }

    /// With ε, which keeps the quotient finite.
    pub fn epsilon(self, epsilon: f64) -> Self {
        GroupNorm { epsilon, ..self }
    }
}

impl<F: Real> Module<F> for GroupNorm<F> {
    crate::visit!(F; scale, shift; attributes groups, epsilon);

    fn pytorch(&self) -> Vec<Stored> {
        vec![Stored::new("scale", "weight"), Stored::new("shift", "bias")]
    }

    fn describe(&self) -> String {
        format!("normalisation of {} channels in {} groups", self.scale.array().len(), self.groups)
    }
}

impl<F: Real> Layer<F> for GroupNorm<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        let (groups, epsilon) = (self.groups, self.epsilon);
        let scale = cx.param(&self.scale);
        if scale.error().is_some() {
            return scale;
        }
        let channels = self.scale.array().len();
        if channels.checked_rem(groups) != Some(0) || !(epsilon >= 0.0 && epsilon.is_finite()) {
            let message = format!(
                "there are {groups} groups of {channels} channels, and epsilon is {epsilon}; the groups should divide the \
                 channels, and epsilon be finite and not negative"
            );
            return refused("group_norm", x, message);
        }
        let wanted = format!("[batch, {channels}, …], with {channels} channels");
        if let Some(error) = unfit("group_norm", x, &wanted, |shape| shape.get(1) == Some(&channels)) {
            return error;
        }
        let Ok(shape) = x.shape() else { return x };
        let batch = shape.first().copied().unwrap_or(0);
        let size = shape.iter().skip(1).product::<usize>() / groups;
        let grouped = x.reshape([batch, groups, size]);
        let centred = grouped - grouped.mean_keep(2);
        let normal = centred / (centred.square().mean_keep(2) + epsilon).sqrt();
        let along = along_channels(channels, shape.rank());
        normal.reshape(shape) * scale.reshape(along.clone()) + cx.param(&self.shift).reshape(along)
    }
}
