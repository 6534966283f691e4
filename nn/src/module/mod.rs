//! What a model is: a tree of arrays.

mod arrays;
mod containers;
mod parts;
mod stored;
mod structure;

pub use arrays::{Buffer, Param};
pub use parts::{Name, Parts, PartsMut};
pub use stored::Stored;
pub use structure::Attribute;

pub(crate) use parts::{Leaf, LeafMut, Part, Tree, feed, identity, leaves_mut, stream};
pub(crate) use structure::{Stream, Structure, Tag};

use crate::error::mismatch;
use autodiff::{Real, Result};
use ndarray::ArrayD;
use std::any::Any;
use std::fmt::Debug;

/// A tree of arrays: plain data without lifetimes, with named parts that are modules themselves.
///
/// The leaves are of two kinds: a [`Param`] is changed by its gradient, unless it is frozen; a [`Buffer`] is kept for
/// the forward pass, which may update it. `Option`s, `Vec`s and arrays of modules are modules. How a module computes is its
/// own affair: a [`Layer`](crate::Layer) maps one array to one, others have methods with the signature they need.
///
/// ```
/// use autodiff::{Index, Real, Var};
/// use nn::{Context, Dense, Init, Module, Param, Random};
///
/// /// Scores for the next word: a row of a table for each word, and a dense layer.
/// #[derive(Clone, Debug)]
/// struct Words<F: Real> {
///     table: Param<F>,
///     scores: Dense<F>,
///     scale: f64,
/// }
///
/// impl<F: Real> Module<F> for Words<F> {
///     nn::visit!(F; table, scores; attributes scale);
/// }
///
/// impl<F: Real> Words<F> {
///     fn forward<'t>(&self, words: Index<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
///         use nn::Layer;
///         self.scores.call(cx.param(&self.table).gather(words) * self.scale, cx)
///     }
/// }
///
/// let model = Words::<f64> {
///     table: Param::new(ndarray::Array2::zeros((10, 4))),
///     scores: Dense::new(4, 10, Init::Xavier, &mut Random::new(0)),
///     scale: 2.0,
/// };
/// let paths: Vec<String> = nn::parameters(&model).into_iter().map(|(path, _)| path).collect();
/// assert_eq!(paths, ["table", "scores.weight", "scores.bias"]);
/// ```
///
/// Both visits name the same parts in the same order. [`visit!`](crate::visit) writes both from one list of fields and
/// does not compile if a field is missing from it. A field that is not a module is a static attribute ([`Attribute`]): with
/// the types, names and shapes it tells one recorded step from another. `Clone` copies the arrays: to tie two uses of a
/// module, use one module twice.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a module over `{F}`",
    note = "an array is an `nn::Param` or an `nn::Buffer`; in `nn::visit!` a field that is neither stands behind `; attributes`",
    note = "a module of your own: `impl<F: Real> Module<F> for … {{ nn::visit!(F; fields); }}`"
)]
pub trait Module<F: Real>: Any + Debug + Send + Sync {
    /// Lists the parts and the static attributes, in an order that does not change.
    fn visit<'a>(&'a self, parts: &mut Parts<'a, F>);

    /// The same parts as [`visit`](Self::visit), to be changed.
    fn visit_mut<'a>(&'a mut self, parts: &mut PartsMut<'a, F>);

    /// What it is, in a few words, for summaries: the name of the type, unless said otherwise.
    fn describe(&self) -> String {
        let name = std::any::type_name::<Self>();
        let name = name.split('<').next().unwrap_or(name);
        name.rsplit("::").next().unwrap_or(name).to_owned()
    }

    /// Where PyTorch's `state_dict` keeps the arrays and parts of this module, where names or layouts differ: what
    /// [`pytorch::load`](crate::pytorch::load) and [`pytorch::save`](crate::pytorch::save) go by. A part that is not listed has
    /// its own name there.
    fn pytorch(&self) -> Vec<Stored> {
        Vec::new()
    }
}

/// Writes [`Module::visit`] and [`Module::visit_mut`] from the fields of a struct: first the modules among them, then,
/// after `; attributes`, the static ones. The names in paths are those of the fields. All fields have to be listed.
///
/// ```
/// use autodiff::{Real, Var};
/// use nn::{Context, Dense, Init, Layer, Module, Random};
///
/// /// y = x + s·tanh(W x + b).
/// #[derive(Clone, Debug)]
/// struct Residual<F: Real> {
///     inner: Dense<F>,
///     scale: f64,
/// }
///
/// impl<F: Real> Module<F> for Residual<F> {
///     nn::visit!(F; inner; attributes scale);
/// }
///
/// impl<F: Real> Layer<F> for Residual<F> {
///     fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
///         x + self.scale * self.inner.call(x, cx).tanh()
///     }
/// }
///
/// let model = Residual::<f64> { inner: Dense::new(3, 3, Init::Xavier, &mut Random::new(0)), scale: 0.5 };
/// let paths: Vec<String> = nn::parameters(&model).into_iter().map(|(path, _)| path).collect();
/// assert_eq!(paths, ["inner.weight", "inner.bias"]);
/// ```
///
/// A forgotten field does not compile; the compiler names it, as a "missing field `power` in initializer":
///
/// ```compile_fail,E0063
/// #[derive(Clone, Debug)]
/// struct Scale {
///     weight: nn::Param<f64>,
///     power: f64,
/// }
///
/// impl nn::Module<f64> for Scale {
///     nn::visit!(f64; weight);
/// }
/// ```
#[macro_export]
macro_rules! visit {
    ($F:ty; attributes $($attribute:ident),+ $(,)?) => {
        $crate::visit!(@ $F; []; [$($attribute)+]);
    };
    ($F:ty; $($part:ident),* $(,)? $(; attributes $($attribute:ident),+ $(,)?)?) => {
        $crate::visit!(@ $F; [$($part)*]; [$($($attribute)+)?]);
    };
    (@ $F:ty; [$($part:ident)*]; [$($attribute:ident)*]) => {
        fn visit<'a>(&'a self, parts: &mut $crate::Parts<'a, $F>) {
            // A field that is not listed is an error of this value, which is never made, and the compiler names the field.
            // Of a pattern that lacks it, the compiler tells another crate to write `..`, and that would drop the field.
            let _ = || Self { $($part: $crate::unmade(),)* $($attribute: $crate::unmade(),)* };
            let Self { $($part,)* $($attribute,)* .. } = self;
            $(parts.part(stringify!($part), $part);)*
            $(parts.attribute(stringify!($attribute), $attribute);)*
            let _ = parts;
        }
        fn visit_mut<'a>(&'a mut self, parts: &mut $crate::PartsMut<'a, $F>) {
            let Self { $($part,)* .. } = self;
            $(parts.part(stringify!($part), $part);)*
            let _ = parts;
        }
    };
}

