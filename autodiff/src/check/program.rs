//! Checking programs and functions, and the notes' gradient check.

use super::Check;
use super::report::Report;
use super::subject::Subject;
use crate::base::error::{Error, ErrorKind, Result};
use crate::program::{Input, Program};
use crate::tape::Tape;
use crate::tape::value::IntoArray;
use crate::tape::var::Var;
use ndarray::ArrayD;

/// Checks the derivatives of a program at `inputs`; see the module for what is compared.
///
/// A program of f32 is checked by [`in_double`](super::in_double), together with the rounding of its own derivative.
///
/// ```
/// use autodiff::{Input, Tape, check};
/// let tape = Tape::<f64>::new();
/// let (a, b) = (tape.input([1.0, 2.0]), tape.input([3.0, 4.0]));
/// let program = tape.program(&[(a / b).sum(..)])?;
/// let report = check::program(&program, &[Input::real([1.0, 2.0]), Input::real([3.0, 4.0])])?;
/// assert_eq!(report.verdict(), check::Verdict::Pass);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::ProgramInput`] if the inputs do not fit; the error of an operation; [`ErrorKind::FaultyRule`] for a rule
/// that breaks its contract. An operation without a derivative is not an error but *unchecked*.
pub fn program(program: &Program<f64>, inputs: &[Input<f64>]) -> Result<Report> {
    Check::new().program(program, inputs)
}

/// The notes' approximation of a gradient: F(x, ε)ⱼ = (f(x + εeⱼ) − f(x − εeⱼ))/2ε, with one step ε for all elements.
///
/// Source: Matt R, *Neural Networks* lecture notes (March 2022), §6.1, with their product function:
///
/// ```
/// use autodiff::{Var, check, grad};
///
/// /// f(x) = x₁·x₂⋯xₙ
/// fn product(x: Var<'_, f64>) -> Var<'_, f64> {
///     x.prod(..)
/// }
///
/// let x = [1.0, 2.0, 3.0, 4.0];
/// let gradient = grad(product, x)?;
/// assert_eq!(gradient, ndarray::array![24.0, 12.0, 8.0, 6.0].into_dyn());
/// let differences = check::difference_quotient(product, x, 1e-3)?;
/// assert!(check::relative_error(&differences, &gradient) < 1e-12);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// The error of an operation of `f`; [`ErrorKind::NotScalar`] if its result is not a number.
pub fn difference_quotient(
    f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>,
    x: impl IntoArray<f64>,
    epsilon: f64,
) -> Result<ArrayD<f64>> {
    let x = x.into_array();
    let at = |i: usize, by: f64| {
        let mut moved = x.clone();
        moved.iter_mut().skip(i).take(1).for_each(|x| *x += by);
        let tape = Tape::new();
        f(tape.input(moved)).item()
    };
    let mut quotients = ArrayD::zeros(x.raw_dim());
    for (i, quotient) in quotients.iter_mut().enumerate() {
        *quotient = (at(i, epsilon)? - at(i, -epsilon)?) / (2.0 * epsilon);
    }
    Ok(quotients)
}

/// The relative error of a gradient against its approximation: ‖F − ∇f‖₂ / (‖F‖₂ + ‖∇f‖₂); 0 where both are 0.
///
/// For a right gradient it is near 0, for one that has nothing to do with f it is of the order of 1. See
/// [`difference_quotient`] for an example. [`Report::relative_error`] is the same for a check.
///
/// Source: Matt R, *Neural Networks* lecture notes (March 2022), §6.1.
pub fn relative_error(numeric: &ArrayD<f64>, analytic: &ArrayD<f64>) -> f64 {
    let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
    let apart = norm(&mut numeric.iter().zip(analytic).map(|(n, a)| n - a));
    if apart == 0.0 {
        return 0.0;
    }
    apart / (norm(&mut numeric.iter().copied()) + norm(&mut analytic.iter().copied()))
}

impl Check {
    /// As [`program`], with these settings.
    ///
    /// # Errors
    /// As [`program`].
    pub fn program(&self, program: &Program<f64>, inputs: &[Input<f64>]) -> Result<Report> {
        Ok(Subject::new(program, inputs, "the program", None).check(self)?.with_run(program, inputs))
    }

    /// Compares `cotangents`, from wherever they come, with finite differences of `program`: one array for each of the
    /// inputs `wrt`, and a seed `zeta` for each output. For a gradient written by hand or by another tool.
    ///
    /// ```
    /// use autodiff::{Input, Tape, check::{Check, Verdict}};
    /// use ndarray::array;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0]);
    /// let program = tape.program(&[(x * x).sum(..)])?;
    /// let at = [Input::real([1.0, 2.0])];
    /// let (one, right, wrong) = (ndarray::arr0(1.0).into_dyn(), array![2.0, 4.0].into_dyn(), array![2.0, 4.1].into_dyn());
    /// assert_eq!(Check::new().cotangents(&program, &at, &[0], &[one.clone()], &[right])?.verdict(), Verdict::Pass);
    /// assert!(matches!(Check::new().cotangents(&program, &at, &[0], &[one], &[wrong])?.verdict(), Verdict::Fail(_)));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::ProgramInput`] if arrays do not fit the program; the error of an operation.
    pub fn cotangents(
        &self,
        program: &Program<f64>,
        inputs: &[Input<f64>],
        wrt: &[usize],
        zeta: &[ArrayD<f64>],
        cotangents: &[ArrayD<f64>],
    ) -> Result<Report> {
        let subject = Subject::new(program, inputs, "the program", None);
        let refused = |what: String| Err(Error::new(ErrorKind::ProgramInput, "check", what));
        if !program.outputs().map(|(_, shape)| &**shape).eq(zeta.iter().map(ArrayD::shape)) {
            return refused("the seeds do not have the shapes of the outputs".into());
        }
        let shape = |i: &usize| if let Some(Input::Real(x)) = inputs.get(*i) { Some(x.shape()) } else { None };
        if !wrt.iter().map(shape).eq(cotangents.iter().map(|x| Some(x.shape()))) {
            return refused("the cotangents do not have the shapes of the inputs they belong to".into());
        }
        subject.compare(self, wrt, zeta, cotangents)
    }
}
