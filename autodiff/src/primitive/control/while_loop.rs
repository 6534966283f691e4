//! A loop whose body says whether it goes on.

use super::keep::Keep;
use super::record::{Loop, Step, args};
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
    /// let ([x], steps) = tape.while_loop(50, [tape.constant(1.0)], |_, [x]| {
    ///     let next = (x + a / x) * 0.5;
    ///     ([next], (next - x).abs().gt(1e-12))
    /// });
    /// assert!((x.item()? - 2f64.sqrt()).abs() < 1e-15);
    /// assert_eq!(steps.value()?, ndarray::arr0(6).into_dyn());
    /// let slope = x.gradient(&[a])?[0].item()?;
    /// assert!((slope - 0.5 / 2f64.sqrt()).abs() < 1e-9);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// Like every loop of a tape it makes its steps while it is recorded; that no step is made, or that a carry is not
    /// finite, is no error: the number of steps tells.
    ///
    /// For carries of any number and kind: [`while_loop_with`](Self::while_loop_with).
    #[track_caller]
    pub fn while_loop<'t, const C: usize>(
        &'t self,
        most: usize,
        carries: [Var<'t, F>; C],
        body: impl for<'s> FnOnce(Step<'s, 't, F>, [Var<'s, F>; C]) -> ([Var<'s, F>; C], Var<'s, F>),
    ) -> ([Var<'t, F>; C], Index<'t, F>) {
        let (last, steps) = self.while_loop_with(most, &args(carries), |step, carries| {
            let (next, go_on) = body(step, self.vars(carries));
            (args(next), go_on)
        });
        (self.vars(&last), steps)
    }

    /// As [`while_loop`](Self::while_loop), with carries of any kind, as many as there are when it is recorded.
    #[track_caller]
    pub fn while_loop_with<'t>(
        &'t self,
        most: usize,
        carries: &[Arg<'t, F>],
        body: impl for<'s> FnOnce(Step<'s, 't, F>, &[Arg<'s, F>]) -> (Vec<Arg<'s, F>>, Var<'s, F>),
    ) -> (Vec<Arg<'t, F>>, Index<'t, F>) {
        let options = Loop { steps: most, reversed: false, keep: Keep::default() };
        let results = self.scanned("while_loop", options, (Made::While, None), carries, &[], |step, carries, _| {
            let (next, go_on) = body(step, carries);
            (next, vec![go_on.into()])
        });
        match results {
            Ok((last, made)) => {
                let steps = made.into_iter().next().unwrap_or_else(|| self.broken_rule("no steps".into()).into());
                (last, steps.index())
            }
            Err((failed, _)) => (vec![failed; carries.len()], failed.index()),
        }
    }
}
