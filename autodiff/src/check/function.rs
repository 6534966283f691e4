//! Checking functions written in Rust.

use super::Check;
use super::difference::same;
use super::report::Report;
use super::spot::Reason;
use super::subject::Subject;
use crate::base::error::{Error, ErrorKind, Place, Result};
use crate::base::ids::NodeId;
use crate::program::{Input, Program};
use crate::tape::Tape;
use crate::tape::node::Op;
use crate::tape::value::IntoArray;
use crate::tape::var::Var;
use ndarray::ArrayD;
use std::panic::Location;

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
/// As [`program`](super::program).
pub fn function(f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>, x: impl IntoArray<f64>) -> Result<Report> {
    Check::new().function(f, x)
}

/// Checks the derivatives of a function of several arrays, and is an error where one is wrong: what a property-based test
/// asserts of each input that it draws. It is an error, too, if not one slope could be compared with a finite difference. Beside
/// others that agree, what is *unchecked*, such as a kink that was hit, is no error: [`Check::arrays`] tells.
///
/// ```
/// use autodiff::check::{self, strategy::arrays};
/// use autodiff::primitive::Domain;
/// use proptest::prelude::*;
///
/// let domain = Domain::between(-3.0, 3.0);
/// proptest!(|(x in arrays([4, 3].into(), domain), w in arrays([3, 2].into(), domain))| {
///     check::assert([x, w], |_, [x, w]| x.matmul(w).tanh().sum(..))?;
/// });
/// ```
///
/// # Errors
/// [`ErrorKind::WrongDerivative`] with the report as its message; [`ErrorKind::Unchecked`], with the elements and the reasons,
/// if nothing could be compared; otherwise as [`program`](super::program).
#[track_caller]
pub fn assert<const N: usize>(
    inputs: [impl IntoArray<f64>; N],
    f: impl for<'t> Fn(&'t Tape<f64>, [Var<'t, f64>; N]) -> Var<'t, f64>,
) -> Result<()> {
    Check::new().assert(inputs, f)
}

impl Check {
    /// As [`function`], with these settings.
    ///
    /// # Errors
    /// As [`program`](super::program).
    pub fn function(&self, f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>, x: impl IntoArray<f64>) -> Result<Report> {
        self.arrays([x.into_array()], |_, [x]| f(x.named("x")))
    }

    /// As [`assert()`], with these settings.
    ///
    /// # Errors
    /// As [`assert()`].
    #[track_caller]
    pub fn assert<const N: usize>(
        &self,
        inputs: [impl IntoArray<f64>; N],
        f: impl for<'t> Fn(&'t Tape<f64>, [Var<'t, f64>; N]) -> Var<'t, f64>,
    ) -> Result<()> {
        let place = Place { location: Some(Location::caller()), scope: String::new() };
        // The error has the text of the report alone, and not its run.
        let (report, ..) = self.checked(inputs.map(IntoArray::into_array), f)?;
        if let Some(error) = report.nothing_compared() {
            return Err(error.at(place));
        }
        let wrong = |report: Box<Report>| Error::new(ErrorKind::WrongDerivative, "check", report.to_string()).at(place);
        report.ok().map(|_| ()).map_err(wrong)
    }

    /// As [`function`], of several arrays and the tape they are on, with these settings.
    ///
    /// # Errors
    /// As [`program`](super::program).
    pub fn arrays<const N: usize>(
        &self,
        inputs: [ArrayD<f64>; N],
        f: impl for<'t> Fn(&'t Tape<f64>, [Var<'t, f64>; N]) -> Var<'t, f64>,
    ) -> Result<Report> {
        self.checked(inputs, f).map(|(report, program, given)| report.with_run(&program, &given))
    }

    /// The report without its run, and what was checked.
    fn checked<const N: usize>(
        &self,
        inputs: [ArrayD<f64>; N],
        f: impl for<'t> Fn(&'t Tape<f64>, [Var<'t, f64>; N]) -> Var<'t, f64>,
    ) -> Result<(Report, Program<f64>, Vec<Input<f64>>)> {
        // The program, all that it is run on (also indices and data that the function itself puts on the tape), and its result.
        let recorded = |inputs: &[ArrayD<f64>; N]| {
            let tape = Tape::new();
            let y = f(&tape, inputs.each_ref().map(|x| tape.input(x)));
            let program = tape.program(&[y])?;
            let given =
                NodeId::all(tape.len()).filter(|id| tape.with_node(*id, |node| matches!(node.op, Op::Input(_))));
            let given: Vec<Input<f64>> = given.filter_map(|id| tape.with_value(id, Input::known)).collect();
            Ok((program, given, y.value()?))
        };
        let (program, given, _) = recorded(&inputs)?;
        // A closure that reads values may record something else elsewhere: a factor that counts as a constant, a branch.
        let (_, moved, there) = recorded(&inputs.each_ref().map(|x| x.mapv(|x| x * 1.0625 + 1e-3)))?;
        let replays = given.iter().skip(N).eq(moved.iter().skip(N))
            && program
                .run(&moved)?
                .first()
                .is_some_and(|y| y.shape() == there.shape() && y.iter().zip(&there).all(|(y, there)| same(*y, *there)));
        let report = match replays {
            true => Subject::new(&program, &given, "the function", None).check(self)?,
            false => Report::unchecked_because(Reason::ReadsValues),
        };
        Ok((report, program, given))
    }
}
