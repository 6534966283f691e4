//! One of two computations, decided by a number: two loops of at most one step.

use super::keep::Keep;
use super::record::{Loop, args};
use crate::base::error::{Mismatch, Result};
use crate::base::kind::{Kind, Type};
use crate::base::real::Real;
use crate::primitive::Made;
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};

impl<F: Real> Tape<F> {
    /// What `then` computes where the number `test` is not 0, and else what `otherwise` does. Only that one is computed; of
    /// the other nothing is, and no derivative comes from it. Comparisons give such numbers: `x.gt(y)` is 1 or 0.
    ///
    /// Both are recorded, once, as the bodies of loops of at most one step ([`Steps::made`](crate::primitive::Steps)): so
    /// a program, a plan and a text decide anew at each run. They may use any var of the tape and give as many results of
    /// the same shapes as each other.
    ///
    /// To choose element by element, where both are computed: [`select`](Var::select).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(4.0);
    /// // √x above 0, else 0: at 0 its derivative is 0, not that of the root, which is infinite.
    /// let [y] = tape.cond(x.gt(0.0), || [x.sqrt()], || [tape.constant(0.0)]);
    /// assert_eq!(y.item()?, 2.0);
    /// assert_eq!(y.gradient(&[x])?[0].item()?, 0.25);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// For results of any number and kind: [`cond_with`](Self::cond_with).
    #[track_caller]
    pub fn cond<'t, const N: usize>(
        &'t self,
        test: Var<'t, F>,
        then: impl FnOnce() -> [Var<'t, F>; N],
        otherwise: impl FnOnce() -> [Var<'t, F>; N],
    ) -> [Var<'t, F>; N] {
        self.vars(&self.cond_with(test, || args(then()), || args(otherwise())))
    }

    /// As [`cond`](Self::cond), with results of any kind, as many as there are when it is recorded. If it fails before that
    /// is known, there is one: the error.
    #[track_caller]
    pub fn cond_with<'t>(
        &'t self,
        test: Var<'t, F>,
        then: impl FnOnce() -> Vec<Arg<'t, F>>,
        otherwise: impl FnOnce() -> Vec<Arg<'t, F>>,
    ) -> Vec<Arg<'t, F>> {
        if let Ok(shape) = test.shape()
            && shape.rank() > 0
        {
            let mismatch = Mismatch::new(format!("the test should be one number, not an array of shape {shape}"))
                .with_help("`select` chooses element by element");
            return vec![self.refuse("cond", &[test.into()], mismatch).into()];
        }
        let once = Loop { steps: 1, reversed: false, keep: Keep::default() };
        let fails = test.eq(0.0);
        let holds: Arg<'t, F> = (-fails + 1.0).into();
        let mut types = Vec::new();
        let mut key = None;
        let first = self.scanned("cond", once, (Made::Given, Some(holds)), &[], &[], |_, _, _| {
            let results: Vec<Arg<'_, F>> = then();
            key = results.iter().position(|y| y.kind() == Kind::Key);
            types = results.iter().map(typed).collect();
            (Vec::new(), results)
        });
        if let Some(i) = key {
            let mismatch = Mismatch::new(format!("result {i} is a random key; a condition chooses arrays"))
                .with_help("choose an index, and fold it in: `key.fold_in(i)`");
            return vec![self.refuse("cond", &[test.into()], mismatch).into(); types.len()];
        }
        let first = match first {
            Ok((_, results)) => results,
            Err((failed, outputs)) => return vec![failed; outputs.max(1)],
        };
        // They lie in a row of one step: without that axis they are what the second loop begins with.
        let mut carries: Vec<Arg<'t, F>> = Vec::new();
        for (y, of_type) in first.iter().zip(&types) {
            carries.push(match of_type {
                Ok(of_type) => match y {
                    Arg::Index(y) => y.reshape(of_type.shape.clone()).into(),
                    y => y.var().reshape(of_type.shape.clone()).into(),
                },
                Err(_) => *y,
            });
        }
        let mut differing_types = None;
        let second = self.scanned("cond", once, (Made::Given, Some(fails.into())), &carries, &[], |_, carries, _| {
            let results: Vec<Arg<'_, F>> = otherwise();
            differing_types = differing(&types, &results);
            match differing_types {
                Some(_) => (carries.to_vec(), Vec::new()),
                None => (results, Vec::new()),
            }
        });
        if let Some(mismatch) = differing_types {
            return vec![self.refuse("cond", &[test.into()], mismatch).into(); types.len()];
        }
        match second {
            Ok((results, _)) => results,
            Err((failed, _)) => vec![failed; types.len()],
        }
    }
}

fn typed<F: Real>(result: &Arg<'_, F>) -> Result<Type> {
    Ok(Type { kind: result.kind(), shape: result.shape()? })
}

/// How the results of the second branch differ from those of the first.
fn differing<F: Real>(types: &[Result<Type>], results: &[Arg<'_, F>]) -> Option<Mismatch> {
    if types.len() != results.len() {
        let message = format!("there are {} results where the test holds, {} otherwise", types.len(), results.len());
        return Some(Mismatch::new(message));
    }
    for (i, (first, second)) in types.iter().zip(results).enumerate() {
        if let (Ok(first), Ok(second)) = (first, typed(second))
            && *first != second
        {
            let message = match first.kind == second.kind {
                true => format!("has shape {} where the test holds, and {} otherwise", first.shape, second.shape),
                false => {
                    format!("is {} where the test holds, and {} otherwise", first.kind.words(), second.kind.words())
                }
            };
            return Some(Mismatch::new(format!("result {i} {message}")));
        }
    }
    None
}
