//! Watch backpropagation happen, one event at a time, forwards and back.
//!
//! Two inputs, two hidden units, two outputs, logistic units, half the squared error: a worked example that many
//! learners have met. Run it with `cargo run --example 03_step_through`.

use autodiff::inspect::{Breakpoint, Event, Stepper};
use autodiff::{Error, Tape, Var};

/// One logistic unit: σ(w·a + v·b + bias).
fn unit<'t>(name: &str, [w, v, bias]: [f64; 3], a: Var<'t, f64>, b: Var<'t, f64>) -> Var<'t, f64> {
    let tape = a.tape();
    tape.scope(name, || {
        let (w, v, bias) = (tape.input(w).named("w"), tape.input(v).named("v"), tape.input(bias).named("bias"));
        (w * a + v * b + bias).sigmoid().named("out")
    })
}

fn main() -> Result<(), Error> {
    let tape = Tape::<f64>::new();
    let (x1, x2) = (tape.data(0.05).named("x1"), tape.data(0.10).named("x2"));
    let h1 = unit("h1", [0.15, 0.20, 0.35], x1, x2);
    let h2 = unit("h2", [0.25, 0.30, 0.35], x1, x2);
    let o1 = unit("o1", [0.40, 0.45, 0.60], h1, h2);
    let o2 = unit("o2", [0.50, 0.55, 0.60], h1, h2);
    let (t1, t2) = (tape.data(0.01).named("t1"), tape.data(0.99).named("t2"));
    let error = ((t1 - o1).square() * 0.5 + (t2 - o2).square() * 0.5).named("E");

    // A trace is the whole run as data; a stepper is a position in it.
    let trace = error.trace()?;
    let mut stepper = Stepper::new(&trace);

    println!("The first five events:");
    for _ in 0..5 {
        stepper.step();
        println!("  {:3}  {}", stepper.time(), stepper.state().sentence());
    }
    println!("One back:");
    stepper.back();
    println!("  {:3}  {}", stepper.time(), stepper.state().sentence());

    println!("\nEvery logistic unit, on the way forwards and on the way back:");
    let sigmoid: Breakpoint = "op == \"sigmoid\"".parse()?;
    while stepper.run_until(&sigmoid).is_some() {
        println!("  {:3}  {}", stepper.time(), stepper.state().sentence());
    }

    // Here the reverse pass has just reached h1 from one of the two outputs. Its cotangent is half there; those of
    // nodes further down are blank, which is not the same as 0.
    stepper.goto(0);
    stepper.run_until("phase == reverse".parse::<Breakpoint>()?);
    stepper.run_until(|state: &autodiff::inspect::State<'_, f64>| {
        matches!(state.event(), Some(Event::Accumulate(edge)) if edge.operand == h1.id())
    });
    println!("\n{}", stepper.state());

    // h1 acts on the error through both outputs. One wants it smaller, the other larger: the shares sum to one.
    let end = trace.at(trace.len());
    let slope = |node: Var<'_, f64>| end.cotangent(node.id()).map(|d| d.sum()).unwrap_or(f64::NAN);
    println!("dE/dh1 = {:.8}, of which", slope(h1));
    for (edge, share) in end.shares(h1.id()) {
        let path = trace.node(edge.node).map(|node| node.scope().to_owned()).unwrap_or_default();
        println!("  {:6.1} % come by way of {path}", 100.0 * share);
    }
    println!("so {:.0} % of what the paths bring cancels.", 100.0 * end.cancellation(h1.id()).unwrap_or(f64::NAN));
    Ok(())
}
