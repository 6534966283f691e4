//! The list of primitives: names, and how each is made from its attributes.

use super::{
    Generator, Primitive, PrimitiveRef, Sample, arithmetic, compare, control, elementary, index, linear, random,
    rearrange, reduce, window,
};
use crate::base::attributes::{Attribute, Attributes};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::real::{Real, held};
use crate::program::Program;

/// The primitives a program may use, by name: how a program is cast to the other precision ([`Program::cast`])
/// and read from text ([`Program::parse`]).
///
/// ```
/// use autodiff::{Attributes, Registry};
/// let registry = Registry::<f64>::standard();
/// let sum = registry.make("sum", &Attributes::new().with_list("axes", &[0]).with_flag("keep", false), &[]).unwrap();
/// assert_eq!(sum.name(), "sum");
/// ```
#[derive(Clone, Debug)]
pub struct Registry<F: Real> {
    entries: Vec<Entry<F>>,
}

/// How a primitive is made: from its attributes, or from attributes and bodies.
#[derive(Clone, Copy, Debug)]
enum Make<F: Real> {
    /// It is always the same.
    Always(&'static dyn Primitive<F>),
    FromAttributes(fn(&Attributes) -> Result<PrimitiveRef<F>>),
    FromBodies(fn(&Attributes, &[Program<F>]) -> Result<PrimitiveRef<F>>),
}

/// A primitive in a [`Registry`]: an example of it, how it is made, and how it is sampled for the sweep that checks its
/// rules.
///
/// ```
/// # use autodiff::prelude::*;
/// # use autodiff::primitive::*;
/// # #[derive(Debug)]
/// # struct Double;
/// # impl<F: Real> Primitive<F> for Double {
/// #     fn name(&self) -> &'static str { "doc::double" }
/// #     fn formula(&self) -> &'static str { "y = 2x" }
/// #     fn kernel(&self, _: &[&Shape]) -> Kernel<F> { Kernel::elementwise(|[x]| x + x) }
/// #     fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
/// #         Partial::Times(at.tape().constant(F::of(2.0)).broadcast_to(at.shape(0)))
/// #     }
/// # }
/// let entry = Entry::fixed(&Double).sampled(|g| Sample::elementwise(&Double, g, &[Domain::REALS]));
/// let report = autodiff::check::primitive(&entry, 20)?;
/// assert_eq!(report.verdict(), autodiff::check::Verdict::Pass);
/// let registry = Registry::<f64>::standard().with(entry);
/// # let _ = registry;
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Entry<F: Real> {
    example: PrimitiveRef<F>,
    make: Make<F>,
    sample: Option<fn(&mut Generator) -> Sample<F>>,
}

impl<F: Real> Entry<F> {
    /// A primitive without attributes.
    pub fn fixed<P: Primitive<F>>(primitive: &'static P) -> Self {
        Entry { example: primitive.into(), make: Make::Always(primitive), sample: None }
    }

    /// A primitive with attributes: an example of it, and how it is made from attributes of the same names and kinds.
    pub fn new(example: impl Into<PrimitiveRef<F>>, make: fn(&Attributes) -> Result<PrimitiveRef<F>>) -> Self {
        Entry { example: example.into(), make: Make::FromAttributes(make), sample: None }
    }

    /// A primitive that is made of programs, too.
    pub fn with_bodies(
        example: impl Into<PrimitiveRef<F>>,
        make: fn(&Attributes, &[Program<F>]) -> Result<PrimitiveRef<F>>,
    ) -> Self {
        Entry { example: example.into(), make: Make::FromBodies(make), sample: None }
    }

    /// With random applications over its whole domain: what [`check::primitive`](crate::check::primitive) checks.
    pub fn sampled(self, sample: fn(&mut Generator) -> Sample<F>) -> Self {
        Entry { sample: Some(sample), ..self }
    }

    /// The primitive with some attributes.
    pub fn example(&self) -> &PrimitiveRef<F> {
        &self.example
    }

    /// A random application; `None` if it was not said how to make one.
    pub fn sample(&self, generator: &mut Generator) -> Option<Sample<F>> {
        self.sample.map(|sample| sample(generator))
    }

