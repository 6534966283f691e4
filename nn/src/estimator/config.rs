//! The settings of a network of dense layers.

use crate::error::mismatch;
use crate::layers::Activation;
use crate::optim::{Adam, HeavyBall, Optimizer, Position, RmsProp, Scheduled, Sgd, Update};
use crate::schedule::{by_epoch, inverse_time};
use autodiff::{Real, Result, Var};
use serde::{Deserialize, Serialize};

/// The settings of a [`Network`](crate::Network), as a value that serde reads and writes.
///
/// ```
/// use nn::{Activation, Method, NetworkConfig};
/// let config = NetworkConfig::new([30, 16, 1], [Activation::Relu, Activation::Sigmoid])
///     .lp_reg(2, 0.1)
///     .keep_prob([1.0, 0.8])
///     .method(Method::Adam)
///     .rate(0.01)
///     .epochs(50);
/// let text = r#"{
///     "nodes": [30, 16, 1],
///     "activators": ["relu", "sigmoid"],
///     "lp_reg": 2,
///     "lambda": 0.1,
///     "keep_prob": [1.0, 0.8],
///     "method": "adam",
///     "rate": 0.01,
///     "epochs": 50
/// }"#;
/// assert_eq!(config, serde_json::from_str(text)?);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Only `nodes` and `activators` are required; an unknown setting is an error.
///
/// | setting | is | default |
/// |---|---|---|
/// | `nodes` | the nodes of the layers 0, 1, …, L: features first, outputs last | |
/// | `activators` | the activation functions of the layers 1, …, L; the last one decides what is predicted and by which cost: see below | |
/// | `bias` | whether the layers 1, …, L have a bias | all have |
/// | `keep_prob` | the probability that a node of the layers 0, …, L − 1 is kept in a step | 1 |
/// | `lp_reg`, `lambda` | p and λ of the penalty λ/(2n)·Σ\|w\|ᵖ, for n examples; no penalty if p is 0 | 0, 0.01 |
/// | `standardise` | whether features are scaled to mean 0 and standard deviation 1, by those of the training data | true |
/// | `method` | how the cost is minimised | Adam |
/// | `rate`, `decay` | the learning rate α/(1 + ηi) of the i-th epoch: α and η | 0.01, 0 |
/// | `epochs` | how often each example is used; for L-BFGS, the largest number of steps | 100 |
/// | `batch_size` | the examples of a step; 0 for all of them | 32 |
/// | `seed` | the seed of everything random | 0 |
///
/// | last activator | targets | cost, without the penalty |
/// |---|---|---|
/// | `identity` | numbers | the mean of (a − y)² |
/// | `sigmoid` | 0 and 1, or the labels 0 and 1 of one output | the mean of the log-loss |
/// | `softmax` | labels, or rows of probabilities | the mean cross-entropy |
///
/// Source: Matt R, *Neural Networks* (June 2022), §3.2 (`nodes`, `bias`, `activators`, `lp_reg`), and (March 2022),
/// §5.1 (`keep_prob`), §7.5 (the decay). A bias has no penalty.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    pub(super) nodes: Vec<usize>,
    pub(super) activators: Vec<Activation>,
    #[serde(default)]
    pub(super) bias: Vec<bool>,
    #[serde(default)]
    pub(super) keep_prob: Vec<f64>,
    #[serde(default)]
    pub(super) lp_reg: u8,
    #[serde(default = "lambda")]
    pub(super) lambda: f64,
    #[serde(default = "yes")]
    pub(super) standardise: bool,
    #[serde(default)]
    pub(super) method: Method,
    #[serde(default = "rate")]
    pub(super) rate: f64,
    #[serde(default)]
    pub(super) decay: f64,
    #[serde(default = "epochs")]
    pub(super) epochs: usize,
    #[serde(default = "batch_size")]
    pub(super) batch_size: usize,
    #[serde(default)]
    pub(super) seed: u64,
}

fn lambda() -> f64 {
    0.01
}

fn yes() -> bool {
    true
}

fn rate() -> f64 {
    0.01
}

fn epochs() -> usize {
    100
}

fn batch_size() -> usize {
    32
}

/// How the cost of a [`NetworkConfig`] is minimised.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// [`Sgd`].
    Sgd,
    /// [`HeavyBall`].
    HeavyBall,
    /// [`RmsProp`].
    RmsProp,
    /// [`Adam`].
    #[default]
    Adam,
    /// [`Lbfgs`](crate::Lbfgs), over all examples at once: `rate`, `decay` and `batch_size` have no meaning.
    Lbfgs,
}

impl NetworkConfig {
    /// A network with these nodes and activators.
    pub fn new(nodes: impl Into<Vec<usize>>, activators: impl Into<Vec<Activation>>) -> Self {
        NetworkConfig {
            nodes: nodes.into(),
            activators: activators.into(),
            bias: Vec::new(),
            keep_prob: Vec::new(),
            lp_reg: 0,
            lambda: lambda(),
            standardise: true,
            method: Method::Adam,
            rate: rate(),
            decay: 0.0,
            epochs: epochs(),
            batch_size: batch_size(),
            seed: 0,
        }
    }

    /// Linear regression: a number as a weighted sum of `features` numbers, by least squares.
    pub fn linear(features: usize) -> Self {
        NetworkConfig::new([features, 1], [Activation::Identity]).method(Method::Lbfgs)
    }

