//! Batch normalisation.

use super::expected::{along_channels, refused};
use crate::context::Context;
use crate::init::filled;
use crate::layer::Layer;
use crate::module::{Buffer, Module, Param, Stored};
use autodiff::{Real, Var};

/// y = γ·(x − μ)/√(σ² + ε) + β for each feature, or for each channel of images.
///
/// While training, μ and σ² are the mean and the variance of the n numbers that the batch has of a feature (the examples, or
/// the pixels of all of them), and the running averages follow them: m ← (1 − r)·m + r·μ and
/// v ← (1 − r)·v + r·σ²·n/(n − 1). At evaluation, μ = m and σ² = v.
///
/// | array | shape |
/// |---|---|
/// | x, y | \[examples, features\], or \[examples, features, …\], such as \[batch, channels, height, width\] |
/// | `scale` γ, `shift` β | \[features\], start at 1 and 0 |
/// | `mean` m, `variance` v, buffers | \[features\], start at 0 and 1 |
///
/// ```
/// use nn::{BatchNorm, Dataset, Sgd, Step, loss};
///
/// let mut norm = BatchNorm::<f64>::new(1);
/// let batch = Dataset::valued(ndarray::array![[1.0], [3.0]], ndarray::array![[0.0], [0.0]])?;
/// Step::new(Sgd::new(0.1), loss::mean_squared).run(&mut norm, &batch, 0)?;
/// // 0.9·0 + 0.1·2, and 0.9·1 + 0.1·1·2/1.
/// assert_eq!(norm.mean().array()[0], 0.2);
/// assert!((norm.variance().array()[0] - 1.1).abs() < 1e-15);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// A training batch with fewer than two numbers of a feature, which have no variance, gives an error var. It is PyTorch's
/// `BatchNorm1d` and `BatchNorm2d`.
///
/// Source: Ioffe & Szegedy, "Batch Normalization" (2015), Algorithms 1 and 2.
#[derive(Clone, PartialEq, Debug)]
pub struct BatchNorm<F: Real> {
    scale: Param<F>,
    shift: Param<F>,
    mean: Buffer<F>,
    variance: Buffer<F>,
    rate: f64,
    epsilon: f64,
}

impl<F: Real> BatchNorm<F> {
    /// Normalises `features` features, with r = 0.1 and ε = 10⁻⁵.
    pub fn new(features: usize) -> Self {
        let fill = |number: f64| filled([features], F::of(number));
        BatchNorm {
            scale: Param::from_result(fill(1.0)),
            shift: Param::from_result(fill(0.0)),
            // Without memory the parameters say so, and these are not reached.
            mean: Buffer::new(fill(0.0).unwrap_or_default()),
            variance: Buffer::new(fill(1.0).unwrap_or_default()),
            rate: 0.1,
            epsilon: 1e-5,
        }
    }

    /// With the weight r of a batch in the running averages.
    pub fn rate(self, rate: f64) -> Self {
        BatchNorm { rate, ..self }
    }

    /// With ε, which keeps the quotient finite.
    pub fn epsilon(self, epsilon: f64) -> Self {
        BatchNorm { epsilon, ..self }
    }

    /// The running mean m, \[features\].
    pub fn mean(&self) -> &Buffer<F> {
        &self.mean
    }

    /// The running variance v, \[features\].
    pub fn variance(&self) -> &Buffer<F> {
        &self.variance
    }
}

impl<F: Real> Module<F> for BatchNorm<F> {
    crate::visit!(F; scale, shift, mean, variance; attributes rate, epsilon);

    fn pytorch(&self) -> Vec<Stored> {
        vec![
            Stored::new("scale", "weight"),
            Stored::new("shift", "bias"),
            Stored::new("mean", "running_mean"),
            Stored::new("variance", "running_var"),
            Stored::unused("num_batches_tracked"),
        ]
    }

    fn describe(&self) -> String {
        format!("batch normalisation of {}", self.scale.array().len())
    }
}

impl<F: Real> Layer<F> for BatchNorm<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        let fits = self.rate >= 0.0 && self.rate <= 1.0 && self.epsilon >= 0.0 && self.epsilon.is_finite();
        if !fits {
            let message = format!(
                "the rate is {} and epsilon {}; they should lie in [0, 1] and be finite and not negative",
                self.rate, self.epsilon
            );
            return refused("batch_norm", x, message);
        }
        let scale = cx.param(&self.scale);
        if scale.error().is_some() {
            return scale;
        }
        let Ok(shape) = x.shape() else { return x };
        // How many numbers there are of each feature.
        let features = self.scale.array().len();
        let n = shape.iter().enumerate().filter(|(axis, _)| *axis != 1).map(|(_, length)| *length).product::<usize>();
        if shape.rank() < 2 || shape.get(1) != Some(&features) || (cx.is_training() && n < 2) {
            let few = if cx.is_training() { ", with two numbers or more of each feature" } else { "" };
            let wanted = format!("[examples, {features}] or [examples, {features}, …]{few}");
            return refused("batch_norm", x, format!("x has shape {shape}; it should be {wanted}"));
        }
        // A number of each feature, in the shape that goes along the features of x.
        let along = along_channels(features, shape.rank());
        let spread = |number: Var<'t, F>| match along.rank() {
            1 => number,
            _ => number.reshape(along.clone()),
        };
        let others: Vec<usize> = (0..shape.rank()).filter(|axis| *axis != 1).collect();
        let (mut mean, mut variance) = (cx.buffer(&self.mean), cx.buffer(&self.variance));
        if cx.is_training() {
            let follow = |running: Var<'t, F>, now: Var<'t, F>| running * (1.0 - self.rate) + now * self.rate;
            let (running_mean, running_variance) = (mean, variance);
            mean = x.mean(others.clone());
            variance = (x - spread(mean)).square().mean(others);
            cx.update(&self.mean, follow(running_mean, mean));
            cx.update(&self.variance, follow(running_variance, variance * (n as f64 / (n as f64 - 1.0))));
        }
        let normal = (x - spread(mean)) / spread((variance + self.epsilon).sqrt());
        let (scaled, shift) = (normal * spread(scale), cx.param(&self.shift));
        if along.rank() == 1 { scaled.add_bias(shift) } else { scaled + spread(shift) }
    }
}
