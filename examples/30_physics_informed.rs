//! Physics-informed networks: two networks learn to solve differential equations. The loss is the residual of the
//! equation and of its initial values.
//!
//! ```text
//! cargo run --release --example 30_physics_informed                # once
//! cargo run --release --example 30_physics_informed -- --seeds 10  # ten times: median and worst
//! ```
//!
//! No solution is given. The loss contains derivatives with respect to the input, which are recorded on the tape, and
//! is itself differentiated with respect to the weights. The seed decides the initial weights and the points at which
//! the equations have to hold.
//!
//! Source: Raissi, Perdikaris & Karniadakis, "Physics-informed neural networks" (2019).

use ndarray::Array2;
use nn::{Activation, Dataset, Dense, Init, Layer, Lbfgs, Outcome, Random, Sequential};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run_seeds("30_physics_informed", |options| match options.seeds {
        None => show(options),
        Some(seeds) => {
            let shown = |error| format!("{error:.1e}");
            options::repeat("u′ = −u: largest error", seeds, f64::max, shown, |seed| {
                decay(&options.with_seed(seed))
            })?;
            options::repeat("u″ = −u: largest error", seeds, f64::max, shown, |seed| {
                oscillator(&options.with_seed(seed))
            })
        }
    })
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    println!("u′ = −u, u(0) = 1, from 0 to 2: the largest error is {:.1e}", decay(options)?);
    println!("u″ = −u, u(0) = 1, u′(0) = 0, from 0 to 2π: the largest error is {:.1e}", oscillator(options)?);
    Ok(())
}

/// u′ = −u with u(0) = 1. Returns the largest distance of the network from e⁻ᵗ.
fn decay(options: &Options) -> Result<f64, Box<dyn Error>> {
    let objective = nn::objective(|model: &Sequential<f64>, batch, cx| {
        let t = batch.real("t")?;
        let u = model.forward(t, cx);
        let slope = u.sum(..).gradient(&[t])?[0];
        // The first of the points is 0.
        let start = u.slice(0, ..1) - 1.0;
        Ok(Outcome::from((slope + u).square().mean(..) + start.square().sum(..)))
    });
    let (mut model, points) = begin(2.0, options)?;
    solver(options).minimize(&mut model, &objective, &points)?;
    error(&model, 2.0, |t| (-t).exp())
}

/// u″ = −u with u(0) = 1 and u′(0) = 0. Returns the largest distance of the network from cos t.
fn oscillator(options: &Options) -> Result<f64, Box<dyn Error>> {
    let objective = nn::objective(|model: &Sequential<f64>, batch, cx| {
        let t = batch.real("t")?;
        let u = model.forward(t, cx);
        let slope = u.sum(..).gradient(&[t])?[0];
        let second = slope.sum(..).gradient(&[t])?[0];
        let start = (u.slice(0, ..1) - 1.0).square() + slope.slice(0, ..1).square();
        Ok(Outcome::from((second + u).square().mean(..) + start.sum(..)))
    });
    let (mut model, points) = begin(std::f64::consts::TAU, options)?;
    solver(options).minimize(&mut model, &objective, &points)?;
    error(&model, std::f64::consts::TAU, f64::cos)
}

/// A network 1-32-32-1, and 128 points from 0 to `end`: one in each of 128 intervals of equal length; the
/// first is 0.
fn begin(end: f64, options: &Options) -> Result<(Sequential<f64>, Dataset<f64>), Box<dyn Error>> {
    let random = &mut Random::stream(options.seed, 3);
    let model = Sequential::new()
        .then(Dense::new(1, 32, Init::Xavier, random))
        .then(Activation::Tanh)
        .then(Dense::new(32, 32, Init::Xavier, random))
        .then(Activation::Tanh)
        .then(Dense::new(32, 1, Init::Xavier, random));
    let point = |(i, _): (usize, usize)| if i == 0 { 0.0 } else { end / 128.0 * (i as f64 + random.uniform()) };
    let points = Array2::from_shape_fn((128, 1), point);
    Ok((model, Dataset::new().real("t", points)?))
}

fn solver(options: &Options) -> Lbfgs {
    Lbfgs { steps: if options.quick { 100 } else { 2000 }, ..Lbfgs::new() }
}

/// The largest error at 1,001 points that lie evenly from 0 to `end`.
fn error(model: &Sequential<f64>, end: f64, solution: fn(f64) -> f64) -> Result<f64, Box<dyn Error>> {
    let points = Array2::from_shape_fn((1001, 1), |(i, _)| end * i as f64 / 1000.0);
    let found = nn::predict(model, &points)?;
    let errors = points.iter().zip(&found).map(|(t, u)| (u - solution(*t)).abs());
    Ok(errors.fold(0.0, f64::max))
}
