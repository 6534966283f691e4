//! The list of primitives: names, and how each is made from its attributes.

use super::*;
use crate::base::error::{Error, ErrorKind, Result};

/// The primitives a program may use, by name: how a program is cast to the other precision ([`Program::cast`](crate::Program::cast))
/// and read from text ([`Program::parse`](crate::Program::parse)).
///
/// ```
/// use autodiff::{Attributes, Registry};
/// let registry = Registry::<f64>::standard();
/// let sum = registry.make("sum", &Attributes::new().with_list("axes", &[0]).with_flag("keep", false)).unwrap();
/// assert_eq!(sum.name(), "sum");
/// ```
#[derive(Clone, Debug)]
pub struct Registry<F: Real> {
    entries: Vec<Entry<F>>,
}

type Make<F> = fn(&Attributes) -> Result<PrimitiveRef<F>>;

#[derive(Clone, Debug)]
struct Entry<F: Real> {
    example: PrimitiveRef<F>,
    make: Make<F>,
}

impl<F: Real> Registry<F> {
    /// All primitives of this crate.
    #[rustfmt::skip]
    pub fn standard() -> Self {
        Registry { entries: Vec::new() }
            .with(&arithmetic::neg::Neg, |_| Ok((&arithmetic::neg::Neg).into()))
            .with(&arithmetic::add::Add, |_| Ok((&arithmetic::add::Add).into()))
            .with(&arithmetic::sub::Sub, |_| Ok((&arithmetic::sub::Sub).into()))
            .with(&arithmetic::mul::Mul, |_| Ok((&arithmetic::mul::Mul).into()))
            .with(&arithmetic::div::Div, |_| Ok((&arithmetic::div::Div).into()))
            .with(Arc::new(arithmetic::powi::PowI { n: 3 }), |a| Ok(Arc::new(arithmetic::powi::PowI::parse(a)?).into()))
            .with(Arc::new(arithmetic::powf::PowF { p: 1.5 }), |a| Ok(Arc::new(arithmetic::powf::PowF::parse(a)?).into()))
            .with(&elementary::exp::Exp, |_| Ok((&elementary::exp::Exp).into()))
            .with(&elementary::log::Log, |_| Ok((&elementary::log::Log).into()))
            .with(&elementary::sqrt::Sqrt, |_| Ok((&elementary::sqrt::Sqrt).into()))
            .with(&elementary::abs::Abs, |_| Ok((&elementary::abs::Abs).into()))
            .with(&elementary::sin::Sin, |_| Ok((&elementary::sin::Sin).into()))
            .with(&elementary::cos::Cos, |_| Ok((&elementary::cos::Cos).into()))
            .with(&elementary::atan::Atan, |_| Ok((&elementary::atan::Atan).into()))
            .with(&elementary::tanh::Tanh, |_| Ok((&elementary::tanh::Tanh).into()))
            .with(&elementary::sigmoid::Sigmoid, |_| Ok((&elementary::sigmoid::Sigmoid).into()))
            .with(&elementary::softplus::Softplus, |_| Ok((&elementary::softplus::Softplus).into()))
            .with(&elementary::relu::Relu, |_| Ok((&elementary::relu::Relu).into()))
            .with(Arc::new(elementary::leaky_relu::LeakyRelu { beta: 0.1 }), |a| Ok(Arc::new(elementary::leaky_relu::LeakyRelu::parse(a)?).into()))
            .with(&compare::maximum::Maximum, |_| Ok((&compare::maximum::Maximum).into()))
            .with(&compare::minimum::Minimum, |_| Ok((&compare::minimum::Minimum).into()))
            .with(&compare::greater::Greater, |_| Ok((&compare::greater::Greater).into()))
            .with(&compare::greater_equal::GreaterEqual, |_| Ok((&compare::greater_equal::GreaterEqual).into()))
            .with(&compare::equal::Equal, |_| Ok((&compare::equal::Equal).into()))
            .with(&compare::select::Select, |_| Ok((&compare::select::Select).into()))
            .with(&elementary::sign::Sign, |_| Ok((&elementary::sign::Sign).into()))
            .with(&rearrange::stop_gradient::StopGradient, |_| Ok((&rearrange::stop_gradient::StopGradient).into()))
            .with(&linear::matmul::MatMul, |_| Ok((&linear::matmul::MatMul).into()))
            .with(&linear::add_bias::AddBias, |_| Ok((&linear::add_bias::AddBias).into()))
            .with(Arc::new(rearrange::transpose::Transpose { axes: vec![1, 0] }), |a| Ok(Arc::new(rearrange::transpose::Transpose::parse(a)?).into()))
            .with(Arc::new(rearrange::reshape::Reshape { shape: [6].into() }), |a| Ok(Arc::new(rearrange::reshape::Reshape::parse(a)?).into()))
            .with(Arc::new(rearrange::broadcast_to::BroadcastTo { shape: [2, 3].into() }), |a| Ok(Arc::new(rearrange::broadcast_to::BroadcastTo::parse(a)?).into()))
            .with(Arc::new(reduce::sum_to::SumTo { shape: [3].into() }), |a| Ok(Arc::new(reduce::sum_to::SumTo::parse(a)?).into()))
            .with(Arc::new(reduce::sum::Sum::example()), |a| Ok(Arc::new(reduce::sum::Sum::parse(a)?).into()))
            .with(Arc::new(reduce::max::Max::example()), |a| Ok(Arc::new(reduce::max::Max::parse(a)?).into()))
            .with(Arc::new(reduce::log_sum_exp::LogSumExp::example()), |a| Ok(Arc::new(reduce::log_sum_exp::LogSumExp::parse(a)?).into()))
            .with(Arc::new(reduce::softmax::Softmax { axis: 1 }), |a| Ok(Arc::new(reduce::softmax::Softmax::parse(a)?).into()))
            .with(Arc::new(reduce::log_softmax::LogSoftmax { axis: 1 }), |a| Ok(Arc::new(reduce::log_softmax::LogSoftmax::parse(a)?).into()))
            .with(Arc::new(rearrange::concat::Concat { axis: 0 }), |a| Ok(Arc::new(rearrange::concat::Concat::parse(a)?).into()))
            .with(Arc::new(rearrange::slice::Slice { axis: 0, start: 1, stop: 2 }), |a| Ok(Arc::new(rearrange::slice::Slice::parse(a)?).into()))
            .with(Arc::new(rearrange::pad::Pad { axis: 0, before: 1, after: 2 }), |a| Ok(Arc::new(rearrange::pad::Pad::parse(a)?).into()))
            .with(&index::gather::Gather, |_| Ok((&index::gather::Gather).into()))
            .with(Arc::new(index::scatter_add::ScatterAdd { rows: 2 }), |a| Ok(Arc::new(index::scatter_add::ScatterAdd::parse(a)?).into()))
            .with(&index::pick::Pick, |_| Ok((&index::pick::Pick).into()))
            .with(Arc::new(index::place::Place { length: 3 }), |a| Ok(Arc::new(index::place::Place::parse(a)?).into()))
            .with(Arc::new(random::uniform::Uniform { shape: [3].into(), stream: 0 }), |a| Ok(Arc::new(random::uniform::Uniform::parse(a)?).into()))
    }

    /// Adds a primitive: an example of it, and how it is made from its attributes. A later entry of the same name wins.
    pub fn with(mut self, example: impl Into<PrimitiveRef<F>>, make: Make<F>) -> Self {
        let example = example.into();
        self.entries.retain(|entry| entry.example.name() != example.name());
        self.entries.push(Entry { example, make });
        self
    }

    /// The primitive `name` with these attributes.
    ///
    /// # Errors
    /// [`ErrorKind::Registry`] if the name is not known or the attributes are not those of the primitive.
    pub fn make(&self, name: &str, attributes: &Attributes) -> Result<PrimitiveRef<F>> {
        match self.entries.iter().find(|entry| entry.example.name() == name) {
            Some(entry) => {
                (entry.make)(attributes).map_err(|error| Error::new(ErrorKind::Registry, name, error.message()))
            }
            None => Err(Error::new(ErrorKind::Registry, name, "the registry does not know this primitive")
                .with_help("add it with `registry.with(&Primitive, |attributes| …)`")),
        }
    }

    /// One example of each primitive, in the order of the list.
    pub fn examples(&self) -> impl Iterator<Item = &PrimitiveRef<F>> {
        self.entries.iter().map(|entry| &entry.example)
    }
}
