//! A loop whose body says whether it goes on.

use super::keep::Keep;
use super::record::{Loop, Step};
use crate::base::real::Real;
use crate::primitive::Made;
use crate::tape::var::{Index, Var};
use crate::tape::{Arg, Tape};

impl<F: Real> Tape<F> {
    /// Repeats `body` as long as it says so, at least once and at most `most` times: it takes the carries and gives the new
    /// ones, and a number that is not 0 if another step should be made. The answers are the carries behind the last step
    /// that was made, and the number of steps.
    ///
    /// The body is recorded once, as that of [`scan`](Self::scan), and differentiates to any order: the derivative is that
    /// of the steps that were made. A program, a plan and a text decide anew at each run. What the reverse pass reads is
    /// kept, in memory for `most` steps.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// // The square root of a, by Newton's method.
    /// let a = tape.input(2.0);
    /// let (x, steps) = tape.while_loop(50, &[tape.constant(1.0)], |_, x| {
    ///     let next = (x[0] + a / x[0]) * 0.5;
    ///     let moves = (next - x[0]).abs().gt(1e-12);
    ///     (vec![next], moves)
    /// });
    /// assert!((x[0].item()? - 2f64.sqrt()).abs() < 1e-15);
    /// assert_eq!(steps.value()?, ndarray::arr0(6).into_dyn());
    /// let slope = x[0].gradient(&[a])?[0].item()?;
    /// assert!((slope - 0.5 / 2f64.sqrt()).abs() < 1e-9);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// Like every loop of a tape it makes its steps while it is recorded; that no step is made, or that a carry is not
    /// finite, is no error: the number of steps tells.
    #[track_caller]
    pub fn while_loop<'t>(
        &'t self,
        most: usize,
        carries: &[Var<'t, F>],
        body: impl for<'s> FnOnce(Step<'s, 't, F>, &[Var<'s, F>]) -> (Vec<Var<'s, F>>, Var<'s, F>),
    ) -> (Vec<Var<'t, F>>, Index<'t, F>) {
        let options = Loop { steps: most, reversed: false, keep: Keep::default() };
        let args: Vec<Arg<'t, F>> = carries.iter().map(|x| Arg::Real(*x)).collect();
        let results = self.scanned("while_loop", options, (Made::While, None), &args, &[], |step, carries, _| {
            let carries: Vec<Var<'_, F>> = carries.iter().map(|x| x.var()).collect();
            let (next, go_on) = body(step, &carries);
            (next.into_iter().map(Arg::Real).collect(), vec![go_on.into()])
        });
        match results {
            Ok((last, made)) => {
                let steps = made.into_iter().next().unwrap_or_else(|| self.broken_rule("no steps".into()).into());
                (last.into_iter().map(Arg::var).collect(), steps.index())
            }
            Err((failed, _)) => (vec![failed.var(); carries.len()], failed.index()),
        }
    }
}
