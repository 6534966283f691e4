//! What the Rust peers share. They answer the same lines as the benchmark itself, through the same code.

use bench::Result;
use bench::numbers::Numbers;
use bench::workload::{Entry, Workload};

/// A workload of two closures.
struct Job<S, C> {
    step: S,
    check: C,
}

impl<S: FnMut() -> Result<f64>, C: FnMut() -> Result<Numbers>> Workload for Job<S, C> {
    fn step(&mut self) -> Result<f64> {
        (self.step)()
    }

    fn check(&mut self) -> Result<Numbers> {
        (self.check)()
    }
}

/// What is timed, and what is compared.
pub fn job(
    step: impl FnMut() -> Result<f64> + 'static,
    check: impl FnMut() -> Result<Numbers> + 'static,
) -> Result<Box<dyn Workload>> {
    Ok(Box::new(Job { step, check }))
}

/// The losses of the first three steps.
pub fn losses(numbers: &mut Numbers, mut step: impl FnMut() -> Result<f64>) -> Result<()> {
    for i in 1..=3 {
        numbers.number(format!("loss{i}"), step()?);
    }
    Ok(())
}

/// The numbers of a stream, in order.
pub fn array(stream: u64, shape: &[usize], scale: f64) -> Result<Vec<f32>> {
    Ok(bench::data::array(stream, shape, scale)?.into_iter().collect())
}

/// The weights of layer `i`, row by row: [inputs, outputs].
pub fn weights(i: usize, inputs: usize, outputs: usize) -> Result<Vec<f32>> {
    Ok(bench::data::weights(i, inputs, outputs)?.into_iter().collect())
}

/// Answers the lines of standard input. The only argument is the number of threads.
pub fn serve(entries: &[Entry]) -> Result<()> {
    let threads = std::env::args().nth(1).ok_or("usage: THREADS")?.parse()?;
    bench::serve::serve(entries, threads, std::io::stdin().lock(), std::io::stdout().lock())
}
