//! Pooling over whole planes.

use super::expected::unfit;
use crate::context::Context;
use crate::layer::Layer;
use crate::module::{Attribute, Module, Parts, PartsMut};
use autodiff::{Real, Var};

/// One number for each channel, whatever the size of the image: x \[batch, channels, …\] gives \[batch, channels\].
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, GlobalPool, Layer};
///
/// let pool = GlobalPool::Average;
/// let tape = Tape::<f64>::new();
/// let x = tape.data([[[[1.0, 2.0], [3.0, 6.0]]]]);
/// let y = pool.forward(x, &Context::evaluation(&tape, &pool));
/// assert_eq!(y.value()?, ndarray::array![[3.0]].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Lin, Chen & Yan, "Network In Network" (2014), §3.2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GlobalPool {
    /// The average of a plane.
    Average,
    /// The largest element of a plane; several that are equal share the slope.
    Max,
}

impl Attribute for GlobalPool {}

impl<F: Real> Module<F> for GlobalPool {
    fn visit<'a>(&'a self, parts: &mut Parts<'a, F>) {
        parts.attribute("pool", self);
    }

    fn visit_mut<'a>(&'a mut self, _: &mut PartsMut<'a, F>) {}

    fn describe(&self) -> String {
        match self {
            GlobalPool::Average => "global average pooling".into(),
            GlobalPool::Max => "global max pooling".into(),
        }
    }
}

impl<F: Real> Layer<F> for GlobalPool {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, _: &Context<'t, F>) -> Var<'t, F> {
        let wanted = "[batch, channels, …], with one spatial axis or more, none of them empty";
        let fits = |shape: &[usize]| shape.len() > 2 && shape.iter().skip(2).all(|length| *length > 0);
        if let Some(error) = unfit("global_pool", x, wanted, fits) {
            return error;
        }
        match self {
            GlobalPool::Average => x.mean(2..),
            GlobalPool::Max => x.max(2..),
        }
    }
}
