//! Modules that map one array to one.

use crate::context::Context;
use crate::module::{Module, Parts, PartsMut};
use autodiff::{Real, Var};

/// A [`Module`] that maps one array to one: what a [`Sequential`](crate::Sequential) is made of, and what a loss function
/// can train by itself. Its `forward` is its equation.
///
/// ```
/// use autodiff::{Real, Tape, Var};
/// use nn::{Context, Layer, Module, Param};
///
/// /// y = x·scale, element by element.
/// #[derive(Clone, Debug)]
/// struct Scale<F: Real> {
///     scale: Param<F>,
/// }
///
/// impl<F: Real> Module<F> for Scale<F> {
///     nn::visit!(F; scale);
/// }
///
/// impl<F: Real> Layer<F> for Scale<F> {
///     fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
///         x * cx.param(&self.scale)
///     }
/// }
///
/// let model = Scale { scale: Param::new([2.0, 3.0]) };
/// let tape = Tape::<f64>::new();
/// let cx = Context::evaluation(&tape, &model);
/// let y = model.forward(tape.data([1.0, 1.0]), &cx);
/// assert_eq!(y.value()?, ndarray::array![2.0, 3.0].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer over `{F}`: it does not map one array of reals to one",
    note = "a closure is no layer: a type of your own is one by `impl Module` and `impl Layer`, and `nn::Activation` has the usual functions",
    note = "a module that takes something else, as an `nn::Embedding` takes indices, is called in an objective",
    note = "a loss function by its name trains a layer; any other module is trained by `nn::objective(|model: &Model, batch, cx| …)`"
)]
pub trait Layer<F: Real>: Module<F> + CloneLayer<F> {
    /// Records the layer applied to `x`, with the arrays that `cx` bound.
    ///
    /// Operands that do not fit give an error var, as everywhere on a tape: nothing panics and nothing needs a `?`.
    /// Errors name the line in here, which for a model of your own is the line to look at. The layers of this crate are
    /// `#[track_caller]`, so that errors name the line that calls them instead; another layer meant as a building block
    /// may be so, too.
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F>;

    /// [`forward`](Self::forward), for a layer inside another: nodes and errors carry its path in the model and the line
    /// of whoever called the outermost layer.
    #[track_caller]
    fn call<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        cx.call(self, x)
    }
}

/// What makes a boxed layer `Clone`: every layer that is `Clone` has it.
pub trait CloneLayer<F: Real> {
    /// A copy, with arrays of its own.
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

impl<F: Real> Module<F> for Box<dyn Layer<F>> {
    fn visit<'a>(&'a self, parts: &mut Parts<'a, F>) {
        parts.inner(&**self);
    }

    fn visit_mut<'a>(&'a mut self, parts: &mut PartsMut<'a, F>) {
        parts.inner(&mut **self);
    }

    fn describe(&self) -> String {
        (**self).describe()
    }
}

/// A layer chosen at run time. The caller's line does not get through a vtable, so the box says whose line it is.
impl<F: Real> Layer<F> for Box<dyn Layer<F>> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        cx.tape().attributed(|| (**self).forward(x, cx))
    }
}
