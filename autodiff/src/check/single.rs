//! A program of any precision, and the rounding of its own derivative.

use super::Check;
use super::comparison::{choose, unravel};
use super::judge::{Outcome, REACH, digits};
use super::noise::Noise;
use super::report::Report;
use super::spot::{Method, Reason, SEED, Spot};
use super::subject::dependence;
use crate::base::error::Result;
use crate::base::real::Real;
use crate::primitive::{Generator, Registry};
use crate::program::{Input, Program};
use ndarray::{ArrayD, IxDyn};

/// How far numbers of single precision may be from those of double precision, relative to them.
const RELATIVE: f64 = 1e-4;

/// Checks a program of any precision: in double precision, whose digits finite differences need, as
/// [`program`](super::program) does; and, if it computes in single precision, the reverse derivative that it computes itself
/// with the one in double precision. They agree to 1e-4. Where rounding alone may have put them further apart, as where
/// numbers cancel, the derivative is *unchecked*, with the number of digits it is right to.
///
/// ```
/// use autodiff::{Input, Registry, Tape, check};
/// let tape = Tape::<f32>::new();
/// let x = tape.input([0.5, 17.0]);
/// let y = x.sigmoid();
/// let report = |y| check::in_double(&tape.program(&[y])?, &[Input::real([0.5, 17.0])], &Registry::standard());
/// assert_eq!(report(y.sum(..))?.verdict(), check::Verdict::Pass);
/// // 1 − y is 0 in single precision where x is 17.
/// assert!(!report((y * (1.0 - y)).sum(..))?.unchecked().is_empty());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// As [`program`](super::program), and as [`Program::cast`].
pub fn in_double<F: Real>(program: &Program<F>, inputs: &[Input<F>], registry: &Registry<f64>) -> Result<Report> {
    Check::new().in_double(program, inputs, registry)
}

impl Check {
    /// As [`in_double`], with these settings.
    ///
    /// # Errors
    /// As [`in_double`].
    pub fn in_double<F: Real>(
        &self,
        program: &Program<F>,
        inputs: &[Input<F>],
        registry: &Registry<f64>,
    ) -> Result<Report> {
        let double = program.cast::<f64>(registry)?;
        let wide: Vec<Input<f64>> = inputs.iter().map(widened).collect();
        let mut report = self.program(&double, &wide)?;
        if F::epsilon().double() > f64::EPSILON {
            report.join(self.rounding(program, inputs, &double, &wide)?);
        }
        Ok(report)
    }

    /// Compares the reverse derivative of `program` with that of `double`, the same in double precision.
    fn rounding<F: Real>(
        &self,
        program: &Program<F>,
        inputs: &[Input<F>],
        double: &Program<f64>,
        wide: &[Input<f64>],
    ) -> Result<Report> {
        let mut report = Report::default();
        let is_real = |i: &usize| matches!(inputs.get(*i), Some(Input::Real(x)) if !x.is_empty());
        let depends = dependence(double);
        let reals = (0..inputs.len()).filter(is_real).filter(|i| depends.get(*i) == Some(&true));
        // What has no derivative was noted in double precision.
        let reals: Vec<usize> = reals.filter(|i| double.vjp(&[*i]).is_ok()).collect();
        let active: Vec<usize> = reals.iter().copied().filter(|i| double.is_differentiable(*i)).collect();
        let wrt = if active.is_empty() { reals } else { active };
        if wrt.is_empty() {
            return Ok(report);
        }
        let mut generator = Generator::new(self.seed);
        // The seed of a single number is 1: what is compared is the gradient.
        let mut seed = |shape: &crate::Shape| match shape.size() {
            1 => ArrayD::from_elem(IxDyn(shape), F::one()),
            _ => ArrayD::from_shape_simple_fn(IxDyn(shape), || F::of(generator.uniform(0.5, 1.5))),
        };
        let zeta: Vec<Input<F>> = program.outputs().map(|(_, shape)| Input::Real(seed(shape))).collect();
        let first =
            zeta.iter().filter_map(|zeta| if let Input::Real(zeta) = zeta { Some(zeta) } else { None }).flatten();
        let first: Vec<f64> = first.take(SEED).map(|x| x.double()).collect();
        let seeded: Vec<Input<F>> = inputs.iter().cloned().chain(zeta).collect();
        let wide: Vec<Input<f64>> = wide.iter().cloned().chain(seeded.iter().skip(inputs.len()).map(widened)).collect();
        let reverse = double.vjp(&wrt)?;
        let found = program.vjp(&wrt)?.run(&seeded)?;
        let right = reverse.run(&wide)?;
        let mut before = 0;
        for ((i, found), right) in wrt.iter().zip(&found).zip(&right) {
            let chosen = choose(found.len(), self.elements, &mut generator);
            let positions: Vec<usize> = chosen.iter().map(|element| before + element).collect();
            before += found.len();
            let noise = Noise::of(&reverse, &wide, &[], &positions).map(|noise| noise.watched).unwrap_or_default();
            for (at, element) in chosen.into_iter().enumerate() {
                let single = found.iter().nth(element).map_or(f64::NAN, |x| x.double());
                let double = right.iter().nth(element).copied().unwrap_or(f64::NAN);
                let noise = noise.get(at).copied().filter(|noise| noise.is_finite()).unwrap_or(0.0);
                report.enter(outcome::<F>(single, double, noise), [single, double], || Spot {
                    order: 1,
                    of: "F".to_owned(),
                    method: Method::Single,
                    operation: "the program".to_owned(),
                    place: program.outputs.first().map(|id| program.labels.place(&program.nodes[*id])),
                    operand: program.input_name(*i).map_or_else(|| format!("input {i}"), str::to_owned),
                    element: unravel(element, found.shape()),
                    at: match wide.get(*i) {
                        Some(Input::Real(x)) => x.iter().nth(element).copied().unwrap_or(f64::NAN),
                        _ => f64::NAN,
                    },
                    seed: first.clone(),
                });
            }
        }
        Ok(report)
    }
}

/// Compares a number of the precision F with that of double precision, which carries this much rounding.
fn outcome<F: Real>(single: f64, double: f64, noise: f64) -> Outcome {
    let (apart, size) = ((single - double).abs(), single.abs().max(double.abs()));
    let tolerance = RELATIVE * (single.abs() + double.abs());
    let rounding = noise / f64::EPSILON * F::epsilon().double();
    let (smallest, largest) = (F::min_positive_value().double(), F::max_value().double());
    if !double.is_finite() || double.abs() > largest {
        Outcome::Unchecked(Reason::NotFinite)
    } else if apart <= tolerance && noise <= REACH * RELATIVE * size {
        Outcome::Pass
    } else if apart <= tolerance || apart <= 4.0 * rounding + smallest {
        Outcome::Unchecked(Reason::SingleDigits(digits(apart.max(noise), size)))
    } else {
        Outcome::Fail(tolerance)
    }
}

fn widened<F: Real>(input: &Input<F>) -> Input<f64> {
    match input {
        Input::Real(x) => Input::Real(x.mapv(|x| x.double())),
        Input::Index(x) => Input::Index(x.clone()),
        Input::Key(key) => Input::Key(*key),
    }
}
