//! Batch normalisation.

use crate::context::Context;
use crate::init::filled;
use crate::layer::Layer;
use crate::module::{Buffer, Module, Param};
use autodiff::{Mismatch, Real, Var};

/// y = γ·(x − μ)/√(σ² + ε) + β for each feature.
///
/// While training, μ and σ² are the mean and the variance over the batch of n examples, and the running averages follow
/// them: m ← (1 − r)·m + r·μ and v ← (1 − r)·v + r·σ²·n/(n − 1). At evaluation, μ = m and σ² = v.
///
/// | array | shape |
/// |---|---|
/// | x, y | \[examples, features\] |
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
/// A training batch of fewer than two examples, which has no variance, gives an error var.
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
            return cx.tape().refuse("batch_norm", &[x.into()], Mismatch::new(message));
        }
        let scale = cx.param(&self.scale);
        if scale.error().is_some() {
            return scale;
        }
        let (mut mean, mut variance) = (cx.buffer(&self.mean), cx.buffer(&self.variance));
        if cx.is_training() {
            let Ok(shape) = x.shape() else { return x };
            let n = shape.first().copied().unwrap_or(0);
            if shape.rank() != 2 || n < 2 {
                let message = format!("x has shape {shape}; it should be [examples, features], two examples or more");
                return cx.tape().refuse("batch_norm", &[x.into()], Mismatch::new(message));
            }
            let follow = |running: Var<'t, F>, now: Var<'t, F>| running * (1.0 - self.rate) + now * self.rate;
            let (running_mean, running_variance) = (mean, variance);
            mean = x.mean(0);
            variance = (x - mean).square().mean(0);
            cx.update(&self.mean, follow(running_mean, mean));
            cx.update(&self.variance, follow(running_variance, variance * (n as f64 / (n as f64 - 1.0))));
        }
        let normal = (x - mean) / (variance + self.epsilon).sqrt();
        (normal * scale).add_bias(cx.param(&self.shift))
    }
}
