//! A network of dense layers with its cost, from its settings.

use super::config::{Method, NetworkConfig};
use crate::context::Context;
use crate::data::{Column, Columns, Dataset, TARGETS};
use crate::error::{here, mismatch};
use crate::init::Init;
use crate::layer::Layer;
use crate::layers::{Activation, Dense, Dropout, Scaling, Sequential};
use crate::loss;
use crate::minimize::Lbfgs;
use crate::module::{Module, Parts, PartsMut};
use crate::objective::{Objective, Outcome};
use crate::random::Random;
use crate::train::{History, Trainer, evaluate, predict};
use crate::{metric, minimize};
use autodiff::{IntoArray, Real, Result, Var};
use ndarray::{ArrayD, Axis};

/// A network of dense layers that learns by its [`NetworkConfig`]: linear, logistic and softmax regression, and
/// multilayer perceptrons.
///
/// ```
/// use nn::{Activation, Network, NetworkConfig, synthetic};
/// let [train, test] = synthetic::moons::<f64>(200, 0.1, 1)?.stratified([0.8, 0.2], 2)?;
/// let config = NetworkConfig::new([2, 16, 1], [Activation::Tanh, Activation::Sigmoid]).rate(0.05).epochs(60);
/// let mut network = Network::new(config)?;
/// network.fit(&train)?;
/// assert!(network.score(&test)? > 0.9);
/// assert!(network.cost_history().last() < network.cost_history().first());
/// let probabilities = network.predict(test.features()?.clone())?;
/// assert_eq!(probabilities.shape(), [40, 1]);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// It is made of [`Sequential`], [`Trainer`] and [`objective`](crate::objective), which also make what the settings do
/// not cover.
#[derive(Clone, Debug)]
pub struct Network<F: Real> {
    config: NetworkConfig,
    output: Activation,
    model: Sequential<F>,
    costs: Vec<f64>,
}

impl<F: Real> Network<F> {
    /// An untrained network. Weights are drawn by [`Init::He`] for layers with a rectifier, by [`Init::Xavier`] for
    /// others.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if settings do not fit each other.
    #[track_caller]
    pub fn new(config: NetworkConfig) -> Result<Self> {
        let output = config.checked()?;
        let scaling = Scaling::identity([config.nodes.first().copied().unwrap_or(0)]);
        Ok(Network { model: model(&config, scaling), config, output, costs: Vec::new() })
    }

    /// Trains the network on `data`, from new initial weights: the same data and settings give the same network, bit
    /// for bit.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if the data do not fit the first or the last layer, and
    /// as [`Trainer::fit`] and [`Lbfgs::minimize`].
    #[track_caller]
    pub fn fit(&mut self, data: &Dataset<F>) -> Result<&mut Self> {
        let data = &self.prepared(data)?;
        let features = data.features()?;
        let scaling = match self.config.standardise {
            true => Scaling::standardise(features.clone())?,
            false => Scaling::identity(features.shape().get(1..).unwrap_or_default()),
        };
        let mut model = model(&self.config, scaling);
        let cost = self.cost(data.len());
        self.costs = match self.config.method {
            Method::Lbfgs => {
                let minimizer = Lbfgs { steps: self.config.epochs, ..Lbfgs::new() };
                let minimum: minimize::Minimum = minimizer.minimize(&mut model, cost, data)?;
                minimum.losses
            }
            _ => {
                let mut history = History::new();
                let size = if self.config.batch_size == 0 { data.len() } else { self.config.batch_size };
                let trainer = Trainer::new(self.config.optimizer()).epochs(self.config.epochs).batch_size(size);
                trainer.seed(self.config.seed).observe(&mut history).fit(&mut model, cost, data)?;
                history.curve("loss")?
            }
        };
        self.model = model;
        Ok(self)
    }

    /// The predictions for `features`, \[examples, outputs\]: numbers or probabilities, as the last activator gives
    /// them.
    ///
    /// # Errors
    /// As [`predict`](crate::predict).
    #[track_caller]
    pub fn predict(&self, features: impl IntoArray<F>) -> Result<ArrayD<F>> {
        predict(&Answer { model: self.model.clone(), output: self.output }, features)
    }

    /// How well the network predicts: the fraction of right classes, or R² = 1 − Σ(a − y)²/Σ(y − ȳ)² of numbers.
    ///
    /// # Errors
    /// As [`predict`](Self::predict), [`accuracy`](crate::metric::accuracy) and
    /// [`r_squared`](crate::metric::r_squared).
    #[track_caller]
    pub fn score(&self, data: &Dataset<F>) -> Result<f64> {
        let data = self.prepared(data)?;
        let output = self.predict(data.features()?.clone())?;
        let score = match self.output {
            Activation::Identity => metric::r_squared(&output, data.targets()?),
            _ => metric::accuracy(&output, data.targets()?),
        };
        match score {
            Ok(score) => Ok(score),
            // The metrics know this line only.
            Err(error) => Err(error.at(here())),
        }
    }

    /// The cost on `data`, the penalty included.
    ///
    /// # Errors
    /// As [`evaluate`](crate::evaluate).
    #[track_caller]
    pub fn evaluate(&self, data: &Dataset<F>) -> Result<f64> {
        let data = self.prepared(data)?;
        Ok(evaluate(&self.model, self.cost(data.len()), &data)?.loss.double())
    }