    /// Logistic regression: the probability of the second of two classes.
    pub fn logistic(features: usize) -> Self {
        NetworkConfig::new([features, 1], [Activation::Sigmoid]).method(Method::Lbfgs)
    }

    /// Softmax regression: the probability of each of `classes`.
    pub fn softmax(features: usize, classes: usize) -> Self {
        NetworkConfig::new([features, classes], [Activation::Softmax]).method(Method::Lbfgs)
    }

    /// Whether the layers 1, …, L have a bias.
    pub fn bias(self, bias: impl Into<Vec<bool>>) -> Self {
        NetworkConfig { bias: bias.into(), ..self }
    }

    /// The probability that a node of the layers 0, …, L − 1 is kept.
    pub fn keep_prob(self, keep_prob: impl Into<Vec<f64>>) -> Self {
        NetworkConfig { keep_prob: keep_prob.into(), ..self }
    }

    /// The penalty λ/(2n)·Σ|w|ᵖ; for p = 0 there is none.
    pub fn lp_reg(self, p: u8, lambda: f64) -> Self {
        NetworkConfig { lp_reg: p, lambda, ..self }
    }

    /// Without the scaling of features.
    pub fn not_standardised(self) -> Self {
        NetworkConfig { standardise: false, ..self }
    }

    /// How the cost is minimised.
    pub fn method(self, method: Method) -> Self {
        NetworkConfig { method, ..self }
    }

    /// The learning rate α.
    pub fn rate(self, rate: f64) -> Self {
        NetworkConfig { rate, ..self }
    }

    /// η, by which the learning rate decays.
    pub fn decay(self, decay: f64) -> Self {
        NetworkConfig { decay, ..self }
    }

    /// How often each example is used.
    pub fn epochs(self, epochs: usize) -> Self {
        NetworkConfig { epochs, ..self }
    }

    /// The examples of a step; 0 for all of them.
    pub fn batch_size(self, batch_size: usize) -> Self {
        NetworkConfig { batch_size, ..self }
    }

    /// The seed of everything random.
    pub fn seed(self, seed: u64) -> Self {
        NetworkConfig { seed, ..self }
    }

    /// The last activator, or why there is no such network.
    #[track_caller]
    pub(super) fn checked(&self) -> Result<Activation> {
        let layers = self.activators.len();
        let complaint = match (self.activators.last(), self.nodes.as_slice()) {
            (_, nodes) if nodes.len() < 2 => "`nodes` are those of the features and of one layer or more".to_owned(),
            (_, nodes) if nodes.contains(&0) => format!("`nodes` are {nodes:?}; a layer has 1 or more"),
            (_, nodes) if nodes.len() != layers + 1 => {
                format!("there are {layers} `activators` for the {} layers after the features", nodes.len() - 1)
            }
            _ if !self.bias.is_empty() && self.bias.len() != layers => {
                format!("there are {} entries of `bias` for {layers} layers", self.bias.len())
            }
            _ if !self.keep_prob.is_empty() && self.keep_prob.len() != layers => {
                format!(
                    "there are {} entries of `keep_prob`; the layers 0 to {} take {layers}",
                    self.keep_prob.len(),
                    layers - 1
                )
            }
            _ if self.lp_reg > 2 => format!("`lp_reg` is {}; it should be 0, 1 or 2", self.lp_reg),
            _ if !(self.lambda >= 0.0 && self.lambda.is_finite()) => format!("`lambda` is {}", self.lambda),
            _ if !(self.decay >= 0.0 && self.decay.is_finite()) => format!("`decay` is {}", self.decay),
            _ if self.method == Method::Lbfgs && self.keep_prob.iter().any(|p| *p < 1.0) => {
                "`keep_prob` below 1 and L-BFGS, which has no random steps".to_owned()
            }
            (Some(last @ (Activation::Identity | Activation::Sigmoid | Activation::Softmax)), _) => return Ok(*last),
            _ => {
                "the last of the `activators` should be identity (numbers), sigmoid (two classes) or softmax".to_owned()
            }
        };
        Err(mismatch("network", complaint))
    }

    /// The optimizer of all methods but L-BFGS.
    pub(super) fn optimizer<F: Real>(&self) -> Chosen<F> {
        let factor = by_epoch(inverse_time(self.decay));
        Chosen(match self.method {
            Method::Sgd => Box::new(Scheduled::new(factor, Sgd::new(self.rate))),
            Method::HeavyBall => Box::new(Scheduled::new(factor, HeavyBall::new(self.rate))),
            Method::RmsProp => Box::new(Scheduled::new(factor, RmsProp::new(self.rate))),
            Method::Adam | Method::Lbfgs => Box::new(Scheduled::new(factor, Adam::new(self.rate))),
        })
    }
}

/// An optimizer that is chosen at run time.
pub(super) struct Chosen<F: Real>(Box<dyn Optimizer<F>>);

impl<F: Real> Optimizer<F> for Chosen<F> {
    fn rate(&self, at: Position) -> f64 {
        self.0.rate(at)
    }

    fn update<'t>(&self, update: &mut Update<'t, F>) -> Vec<Var<'t, F>> {
        self.0.update(update)
    }

    fn largest_gradient(&self) -> Option<F> {
        self.0.largest_gradient()
    }
}
