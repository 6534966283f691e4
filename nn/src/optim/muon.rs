//! Muon.

use super::settings::{not_negative, positive, weight_of_past};
use super::{AdamW, ParameterState, Position, Recurrence, Schedule};
use autodiff::{Real, Var};

/// Momentum whose singular values are made nearly equal, for parameters with two axes, \[inputs, outputs\]:
///
/// - v ← β·v + (1 − β)·g, from v = 0, and u = β·v + (1 − β)·g;
/// - X₀ = u/(‖u‖ + 10⁻⁷), by the Frobenius norm, and five times Xₖ₊₁ = a·Xₖ + (b·A + c·A²)·Xₖ with A = XₖXₖᵀ, where
///   a = 3.4445, b = −4.775, c = 2.0315 (of a matrix with more rows than columns, the transpose of what its transpose gives);
/// - w ← w − α·√max(1, outputs/inputs)·X₅ − α·λ·w.
///
/// The iteration of Newton and Schulz moves every singular value to about 1. Parameters with another number of axes (biases,
/// kernels of convolutions) follow [`AdamW`], with a rate of their own. The source leaves embeddings and the last layer to AdamW,
/// too; here they are matrices like others.
///
/// ```
/// let muon = nn::Muon::new(0.02);
/// assert_eq!((muon.beta, muon.decay, muon.adam.rate), (0.95, 0.0, 0.001));
/// ```
///
/// It names no limit of gradients: next to its products, looking at what is written takes little time.
///
/// Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024); PyTorch's rounds the iteration to
/// bfloat16, this one computes it in the precision of the model.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Muon {
    /// The learning rate α of parameters with two axes, above 0.
    pub rate: f64,
    /// The weight β of the past, in [0, 1).
    pub beta: f64,
    /// The weight decay λ of parameters with two axes, not negative; 0 unless said otherwise.
    pub decay: f64,
    /// What parameters with another number of axes follow. A schedule multiplies its rate, too.
    pub adam: AdamW,
}

impl Muon {
    /// Muon at the learning rate α = `rate`, with β = 0.95, λ = 0, and AdamW at a twentieth of α without decay for what is no
    /// matrix.
    pub fn new(rate: f64) -> Self {
        Muon { rate, beta: 0.95, decay: 0.0, adam: AdamW { decay: 0.0, ..AdamW::new(rate / 20.0) } }
    }
}

impl Recurrence for Muon {
    fn rate(&self, _: Position) -> f64 {
        self.rate
    }

    fn update<'t, F: Real>(
        &self,
        w: Var<'t, F>,
        g: Var<'t, F>,
        state: &mut ParameterState<'t, '_, F>,
        now: Schedule<'t, F>,
    ) -> Var<'t, F> {
        let settings =
            positive("rate", self.rate).and(weight_of_past("beta", self.beta)).and(not_negative("decay", self.decay));
        if let Err(mismatch) = settings {
            return w.tape().refuse("Muon", &[], mismatch);
        }
        let shape = w.shape().unwrap_or_default();
        let &[inputs, outputs] = &*shape else {
            return self.adam.update(w, g, state, Schedule { rate: now.rate * (self.adam.rate / self.rate), ..now });
        };
        let average = |v: Var<'t, F>| v * self.beta + g * (1.0 - self.beta);
        let u = average(state.update("v", average));
        let direction = match inputs > outputs {
            true => orthogonal(u.transpose()).transpose(),
            false => orthogonal(u),
        };
        let scale = (outputs as f64 / inputs.max(1) as f64).max(1.0).sqrt();
        w - now.rate * (direction * scale + self.decay * w)
    }
}

/// Five steps of the iteration of Newton and Schulz.
fn orthogonal<'t, F: Real>(u: Var<'t, F>) -> Var<'t, F> {
    let mut x = u / (u.norm(..) + 1e-7);
    for _ in 0..5 {
        let a = x.matmul(x.transpose());
        let polynomial = a * -4.775 + a.matmul(a) * 2.0315;
        x = x * 3.4445 + polynomial.matmul(x);
    }
    x
}