    /// The cost of each epoch, measured during the training; for L-BFGS, at the start and after each step.
    pub fn cost_history(&self) -> &[f64] {
        &self.costs
    }

    /// The settings.
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    /// The layers `scaling`, `1`, …, `L` and what is between them, without the last activator: the cost and
    /// [`predict`](Self::predict) apply sigmoid and softmax, the cost in a form that loses no digits.
    pub fn model(&self) -> &Sequential<F> {
        &self.model
    }

    /// The model, to be changed: to load arrays into it, for example.
    pub fn model_mut(&mut self) -> &mut Sequential<F> {
        &mut self.model
    }

    /// The data with the targets that the cost takes: of labels for a sigmoid, a column of 0 and 1.
    #[track_caller]
    fn prepared(&self, data: &Dataset<F>) -> Result<Dataset<F>> {
        let (shape, nodes) = (data.features()?.shape(), self.config.nodes.as_slice());
        let (inputs, outputs) = (nodes.first().copied().unwrap_or(0), nodes.last().copied().unwrap_or(0));
        if shape.get(1..) != Some(&[inputs][..]) {
            let message = format!("the features have shape {shape:?}, the network takes [examples, {inputs}]");
            return Err(mismatch("network", message).with_help("the first of `nodes` is the number of features"));
        }
        match (self.output, data.targets()?) {
            (Activation::Sigmoid, Column::Index(labels)) if outputs == 1 => {
                if let Some(label) = labels.iter().find(|label| **label > 1) {
                    let error = mismatch("network", format!("there is a label {label}; one sigmoid tells 0 from 1"));
                    return Err(error.with_help("`softmax` takes as many outputs as there are classes"));
                }
                let numbers = labels.mapv(|label| F::of(label as f64)).insert_axis(Axis(labels.ndim()));
                data.replaced(TARGETS, Column::Real(numbers))
            }
            (Activation::Identity | Activation::Sigmoid, Column::Index(_)) => {
                let message = "the targets are labels, and the last activator takes numbers";
                Err(mismatch("network", message).with_help("labels of several classes take `softmax`"))
            }
            _ => Ok(data.clone()),
        }
    }

    /// The cost over `examples` examples.
    fn cost(&self, examples: usize) -> Cost {
        let (p, lambda) = (self.config.lp_reg, self.config.lambda);
        Cost { output: self.output, p, weight: lambda / (2.0 * examples as f64) }
    }
}

/// The layers up to the last activator.
fn model<F: Real>(config: &NetworkConfig, scaling: Scaling<F>) -> Sequential<F> {
    let random = &mut Random::new(config.seed);
    let mut model = Sequential::new();
    if config.standardise {
        model = model.then_named("scaling", scaling);
    }
    let layers = config.nodes.iter().zip(config.nodes.iter().skip(1)).zip(&config.activators).enumerate();
    for (l, ((inputs, outputs), activation)) in layers {
        let keep_prob = config.keep_prob.get(l).copied().unwrap_or(1.0);
        if keep_prob != 1.0 {
            model = model.then_named(format!("dropout{l}"), Dropout { keep_prob });
        }
        let init = match activation {
            Activation::Relu | Activation::LeakyRelu(_) | Activation::Elu(_) => Init::He,
            _ => Init::Xavier,
        };
        let dense = Dense::new(*inputs, *outputs, init, random);
        let has_bias = config.bias.get(l).copied().unwrap_or(true);
        model = model.then_named(format!("{}", l + 1), if has_bias { dense } else { dense.without_bias() });
        if l + 1 < config.activators.len() {
            model = model.then_named(format!("activation{}", l + 1), *activation);
        }
    }
    model
}

/// The cost of a network: its loss, and the penalty `weight`·Σ|w|ᵖ.
struct Cost {
    output: Activation,
    p: u8,
    weight: f64,
}

impl<F: Real> Objective<F, Sequential<F>> for Cost {
    #[track_caller]
    fn record<'t>(&self, model: &Sequential<F>, batch: &Columns<'t, F>, cx: &Context<'t, F>) -> Result<Outcome<'t, F>> {
        let output = model.forward(batch.real("x")?, cx);
        let target = batch.target(TARGETS)?;
        let error = match self.output {
            Activation::Sigmoid => loss::binary_cross_entropy_with_logits(output, target),
            Activation::Softmax => loss::softmax_cross_entropy(output, target),
            _ => loss::mean_squared(output, target),
        };
        let cost = match self.p {
            0 => error,
            1 => error + self.weight * loss::l1(cx),
            _ => error + self.weight * loss::l2(cx),
        };
        Ok(Outcome::from(cost).output(output))
    }
}

/// A model with its last activator.
#[derive(Clone, Debug)]
struct Answer<F: Real> {
    model: Sequential<F>,
    output: Activation,
}

impl<F: Real> Module<F> for Answer<F> {
    fn visit<'a>(&'a self, parts: &mut Parts<'a, F>) {
        parts.inner(&self.model);
    }

    fn visit_mut<'a>(&'a mut self, parts: &mut PartsMut<'a, F>) {
        parts.inner(&mut self.model);
    }
}

impl<F: Real> Layer<F> for Answer<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        self.output.forward(self.model.forward(x, cx), cx)
    }
}
