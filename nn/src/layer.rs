//! What a layer is, and how its parameters are listed.

use crate::context::Context;
use crate::param::Param;
use autodiff::{Feed, Real, Var};
use std::fmt::Debug;

/// A map from arrays to arrays with parameters: plain data without lifetimes, whose `forward` is its equation.
///
/// ```
/// use autodiff::{Real, Tape, Var};
/// use nn::{Context, Layer, Param, Parts, PartsMut};
///
/// /// y = x·scale, element by element.
/// #[derive(Clone, Debug)]
/// struct Scale<F: Real> {
///     scale: Param<F>,
/// }
///
/// impl<F: Real> Layer<F> for Scale<F> {
///     fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
///         x * cx.param(&self.scale)
///     }
///     fn visit<'a>(&'a self, parts: &mut Parts<'a, F>) {
///         parts.param(&self.scale);
///     }
///     fn visit_mut<'a>(&'a mut self, parts: &mut PartsMut<'a, F>) {
///         parts.param(&mut self.scale);
///     }
/// }
///
/// let model = Scale { scale: Param::new("scale", [2.0, 3.0]) };
/// let tape = Tape::<f64>::new();
/// let cx = Context::evaluation(&tape, &model);
/// let y = model.forward(tape.data([1.0, 1.0]), &cx);
/// assert_eq!(y.value()?, ndarray::array![2.0, 3.0].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// The two visits name the same parts in the same order; [`visit!`](crate::visit) writes both from one list. `Clone`
/// copies the parameters: to tie two uses of a layer, call one layer twice.
pub trait Layer<F: Real>: CloneLayer<F> + Debug + Send + Sync + 'static {
    /// Records the layer applied to `x`, with the parameters that `cx` bound.
    ///
    /// Operands that do not fit give an error var, as everywhere on a tape: nothing panics and nothing needs a `?`.
    /// Errors name the line in here, which for a model of one's own is the line to look at. The layers of this crate are
    /// `#[track_caller]`, so that errors name the line that calls them instead; another layer meant as a building block
    /// may be so, too.
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F>;

    /// Lists parameters and inner layers, in an order that does not change. None, unless said otherwise.
    fn visit<'a>(&'a self, parts: &mut Parts<'a, F>) {
        let _ = parts;
    }

    /// The same list as [`visit`](Self::visit), to be changed.
    fn visit_mut<'a>(&'a mut self, parts: &mut PartsMut<'a, F>) {
        let _ = parts;
    }

    /// What it is, in a few words, for summaries: the name of the type, unless said otherwise.
    fn describe(&self) -> String {
        let name = std::any::type_name::<Self>();
        let name = name.split('<').next().unwrap_or(name);
        name.rsplit("::").next().unwrap_or(name).to_owned()
    }
}

/// What makes a boxed layer `Clone`: every layer that is `Clone` has it.
pub trait CloneLayer<F: Real> {
    /// A copy, with parameters of its own.
    fn clone_layer(&self) -> Box<dyn Layer<F>>;
}

impl<F: Real, L: Layer<F> + Clone> CloneLayer<F> for L {
    fn clone_layer(&self) -> Box<dyn Layer<F>> {
        Box::new(self.clone())
    }
}

impl<F: Real> Clone for Box<dyn Layer<F>> {
    fn clone(&self) -> Self {
        (**self).clone_layer()
    }
}

/// A model chosen at run time. The caller's line does not get through a vtable, so the box says whose line it is.
impl<F: Real> Layer<F> for Box<dyn Layer<F>> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        cx.tape().attributed(|| (**self).forward(x, cx))
    }

    fn visit<'a>(&'a self, parts: &mut Parts<'a, F>) {
        (**self).visit(parts);
    }

    fn visit_mut<'a>(&'a mut self, parts: &mut PartsMut<'a, F>) {
        (**self).visit_mut(parts);
    }

    fn describe(&self) -> String {
        (**self).describe()
    }
}

macro_rules! parts {
    ($Parts:ident, $Found:ident, $visit:ident, $doc:literal $(, $mutable:ident)?) => {
        #[doc = $doc]
        #[derive(Debug)]
        pub struct $Parts<'a, F: Real> {
            path: String,
            found: $Found<'a, F>,
        }

        impl<'a, F: Real> $Parts<'a, F> {
            /// Any number of parameters: an `Option`, a `Vec`.
            pub fn params(&mut self, params: impl IntoIterator<Item = &'a $($mutable)? Param<F>>) {
                params.into_iter().for_each(|param| self.param(param));
            }

            /// An inner layer, whose parameters have `name` in front of theirs.
            pub fn layer(&mut self, name: &str, layer: &'a $($mutable)? dyn Layer<F>) {
                let inner = if self.has_paths() { join(&self.path, name) } else { String::new() };
                let outer = std::mem::replace(&mut self.path, inner);
                layer.$visit(self);
                self.path = outer;
            }
        }
    };
}

