//! How long traces of many nodes take: `cargo run --release -p stepper --example scale`.

use autodiff::inspect::{Breakpoint, Stepper, Trace};
use autodiff::{Result, Tape};
use std::time::Instant;
use stepper::Terminal;

/// A tape of about so many nodes: operations in layers of 20, on numbers.
fn long(nodes: usize) -> Result<Trace<f64>> {
    let tape = Tape::new();
    let mut x = tape.input(0.5).named("x");
    let mut layer = 0;
    while tape.len() < nodes {
        x = tape.scope(&format!("layer{layer}"), || (0..10).fold(x, |x, _| (x * 1.01).sin()));
        layer += 1;
    }
    x.named("y").trace()
}

fn main() -> Result<()> {
    let trace = long(10_000)?;
    let (begin, nodes) = (Instant::now(), trace.nodes().count());
    let frame = Terminal::new().frame(&trace, (80, 24)).unwrap_or_default();
    println!("{nodes} nodes: the first screen after {:?} ({} characters)", begin.elapsed(), frame.chars().count());
    let begin = Instant::now();
    let text = Terminal::new().script(&trace, "goto end; p; l; rl").unwrap_or_default();
    println!("{nodes} nodes: opened, at the end and a line back after {:?} ({} bytes)", begin.elapsed(), text.len());

    let tape = Tape::<f64>::new();
    let x = tape.input(ndarray::Array1::linspace(-1.0, 1.0, 200)).named("x");
    let y = (0..143).fold(x, |x, _| (x * 1.01 + 0.1).sin());
    let trace = y.sum(..).trace()?;
    let (begin, nodes) = (Instant::now(), trace.nodes().count());
    let page = stepper::html(&trace, "a chain")?;
    println!("{nodes} nodes of 200 numbers: a page of {} bytes after {:?}", page.len(), begin.elapsed());

    let begin = Instant::now();
    let trace = long(1_000_000)?;
    let nodes = trace.nodes().count();
    println!("{nodes} nodes: recorded and traced, {} events, after {:?}", trace.len(), begin.elapsed());
    let begin = Instant::now();
    let stop: Breakpoint = "phase == reverse && scope == \"layer7\"".parse()?;
    let mut stepper = Stepper::new(&trace);
    stepper.run_until(&stop);
    println!("{nodes} nodes: the breakpoint `{stop}` stops at time {} after {:?}", stepper.time(), begin.elapsed());
    let begin = Instant::now();
    let listing = stepper::listing(&trace)?;
    println!("{nodes} nodes: a listing of {} lines after {:?}", listing.lines().count(), begin.elapsed());
    Ok(())
}