/// A value of any type, for a place that is never reached: it does not return. [`visit!`](crate::visit) names all fields of a
/// struct by it.
#[doc(hidden)]
pub fn unmade<T>() -> T {
    loop {
        std::hint::spin_loop();
    }
}

/// The parameters of a model with their paths, in the order of its `visit`; frozen ones, too.
///
/// ```
/// use nn::{Dense, Init, Random, Sequential};
/// let model = Sequential::<f64>::new().then(Dense::new(2, 3, Init::He, &mut Random::new(0)));
/// let paths: Vec<String> = nn::parameters(&model).into_iter().map(|(path, _)| path).collect();
/// assert_eq!(paths, ["0.weight", "0.bias"]);
/// ```
pub fn parameters<F: Real>(model: &(impl Module<F> + ?Sized)) -> Vec<(String, &Param<F>)> {
    let leaves = Tree::of(model).leaves.into_iter();
    let params = leaves.filter_map(|(path, leaf)| match leaf {
        Leaf::Param(param) => Some((path, param)),
        Leaf::Buffer(_) => None,
    });
    params.collect()
}

/// As [`parameters`], to be changed.
///
/// ```
/// use nn::{Dense, Init, Random, Sequential};
/// let mut random = Random::new(0);
/// let mut model = Sequential::<f64>::new()
///     .then_named("encoder", Dense::new(2, 3, Init::He, &mut random))
///     .then_named("head", Dense::new(3, 1, Init::He, &mut random));
/// // Training changes the head only.
/// for (path, param) in nn::parameters_mut(&mut model) {
///     param.set_frozen(path.starts_with("encoder."));
/// }
/// ```
pub fn parameters_mut<F: Real>(model: &mut (impl Module<F> + ?Sized)) -> Vec<(String, &mut Param<F>)> {
    let params = leaves_mut(model).into_iter().filter_map(|(path, leaf)| match leaf {
        LeafMut::Param(param) => Some((path, param)),
        LeafMut::Buffer(_) => None,
    });
    params.collect()
}

/// The buffers of a model with their paths, in the order of its `visit`.
pub fn buffers<F: Real>(model: &(impl Module<F> + ?Sized)) -> Vec<(String, &Buffer<F>)> {
    let leaves = Tree::of(model).leaves.into_iter();
    let buffers = leaves.filter_map(|(path, leaf)| match leaf {
        Leaf::Buffer(buffer) => Some((path, buffer)),
        Leaf::Param(_) => None,
    });
    buffers.collect()
}

/// As [`buffers`], to be changed.
pub fn buffers_mut<F: Real>(model: &mut (impl Module<F> + ?Sized)) -> Vec<(String, &mut Buffer<F>)> {
    let buffers = leaves_mut(model).into_iter().filter_map(|(path, leaf)| match leaf {
        LeafMut::Buffer(buffer) => Some((path, buffer)),
        LeafMut::Param(_) => None,
    });
    buffers.collect()
}

/// Arrays of a model by path.
pub(crate) type Named<F> = Vec<(String, ArrayD<F>)>;

/// Sets arrays of the model by path; what the model has besides them stays. All fit, or none is set.
#[track_caller]
pub(crate) fn set_arrays<F: Real>(
    operation: &str,
    model: &mut (impl Module<F> + ?Sized),
    arrays: impl Iterator<Item = (impl AsRef<str>, ArrayD<F>)>,
) -> Result<()> {
    let mut leaves = leaves_mut(model);
    let mut found = Vec::new();
    for (path, array) in arrays {
        let path = path.as_ref();
        match leaves.iter().position(|(known, _)| known == path) {
            Some(i) => match leaves.get(i).map(|(_, leaf)| leaf.leaf().array().shape()) {
                Some(shape) if shape == array.shape() => found.push((i, array)),
                shape => {
                    let shape = shape.unwrap_or(&[]);
                    let message = format!("`{path}` has shape {shape:?} in the model, {:?} here", array.shape());
                    return Err(mismatch(operation, message));
                }
            },
            None => return Err(mismatch(operation, format!("the model has no array `{path}`"))),
        }
    }
    for (i, array) in found {
        if let Some((_, leaf)) = leaves.get_mut(i) {
            leaf.set(array)?;
        }
    }
    Ok(())
}
