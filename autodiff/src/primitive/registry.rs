//! The list of primitives: names, and how each is made from its attributes.

use super::*;
use crate::error::{Error, ErrorKind, Result};

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
            .with(&neg::Neg, |_| Ok((&neg::Neg).into()))
            .with(&add::Add, |_| Ok((&add::Add).into()))
            .with(&sub::Sub, |_| Ok((&sub::Sub).into()))
            .with(&mul::Mul, |_| Ok((&mul::Mul).into()))
            .with(&div::Div, |_| Ok((&div::Div).into()))
            .with(Arc::new(powi::PowI { n: 3 }), |a| Ok(Arc::new(powi::PowI::parse(a)?).into()))
            .with(Arc::new(powf::PowF { p: 1.5 }), |a| Ok(Arc::new(powf::PowF::parse(a)?).into()))
            .with(&exp::Exp, |_| Ok((&exp::Exp).into()))
            .with(&log::Log, |_| Ok((&log::Log).into()))
            .with(&sqrt::Sqrt, |_| Ok((&sqrt::Sqrt).into()))
            .with(&abs::Abs, |_| Ok((&abs::Abs).into()))
            .with(&sin::Sin, |_| Ok((&sin::Sin).into()))
            .with(&cos::Cos, |_| Ok((&cos::Cos).into()))
            .with(&atan::Atan, |_| Ok((&atan::Atan).into()))
            .with(&tanh::Tanh, |_| Ok((&tanh::Tanh).into()))
            .with(&sigmoid::Sigmoid, |_| Ok((&sigmoid::Sigmoid).into()))
            .with(&softplus::Softplus, |_| Ok((&softplus::Softplus).into()))
            .with(&relu::Relu, |_| Ok((&relu::Relu).into()))
            .with(Arc::new(leaky_relu::LeakyRelu { beta: 0.1 }), |a| Ok(Arc::new(leaky_relu::LeakyRelu::parse(a)?).into()))
            .with(&maximum::Maximum, |_| Ok((&maximum::Maximum).into()))
            .with(&minimum::Minimum, |_| Ok((&minimum::Minimum).into()))
            .with(&greater::Greater, |_| Ok((&greater::Greater).into()))
            .with(&greater_equal::GreaterEqual, |_| Ok((&greater_equal::GreaterEqual).into()))
            .with(&equal::Equal, |_| Ok((&equal::Equal).into()))
            .with(&select::Select, |_| Ok((&select::Select).into()))
            .with(&sign::Sign, |_| Ok((&sign::Sign).into()))
            .with(&stop_gradient::StopGradient, |_| Ok((&stop_gradient::StopGradient).into()))
            .with(&matmul::MatMul, |_| Ok((&matmul::MatMul).into()))
            .with(&add_bias::AddBias, |_| Ok((&add_bias::AddBias).into()))
            .with(Arc::new(transpose::Transpose { axes: vec![1, 0] }), |a| Ok(Arc::new(transpose::Transpose::parse(a)?).into()))
            .with(Arc::new(reshape::Reshape { shape: [6].into() }), |a| Ok(Arc::new(reshape::Reshape::parse(a)?).into()))
            .with(Arc::new(broadcast_to::BroadcastTo { shape: [2, 3].into() }), |a| Ok(Arc::new(broadcast_to::BroadcastTo::parse(a)?).into()))
            .with(Arc::new(sum_to::SumTo { shape: [3].into() }), |a| Ok(Arc::new(sum_to::SumTo::parse(a)?).into()))
            .with(Arc::new(sum::Sum::example()), |a| Ok(Arc::new(sum::Sum::parse(a)?).into()))
            .with(Arc::new(max::Max::example()), |a| Ok(Arc::new(max::Max::parse(a)?).into()))
            .with(Arc::new(log_sum_exp::LogSumExp::example()), |a| Ok(Arc::new(log_sum_exp::LogSumExp::parse(a)?).into()))
            .with(Arc::new(softmax::Softmax { axis: 1 }), |a| Ok(Arc::new(softmax::Softmax::parse(a)?).into()))
            .with(Arc::new(log_softmax::LogSoftmax { axis: 1 }), |a| Ok(Arc::new(log_softmax::LogSoftmax::parse(a)?).into()))
            .with(Arc::new(concat::Concat { axis: 0 }), |a| Ok(Arc::new(concat::Concat::parse(a)?).into()))
            .with(Arc::new(slice::Slice { axis: 0, start: 1, stop: 2 }), |a| Ok(Arc::new(slice::Slice::parse(a)?).into()))
            .with(Arc::new(pad::Pad { axis: 0, before: 1, after: 2 }), |a| Ok(Arc::new(pad::Pad::parse(a)?).into()))
            .with(&gather::Gather, |_| Ok((&gather::Gather).into()))
            .with(Arc::new(scatter_add::ScatterAdd { rows: 2 }), |a| Ok(Arc::new(scatter_add::ScatterAdd::parse(a)?).into()))
            .with(&pick::Pick, |_| Ok((&pick::Pick).into()))
            .with(Arc::new(place::Place { length: 3 }), |a| Ok(Arc::new(place::Place::parse(a)?).into()))
            .with(Arc::new(uniform::Uniform { shape: [3].into(), stream: 0 }), |a| Ok(Arc::new(uniform::Uniform::parse(a)?).into()))
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
