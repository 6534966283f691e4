//! The engine for `f32` and `f64`, compiled with this crate. Where rustc shares generic code (builds without much optimisation),
//! crates that depend on this one then need not compile it again, each for itself.

use crate::inspect::{Trace, table};
use crate::{Feed, Input, Program, Real, Registry, Result, Tape};

/// Kept in the compiled crate, and called by no one.
#[used]
static FUNCTIONS: [fn() -> Result<()>; 2] = [all::<f32>, all::<f64>];

/// What most users call. Primitives and their kernels come with the registry.
fn all<F: Real>() -> Result<()> {
    let tape = Tape::<F>::new();
    let x = tape.input(F::one()).named("x");
    let y = x.softplus().sum(..);
    y.backward()?.get(x)?;
    y.pushforward(&[(x, x)])?;
    y.trace()?;
    let inputs = [Input::real(F::one())];
    let registry = Registry::standard();
    table(&registry)?;
    let program = Program::parse(&tape.program(&y.gradient(&[x])?)?.to_text(), &registry)?;
    program.run(&inputs)?;
    program.grad(&[0])?.jvp(&[0])?.vjp(&[0])?;
    program.strong_zeros(&inputs)?;
    Trace::new(&program, &inputs)?.at(0).sentence();
    let mut plan = program.plan()?;
    plan.run(&inputs)?;
    plan.execute(&mut [Feed::Key(0)])?;
    Ok(())
}
