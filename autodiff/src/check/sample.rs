//! Checking a primitive over the domain it declares.

use super::Check;
use super::nodes::{application, label};
use super::report::Report;
use super::subject::Subject;
use crate::base::error::{Error, ErrorKind, Result};
use crate::primitive::{Domain, Entry, Generator, PrimitiveRef, Sample, SampleOperand};
use crate::program::Input;
use ndarray::{ArrayD, IxDyn};

/// Checks a primitive at `cases` random applications from its whole declared domain
/// ([`Entry::sampled`]).
///
/// ```
/// use autodiff::{Registry, check};
/// let registry = Registry::<f64>::standard();
/// let tanh = registry.find("tanh").unwrap();
/// assert_eq!(check::primitive(tanh, 20)?.verdict(), check::Verdict::Pass);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// As [`check::program`](super::program).
#[track_caller]
pub fn primitive(entry: &Entry<f64>, cases: usize) -> Result<Report> {
    Check::new().directions(0).primitive(entry, cases)
}

impl Check {
    /// As [`primitive`], with these settings.
    ///
    /// # Errors
    /// As [`check::program`](super::program).
    #[track_caller]
    pub fn primitive(&self, entry: &Entry<f64>, cases: usize) -> Result<Report> {
        let mut generator = Generator::new(self.seed);
        let mut report = Report::default();
        for _ in 0..cases {
            let missing = || {
                Error::new(ErrorKind::Registry, entry.example().name(), "there are no samples of this primitive")
                    .with_help("say how to make one: `Entry::new(…).sampled(|generator| Sample::new(…))`")
            };
            let sample = entry.sample(&mut generator).ok_or_else(missing)?;
            let inputs = operands(&sample, &mut generator, |domain| domain);
            report.join(self.application(&sample.primitive, &inputs)?);
        }
        Ok(report)
    }

    /// Checks one application of a primitive, at these operands.
    ///
    /// # Errors
    /// As [`check::program`](super::program).
    #[track_caller]
    pub fn application(&self, primitive: &PrimitiveRef<f64>, inputs: &[Input<f64>]) -> Result<Report> {
        let program = application(primitive, inputs, None)?;
        let place = program.outputs.first().map(|id| program.labels.place(&program.nodes[*id]));
        Subject::new(&program, inputs, &label(primitive), place.as_ref()).check(self)
    }
}

/// Operands drawn for a sample; `narrow` may cut its domains ([`Domain::single`] for f32).
pub fn operands<F: crate::Real>(
    sample: &Sample<F>,
    generator: &mut Generator,
    narrow: impl Fn(Domain) -> Domain,
) -> Vec<Input<F>> {
    let draw = |operand: &SampleOperand| match operand {
        SampleOperand::Real(shape, domain) => {
            let domain = narrow(*domain);
            Input::Real(ArrayD::from_shape_simple_fn(IxDyn(shape), || F::of(domain.draw(generator))))
        }
        SampleOperand::Index(shape, bound) => {
            let index = || generator.integer(0, bound.saturating_sub(1));
            Input::Index(ArrayD::from_shape_simple_fn(IxDyn(shape), index))
        }
        SampleOperand::Key(key) => Input::Key(*key),
    };
    sample.operands.iter().map(draw).collect()
}