    /// The primitive with these attributes and bodies.
    fn make(&self, attributes: &Attributes, bodies: &[Program<F>]) -> Result<PrimitiveRef<F>> {
        for (name, attribute) in attributes.iter() {
            if let Attribute::Real(number) = attribute {
                let refused = |what| Error::new(ErrorKind::Registry, "attributes", format!("{name}: {what}"));
                held::<F>(*number).map_err(refused)?;
            }
        }
        let name = self.example.name();
        if let (true, Make::Always(_) | Make::FromAttributes(_)) = (!bodies.is_empty(), self.make) {
            return Err(Error::new(ErrorKind::Registry, name, "it is made of no programs, and was given some"));
        }
        match self.make {
            Make::Always(primitive) => Ok(PrimitiveRef::Static(primitive)),
            Make::FromAttributes(make) => make(attributes),
            Make::FromBodies(make) => make(attributes, bodies),
        }
    }
}

impl<F: Real> Registry<F> {
    /// All primitives of this crate.
    pub fn standard() -> Self {
        let entries = vec![
            arithmetic::neg::entry(),
            arithmetic::add::entry(),
            arithmetic::sub::entry(),
            arithmetic::mul::entry(),
            arithmetic::div::entry(),
            arithmetic::strong_mul::entry(),
            arithmetic::strong_div::entry(),
            arithmetic::powi::entry(),
            arithmetic::powf::entry(),
            arithmetic::pow::entry(),
            elementary::exp::entry(),
            elementary::log::entry(),
            elementary::sqrt::entry(),
            elementary::abs::entry(),
            elementary::sin::entry(),
            elementary::cos::entry(),
            elementary::atan::entry(),
            elementary::atan_slope::entry(),
            elementary::tanh::entry(),
            elementary::tanh_slope::entry(),
            elementary::sigmoid::entry(),
            elementary::sigmoid_slope::entry(),
            elementary::softplus::entry(),
            elementary::log1p::entry(),
            elementary::expm1::entry(),
            elementary::exp2::entry(),
            elementary::log2::entry(),
            elementary::log10::entry(),
            elementary::cbrt::entry(),
            elementary::tan::entry(),
            elementary::sinh::entry(),
            elementary::cosh::entry(),
            elementary::asin::entry(),
            elementary::acos::entry(),
            elementary::asin_slope::entry(),
            elementary::asinh::entry(),
            elementary::acosh::entry(),
            elementary::atanh::entry(),
            elementary::atanh_slope::entry(),
            elementary::erf::entry(),
            elementary::erfc::entry(),
            elementary::erf_slope::entry(),
            elementary::floor::entry(),
            elementary::ceil::entry(),
            elementary::round::entry(),
            elementary::hypot::entry(),
            elementary::hypot_slope::entry(),
            elementary::atan2::entry(),
            elementary::atan2_slope::entry(),
            elementary::relu::entry(),
            elementary::leaky_relu::entry(),
            compare::maximum::entry(),
            compare::minimum::entry(),
            compare::greater::entry(),
            compare::greater_equal::entry(),
            compare::equal::entry(),
            compare::select::entry(),
            elementary::sign::entry(),
            rearrange::stop_gradient::entry(),
            linear::matmul::entry(),
            linear::add_bias::entry(),
            window::conv::entry(),
            window::conv_transpose::entry(),
            window::conv_weight_adjoint::entry(),
            window::max_pool::entry(),
            window::average_pool::entry(),
            window::average_pool_adjoint::entry(),
            rearrange::transpose::entry(),
            rearrange::reshape::entry(),
            rearrange::broadcast_to::entry(),
            reduce::sum_to::entry(),
            reduce::sum::entry(),
            reduce::cumsum::entry(),
            reduce::max::entry(),
            reduce::norm::entry(),
            reduce::log_sum_exp::entry(),
            reduce::softmax::entry(),
            reduce::log_softmax::entry(),
            reduce::deviations::entry(),
            reduce::deviations_adjoint::entry(),
            rearrange::concat::entry(),
            rearrange::slice::entry(),
            rearrange::pad::entry(),
            rearrange::slice_step::entry(),
            rearrange::unslice::entry(),
            rearrange::flip::entry(),
            rearrange::triangle::entry(),
            index::gather::entry(),
            index::scatter_add::entry(),
            index::pick::entry(),
            index::place::entry(),
            index::take_along::entry(),
            index::scatter_add_along::entry(),
            index::sort::entry(),
            index::top_k::entry(),
            index::argmax::entry(),
            index::argmin::entry(),
            index::arithmetic::entry(),
            index::compare::entry(),
            index::to_real::entry(),
            random::uniform::entry(),
            random::uniform_open::entry(),
            random::normal::entry(),
            random::fold_in::entry(),
            control::scan::entry(),
        ];
        Registry { entries }
    }

    /// Adds a primitive. A later entry of the same name wins.
    pub fn with(mut self, entry: Entry<F>) -> Self {
        self.entries.retain(|known| known.example.name() != entry.example.name());
        self.entries.push(entry);
        self
    }

    /// The primitive `name` with these attributes and bodies.
    ///
    /// # Errors
    /// [`ErrorKind::Registry`] if the name is not known or the attributes or bodies are not those of the primitive.
    pub fn make(&self, name: &str, attributes: &Attributes, bodies: &[Program<F>]) -> Result<PrimitiveRef<F>> {
        match self.find(name) {
            Some(entry) => {
                entry.make(attributes, bodies).map_err(|error| Error::new(ErrorKind::Registry, name, error.message()))
            }
            None => Err(Error::new(ErrorKind::Registry, name, "the registry does not know this primitive")
                .with_help("add it with `registry.with(Entry::new(example, make))`")),
        }
    }

    /// The entry of the primitive `name`.
    pub fn find(&self, name: &str) -> Option<&Entry<F>> {
        self.entries.iter().find(|entry| entry.example.name() == name)
    }

    /// The entries, in the order of the list.
    pub fn entries(&self) -> impl Iterator<Item = &Entry<F>> {
        self.entries.iter()
    }
}
