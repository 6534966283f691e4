//! Texts to begin with: those that are shipped, one of each operation, and random programs with their derivatives.

use autodiff::check::strategy;
use autodiff::primitive::Generator;
use autodiff::{Arg, Real, Registry, Tape};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The texts that are shipped.
const SHIPPED: [&str; 2] =
    [include_str!("../../examples/programs/logistic.ad"), include_str!("../../examples/programs/pendulum.ad")];

/// Another text for each number.
pub(crate) fn text(number: u64) -> String {
    match number % 16 {
        0 => SHIPPED[(number / 16) as usize % SHIPPED.len()].into(),
        1..=4 => application::<f64>(number),
        5 => application::<f32>(number),
        6 => random::<f32>(number),
        _ => random::<f64>(number),
    }
}

/// A random program, or a derivative of one.
fn random<F: Real>(number: u64) -> String {
    let seed: [u8; 32] = std::array::from_fn(|i| (number >> (8 * (i % 8))) as u8 ^ i as u8);
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let size = [10, 30, 90, 120][(number / 16) as usize % 4];
    let Ok(tree) = strategy::programs(size).new_tree(&mut runner) else { return String::new() };
    let recipe = tree.current();
    let Ok((program, _)) = recipe.program::<F>() else { return String::new() };
    let all: Vec<usize> = (0..recipe.inputs.len()).collect();
    let derivative = match number / 64 % 4 {
        0 => program.value_and_grad(&all),
        1 => program.jvp(&all),
        _ => return program.to_text(),
    };
    derivative.unwrap_or(program).to_text()
}

/// One application of an operation, as its entry samples it.
fn application<F: Real>(number: u64) -> String {
    let registry = Registry::<F>::standard();
    let entries: Vec<_> = registry.entries().collect();
    let entry = entries[(number / 16) as usize % entries.len()];
    let Some(sample) = entry.sample(&mut Generator::new(number)) else { return String::new() };
    let tape = Tape::<F>::symbolic();
    let operands: Vec<Arg<'_, F>> = sample
        .operands
        .iter()
        .map(|operand| {
            let of = operand.typed();
            tape.placeholder(of.kind, of.shape)
        })
        .collect();
    let types: Vec<_> = sample.operands.iter().map(|operand| operand.typed()).collect();
    let Ok(results) = sample.primitive.results(&types) else { return String::new() };
    let kinds: Vec<_> = results.iter().map(|of| of.kind).collect();
    let results = tape.record_list(sample.primitive, &operands, &kinds);
    tape.program(&results).map(|program| program.to_text()).unwrap_or_default()
}