parts!(Parts, Listed, visit, "Collects the parameters of a model with their paths.");
parts!(PartsMut, Found, visit_mut, "Collects the parameters of a model with their paths, to be changed.", mut);

/// Parameters with their paths.
type Listed<'a, F> = Vec<(String, &'a Param<F>)>;

/// What a visit that changes things collects: parameters with their paths, or their elements only.
#[derive(Debug)]
enum Found<'a, F: Real> {
    Paths(Vec<(String, &'a mut Param<F>)>),
    Elements(Vec<Feed<'a, F>>),
}

impl<'a, F: Real> Parts<'a, F> {
    /// A parameter.
    pub fn param(&mut self, param: &'a Param<F>) {
        self.found.push((join(&self.path, param.name()), param));
    }

    fn has_paths(&self) -> bool {
        true
    }
}

impl<'a, F: Real> PartsMut<'a, F> {
    /// A parameter.
    pub fn param(&mut self, param: &'a mut Param<F>) {
        match &mut self.found {
            Found::Paths(found) => found.push((join(&self.path, param.name()), param)),
            Found::Elements(feeds) => feeds.push(Feed::Update(param.elements_mut())),
        }
    }

    /// Nobody asks for paths where only elements are listed.
    fn has_paths(&self) -> bool {
        matches!(self.found, Found::Paths(_))
    }
}

/// Appends the elements of the parameters of a model to `feeds`, to be updated.
pub(crate) fn feed_parameters<'a, F: Real>(
    model: &'a mut (impl Layer<F> + ?Sized),
    feeds: Vec<Feed<'a, F>>,
) -> Vec<Feed<'a, F>> {
    let mut parts = PartsMut { path: String::new(), found: Found::Elements(feeds) };
    model.visit_mut(&mut parts);
    match parts.found {
        Found::Elements(feeds) => feeds,
        Found::Paths(_) => Vec::new(),
    }
}

pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The parameters of a model with their paths, in the order of its `visit`.
///
/// ```
/// use nn::{Dense, Init, Random, Sequential};
/// let model = Sequential::<f64>::new().then(Dense::new(2, 3, Init::He, &mut Random::new(0)));
/// let paths: Vec<String> = nn::parameters(&model).into_iter().map(|(path, _)| path).collect();
/// assert_eq!(paths, ["0.weight", "0.bias"]);
/// ```
pub fn parameters<F: Real>(model: &(impl Layer<F> + ?Sized)) -> Vec<(String, &Param<F>)> {
    let mut parts = Parts { path: String::new(), found: Vec::new() };
    model.visit(&mut parts);
    parts.found
}

/// As [`parameters`], to be changed.
pub fn parameters_mut<F: Real>(model: &mut (impl Layer<F> + ?Sized)) -> Vec<(String, &mut Param<F>)> {
    let mut parts = PartsMut { path: String::new(), found: Found::Paths(Vec::new()) };
    model.visit_mut(&mut parts);
    match parts.found {
        Found::Paths(found) => found,
        Found::Elements(_) => Vec::new(),
    }
}

/// Writes [`Layer::visit`] and [`Layer::visit_mut`] from one list of fields, each with its kind: `param` for a
/// [`Param`], `params` for an `Option` or a `Vec` of them, `layer` for a layer, whose name is that of the field.
///
/// ```
/// use autodiff::{Real, Var};
/// use nn::{Context, Dense, Init, Layer, Random};
///
/// /// y = x + tanh(W x + b).
/// #[derive(Clone, Debug)]
/// struct Residual<F: Real> {
///     inner: Dense<F>,
/// }
///
/// impl<F: Real> Layer<F> for Residual<F> {
///     nn::visit!(F; layer inner);
///
///     fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
///         x + cx.layer("inner", &self.inner, x).tanh()
///     }
/// }
///
/// let model = Residual::<f64> { inner: Dense::new(3, 3, Init::Xavier, &mut Random::new(0)) };
/// let paths: Vec<String> = nn::parameters(&model).into_iter().map(|(path, _)| path).collect();
/// assert_eq!(paths, ["inner.weight", "inner.bias"]);
/// ```
#[macro_export]
macro_rules! visit {
    ($F:ty; $($kind:ident $field:ident),* $(,)?) => {
        fn visit<'a>(&'a self, parts: &mut $crate::Parts<'a, $F>) {
            $($crate::visit!(@ parts, $kind, $field, &self.$field);)*
        }
        fn visit_mut<'a>(&'a mut self, parts: &mut $crate::PartsMut<'a, $F>) {
            $($crate::visit!(@ parts, $kind, $field, &mut self.$field);)*
        }
    };
    (@ $parts:ident, layer, $field:ident, $part:expr) => { $parts.layer(stringify!($field), $part) };
    (@ $parts:ident, $kind:ident, $field:ident, $part:expr) => { $parts.$kind($part) };
}
