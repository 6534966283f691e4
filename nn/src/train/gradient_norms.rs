//! The norms of the gradients of the layers.

use super::observer::{Epoch, Observer, Training};
use super::step::StepResult;
use crate::error::mismatch;
use autodiff::{Real, Result};
use std::ops::ControlFlow;

/// Remembers the norm of the gradient of every layer, averaged over the steps of each epoch: where it falls from layer
/// to layer, gradients vanish, and where it grows, they explode.
///
/// A layer is what has parameters of its own: the norm is over all elements of those, before an optimizer clips
/// anything.
///
/// ```
/// use nn::{Dataset, Dense, GradientNorms, Init, Random, Sequential, Sgd, Trainer, loss};
/// let data = Dataset::<f64>::valued([[1.0], [2.0]], [[1.0], [3.0]])?;
/// let mut random = Random::new(0);
/// let dense = |random: &mut Random| Dense::new(1, 1, Init::Xavier, random);
/// let mut model = Sequential::new().then(dense(&mut random)).then(dense(&mut random));
/// let mut norms = GradientNorms::new();
/// Trainer::new(Sgd::new(0.1)).epochs(2).observe(&mut norms).fit(&mut model, loss::mean_squared, &data)?;
/// assert_eq!(norms.layers().collect::<Vec<_>>(), ["0", "1"]);
/// assert_eq!(norms.curve("0")?.len(), 2);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Matt R, *Neural Networks* (March 2022), §6, on gradients that explode and vanish.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct GradientNorms {
    /// Each layer with a norm for each epoch.
    layers: Vec<(String, Vec<f64>)>,
    /// The sums over the steps of this epoch.
    sums: Vec<f64>,
    steps: usize,
}

impl GradientNorms {
    /// Without epochs.
    pub fn new() -> Self {
        GradientNorms::default()
    }

    /// The paths of the layers; empty for a model that is one layer.
    pub fn layers(&self) -> impl Iterator<Item = &str> {
        self.layers.iter().map(|(path, _)| path.as_str())
    }

    /// The norms of the layer at `path`, of each epoch.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if there is no such layer; the error lists those there
    /// are.
    #[track_caller]
    pub fn curve(&self, path: &str) -> Result<&[f64]> {
        match self.layers.iter().find(|(known, _)| known == path) {
            Some((_, norms)) => Ok(norms),
            None => {
                let known = self.layers.iter().map(|(path, _)| format!("`{path}`")).collect::<Vec<_>>().join(", ");
                Err(mismatch("curve", format!("there is no layer `{path}`")).with_help(format!("layers are {known}")))
            }
        }
    }
}

impl<F: Real> Observer<F> for GradientNorms {
    fn on_step(&mut self, result: &StepResult<'_, F>, _: &Training<'_, F>) -> ControlFlow<()> {
        let mut squares = vec![0.0; self.layers.len()];
        for (path, gradient) in result.gradients() {
            let layer = path.rsplit_once('.').map_or("", |(layer, _)| layer);
            let square: f64 = gradient.iter().map(|g| g.double().powi(2)).sum();
            let known = self.layers.iter().position(|(known, _)| known == layer);
            match known.and_then(|i| squares.get_mut(i)) {
                Some(sum) => *sum += square,
                None => {
                    self.layers.push((layer.to_owned(), Vec::new()));
                    squares.push(square);
                }
            }
        }
        self.sums.resize(squares.len(), 0.0);
        self.sums.iter_mut().zip(squares).for_each(|(sum, square)| *sum += square.sqrt());
        self.steps += 1;
        ControlFlow::Continue(())
    }

    fn on_epoch(&mut self, _: &Epoch, _: &Training<'_, F>) -> ControlFlow<()> {
        let steps = self.steps as f64;
        self.layers.iter_mut().zip(&self.sums).for_each(|((_, norms), sum)| norms.push(sum / steps));
        (self.sums, self.steps) = (Vec::new(), 0);
        ControlFlow::Continue(())
    }
}
