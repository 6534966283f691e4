//! Layers one after the other.

use crate::context::Context;
use crate::layer::Layer;
use crate::module::{Module, Parts, PartsMut};
use autodiff::{Real, Var};

/// The composition of layers, first to last. Their names are `0`, `1`, …, unless given.
///
/// ```
/// use nn::{Activation, Dense, Init, Random, Sequential};
///
/// let mut random = Random::new(0);
/// let model = Sequential::<f32>::new()
///     .then(Dense::new(64, 32, Init::He, &mut random))
///     .then(Activation::Relu)
///     .then_named("head", Dense::new(32, 10, Init::He, &mut random));
/// let paths: Vec<String> = nn::parameters(&model).into_iter().map(|(path, _)| path).collect();
/// assert_eq!(paths, ["0.weight", "0.bias", "head.weight", "head.bias"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Sequential<F: Real> {
    layers: Vec<(String, Box<dyn Layer<F>>)>,
}

impl<F: Real> Sequential<F> {
    /// The identity, to which layers are added.
    pub fn new() -> Self {
        Sequential { layers: Vec::new() }
    }

    /// With `layer` at the end, named by its number.
    pub fn then(self, layer: impl Layer<F>) -> Self {
        let number = self.layers.len().to_string();
        self.then_named(number, layer)
    }

    /// With `layer` at the end, named `name`.
    pub fn then_named(mut self, name: impl Into<String>, layer: impl Layer<F>) -> Self {
        self.layers.push((name.into(), Box::new(layer)));
        self
    }
}

impl<F: Real> Module<F> for Sequential<F> {
    fn visit<'a>(&'a self, parts: &mut Parts<'a, F>) {
        self.layers.iter().for_each(|(name, layer)| parts.any_part(Some(name.into()), &**layer));
    }

    fn visit_mut<'a>(&'a mut self, parts: &mut PartsMut<'a, F>) {
        self.layers.iter_mut().for_each(|(name, layer)| parts.any_part((&*name).into(), &mut **layer));
    }

    fn describe(&self) -> String {
        format!("sequence of {}", self.layers.len())
    }
}

impl<F: Real> Layer<F> for Sequential<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        let mut y = x;
        // A loop and not a fold: the caller's line does not reach into closures.
        for (_, layer) in &self.layers {
            // Nor does it through a vtable, as `layer.call` would be.
            y = cx.call(&**layer, y);
        }
        y
    }
}
