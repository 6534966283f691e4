//! The 3-2-3-4 network of J. K. Miller, *Neural Networks* (November 2022): σ(x) = atan(x)/π + ½, half the squared
//! distance as the loss, γ = 0.001, the input (1, 1, 1) and the target (2, 2, 2, 2).
//!
//! Run with `cargo run --example 11_arctan_network`.

use autodiff::Tape;
use ndarray::Array2;
use nn::picture::Chart;
use nn::{Activation, Columns, Context, Dataset, Dense, Init, Layer, OptimizerState, Random, Sequential, Sgd, loss};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run("11_arctan_network", learn)
}

/// The network; each layer starts at zeros, as in the notes, or at random.
fn network(init: Init, seed: u64) -> Sequential<f64> {
    let random = &mut Random::new(seed);
    [3, 2, 3, 4].windows(2).fold(Sequential::new(), |network, nodes| {
        network.then(Dense::new(nodes[0], nodes[1], init, random)).then(Activation::ArctanSigmoid)
    })
}

fn learn(options: &Options) -> Result<(), Box<dyn Error>> {
    // The target 2 lies outside of (0, 1), the range of σ: the outputs can only go towards 1, and the loss towards 2.
    let data = Dataset::valued([[1.0, 1.0, 1.0]], [[2.0, 2.0, 2.0, 2.0]])?;
    let steps = if options.quick { 3_000 } else { 30_000 };
    let mut chart = Chart::new("The 3-2-3-4 network: loss").axes("step", "loss");
    for (name, init) in [("zeros, as in the notes", Init::Zeros), ("random", Init::Xavier)] {
        let mut model = network(init, options.seed);
        let (gamma, mut state) = (Sgd::new(0.001), OptimizerState::new());
        let mut curve = Vec::new();
        println!("{name}:\n  step     loss    norms of the weights' gradients by layer");
        for step in 1..=steps {
            let tape = Tape::new();
            let cx = Context::training(&tape, &model, 0);
            let batch = Columns::on(&tape, &data);
            let loss = loss::half_squared(model.forward(batch.real("x")?, &cx), batch.target("targets")?);
            let gradients = cx.gradients(*loss)?;
            if step <= 4 || step == steps {
                // Weights and biases alternate.
                let norms = gradients.iter().step_by(2).map(|(_, g)| g.iter().map(|g| g * g).sum::<f64>().sqrt());
                let norms: Vec<String> = norms.map(|norm| format!("{norm:.1e}")).collect();
                println!("{step:>6} {:>8.5}    {}", loss.item()?, norms.join("  "));
            }
            if step % (steps / 200) == 1 {
                curve.push((f64::from(step), loss.item()?));
            }
            state.apply(&gamma, &mut model, &gradients)?;
        }
        chart = chart.line(name, curve);
        let last = nn::parameters(&model)[4].1.array().clone().into_dimensionality::<ndarray::Ix2>()?;
        println!("  weights of the last layer, a column for each output:\n{}\n", indented(&last));
    }
    println!(
        "From zeros, layer ℓ of L = 3 first gets a gradient at step L − ℓ + 1, and the units of a layer stay alike."
    );
    options.draw("arctan_loss", &chart.to_svg())
}

fn indented(matrix: &Array2<f64>) -> String {
    let line = |row: ndarray::ArrayView1<'_, f64>| row.iter().map(|x| format!("{x:>9.5}")).collect::<String>();
    matrix.rows().into_iter().map(|row| format!("  {}", line(row))).collect::<Vec<_>>().join("\n")
}
