//! Cross-entropy with settings.

use super::Target;
use crate::domain::{class_scores, distributions, labels_except, logits};
use crate::objective::{LossFunction, Outcome};
use autodiff::{Mismatch, Real, Var};

/// [`softmax_cross_entropy`](crate::loss::softmax_cross_entropy) with smoothed labels, weights of classes, or a label that is
/// ignored. For logits z \[examples, classes\], l = log softmax(z), and targets y (one-hot rows of the labels, or
/// probabilities) of K classes with weights w:
///
/// - the loss of an example is −Σₖ wₖ·qₖ·lₖ, with q = (1 − ε)·y + ε/K;
/// - the loss is the mean over examples, each counting by Σₖ wₖ·yₖ, the weight of its class, and an ignored one not at all:
///   Σᵢ lossᵢ / Σᵢ Σₖ wₖ·yᵢₖ.
///
/// Where nothing counts, the loss is 0. For labels this is PyTorch's definition (whose loss of no labels is NaN); for rows of
/// probabilities with weights, PyTorch divides by the number of examples.
///
/// ```
/// use nn::{LossFunction, loss};
///
/// let tape = autodiff::Tape::<f64>::new();
/// let z = tape.input([[2.0, 0.0], [1.0, 1.0], [0.0, 0.0]]);
/// let labels = tape.index(ndarray::array![0, 1, 9]);
/// // 9 is padding.
/// let cross_entropy = loss::CrossEntropy::new().smoothing(0.1).ignore(9);
/// let loss = cross_entropy.loss(z, labels.into()).loss;
/// let expected = (2f64.exp() + 1.0).ln() - 0.95 * 2.0 + 2f64.ln();
/// assert!((loss.item()? - expected / 2.0).abs() < 1e-15);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// It is passed like a loss function: `Trainer::new(…).fit(&mut model, loss::CrossEntropy::new().smoothing(0.1), &data)`.
///
/// Source of the smoothing: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision" (2016), §7.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct CrossEntropy {
    smoothing: f64,
    class_weights: Option<Vec<f64>>,
    ignored: Option<usize>,
}

impl CrossEntropy {
    /// Without smoothing, weights and an ignored label.
    pub fn new() -> Self {
        CrossEntropy::default()
    }

    /// With the share ε of every target spread over all classes, from 0 to 1.
    pub fn smoothing(self, smoothing: f64) -> Self {
        CrossEntropy { smoothing, ..self }
    }

    /// With a weight for each class, not negative.
    pub fn class_weights(self, weights: impl Into<Vec<f64>>) -> Self {
        CrossEntropy { class_weights: Some(weights.into()), ..self }
    }

    /// Examples with this label are left out, such as padding. There need not be a class of that number.
    pub fn ignore(self, label: usize) -> Self {
        CrossEntropy { ignored: Some(label), ..self }
    }

    /// The loss of each example, −Σₖ wₖ·qₖ·lₖ, \[examples\]; 0 for one that is ignored. For
    /// [`weighted_mean`](crate::loss::weighted_mean).
    ///
    /// ```
    /// let tape = autodiff::Tape::<f64>::new();
    /// let (z, labels) = (tape.input([[0.0, 0.0], [1000.0, 0.0]]), tape.index(ndarray::array![1, 0]));
    /// let terms = nn::loss::CrossEntropy::new().terms(z, labels.into());
    /// assert_eq!(terms.value()?, ndarray::array![2f64.ln(), 0.0].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn terms<'t, F: Real>(&self, z: Var<'t, F>, target: Target<'t, F>) -> Var<'t, F> {
        self.terms_and_weights(z, target).0
    }

    /// The loss of each example, and how much it counts.
    #[track_caller]
    fn terms_and_weights<'t, F: Real>(&self, z: Var<'t, F>, target: Target<'t, F>) -> (Var<'t, F>, Var<'t, F>) {
        let (tape, epsilon) = (z.tape(), self.smoothing);
        let z = class_scores("CrossEntropy", logits("CrossEntropy", z));
        let Some(classes) = z.shape().ok().and_then(|shape| shape.last().copied()) else { return (z, z) };
        if let Err(mismatch) = self.check(classes, &target) {
            let error = tape.refuse("CrossEntropy", &[z.into()], mismatch);
            return (error, error);
        }
        // The share of each class that smoothing gives it.
        let mut share = tape.constant(F::of(epsilon / classes as f64));
        let y = match target {
            Target::Labels(given) => {
                let given = labels_except("CrossEntropy", given, z, classes, self.ignored);
                let is_class = given.to_real().unsqueeze(-1).eq(tape.arange(classes));
                // A replayed step that meets a label without a class is refused for its NaN.
                let rows = given.lt(classes).unsqueeze(-1).select(is_class, f64::NAN);
                match self.ignored {
                    None => rows,
                    Some(label) => {
                        let is_ignored = given.eq(label).unsqueeze(-1);
                        share = is_ignored.select(0.0, share);
                        is_ignored.select(0.0, rows)
                    }
                }
            }
            Target::Values(y) => distributions("CrossEntropy", Target::Values(y).values("CrossEntropy", z)),
        };
        let weights: Vec<F> = self.class_weights.iter().flatten().map(|weight| F::of(*weight)).collect();
        let (mut q, mut y) = (y, y);
        if epsilon > 0.0 {
            q = y * (1.0 - epsilon) + share;
        }
        if !weights.is_empty() {
            let weights = tape.constant(weights);
            (q, y) = (q * weights, y * weights);
        }
        (-q.eq(0.0).select(0.0, q * z.log_softmax(-1)).sum(-1), y.sum(-1))
    }

    fn check<F: Real>(&self, classes: usize, target: &Target<'_, F>) -> Result<(), Mismatch> {
        if !(0.0..=1.0).contains(&self.smoothing) {
            return Err(Mismatch::new(format!("`smoothing` is {}; it should be from 0 to 1", self.smoothing)));
        }
        if let Some(weights) = &self.class_weights {
            if weights.len() != classes {
                return Err(Mismatch::new(format!("there are {} weights for {classes} classes", weights.len())));
            }
            if let Some(weight) = weights.iter().find(|weight| !(**weight >= 0.0 && weight.is_finite())) {
                return Err(Mismatch::new(format!(
                    "a class has the weight {weight}; it should be finite and not negative"
                )));
            }
        }
        match (self.ignored, target) {
            (Some(label), Target::Values(_)) => {
                let mismatch = Mismatch::new(format!("the label {label} is ignored, and the target has no labels"));
                Err(mismatch.with_help("`ignore` takes an index of labels; of rows, `terms` and `loss::weighted_mean`"))
            }
            _ => Ok(()),
        }
    }
}

impl<'t, F: Real> LossFunction<'t, F> for CrossEntropy {
    #[track_caller]
    fn loss(&self, z: Var<'t, F>, target: Target<'t, F>) -> Outcome<'t, F> {
        let (terms, weights) = self.terms_and_weights(z, target);
        // The terms hold the weights of classes already.
        let total = weights.sum(..);
        (terms.sum(..) / total.eq(0.0).select(1.0, total)).into()
    }
}
