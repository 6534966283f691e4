//! Checking programs and functions, and the notes' gradient check.

use super::Check;
use super::comparison::Subject;
use super::report::{Reason, Report};
use crate::base::error::{Error, ErrorKind, Result};
use crate::program::{Input, Program};
use crate::tape::Tape;
use crate::tape::value::IntoArray;
use crate::tape::var::Var;
use ndarray::ArrayD;

/// Checks the derivatives of a program at `inputs`; see the module for what is compared.
///
/// An f32 program is checked through [`Program::cast`].
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

/// Checks the derivatives of a function of one array at `x`.
///
/// ```
/// use autodiff::check::{self, Verdict};
/// let report = check::function(|x| x.sin() * x, [0.5, -2.0])?;
/// assert_eq!(report.verdict(), Verdict::Pass);
/// // At a kink there is only a convention.
/// assert!(matches!(check::function(|x| x.relu(), 0.0)?.verdict(), Verdict::Unchecked(_)));
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// As [`program`].
pub fn function(f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>, x: impl IntoArray<f64>) -> Result<Report> {
    Check::new().function(f, x)
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
        Subject { program, inputs, operation: "the program", place: None }.check(self)
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
        let subject = Subject { program, inputs, operation: "the program", place: None };
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

    /// As [`function`], with these settings.
    ///
    /// # Errors
    /// As [`program`].
    pub fn function(&self, f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>, x: impl IntoArray<f64>) -> Result<Report> {
        let x = x.into_array();
        let program_at = |x: &ArrayD<f64>| {
            let tape = Tape::new();
            let y = f(tape.input(x).named("x"));
            Ok((tape.program(&[y])?, y.value()?))
        };
        let (program, _) = program_at(&x)?;
        // A closure that reads values may record something else elsewhere: a factor that counts as a constant, a branch.
        let moved = x.mapv(|x| x * 1.0625 + 1e-3);
        let (_, there) = program_at(&moved)?;
        let replayed = program.run(&[Input::Real(moved)])?;
        let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
        if !replayed.first().is_some_and(|y| y.shape() == there.shape() && y.iter().zip(&there).all(same)) {
            return Ok(Report::unchecked_because(Reason::ReadsValues));
        }
        Subject { program: &program, inputs: &[Input::Real(x)], operation: "the function", place: None }.check(self)
    }
}
