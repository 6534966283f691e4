//! What the tests share.

use autodiff::{Input, Program, Real, Shape, Tape};
use ndarray::ArrayD;
use nn::{Context, Layer, Random};
use std::collections::HashMap;

/// An array of standard normal numbers.
pub fn normal(shape: impl Into<Shape>, seed: u64) -> ArrayD<f64> {
    let mut random = Random::new(seed);
    ArrayD::from_shape_simple_fn(shape.into().to_vec(), || random.normal())
}

/// Compares the gradient of `program` at `point`, for every element of every differentiable input, with 5-point
/// differences: (f(−2h) − 8f(−h) + 8f(h) − f(2h)) / 12h.
pub fn assert_gradients(program: &Program<f64>, point: &[Input<f64>], what: &str) {
    let at = |point: &[Input<f64>]| program.run(point).unwrap()[0].sum();
    let mut compared = 0;
    for i in (0..point.len()).filter(|i| program.is_differentiable(*i)) {
        let gradient = program.grad(&[i]).unwrap().run(point).unwrap().remove(0);
        for (k, analytic) in gradient.iter().enumerate() {
            let h = 1e-3;
            let moved = |step: f64| {
                let mut moved = point.to_vec();
                let Input::Real(array) = &mut moved[i] else { panic!("a differentiable input is an array") };
                *array.iter_mut().nth(k).unwrap() += step * h;
                at(&moved)
            };
            let numeric = (moved(-2.0) - 8.0 * moved(-1.0) + 8.0 * moved(1.0) - moved(2.0)) / (12.0 * h);
            let error = (analytic - numeric).abs();
            let name = program.input_name(i).unwrap_or("?");
            assert!(
                error <= 1e-8 * (analytic.abs() + numeric.abs()) + 1e-9,
                "{what}: {name}[{k}]: {analytic} by the tape, {numeric} by differences"
            );
            compared += 1;
        }
    }
    assert!(compared > 0, "{what}: nothing was compared");
}

/// Checks the gradient of a layer with respect to its parameters and its input; with a key, as while training.
pub fn assert_layer(layer: &dyn Layer<f64>, x: ArrayD<f64>, key: Option<u64>, what: &str) {
    let (program, point) = layer_program(layer, x, key);
    assert_gradients(&program, &point, what);
}

/// A weighted sum of the output of a layer, as a program, and its inputs; with a key, as while training.
pub fn layer_program(layer: &dyn Layer<f64>, x: ArrayD<f64>, key: Option<u64>) -> (Program<f64>, Vec<Input<f64>>) {
    let tape = Tape::new();
    let cx = match key {
        Some(key) => Context::training(&tape, layer, key),
        None => Context::evaluation(&tape, layer),
    };
    let input = tape.input(&x).named("x");
    let y = layer.forward(input, &cx);
    // Weights that tell the elements apart; a plain sum would hide, for one, that softmax sums to 1.
    let weights = tape.constant(normal(y.shape().unwrap(), 99));
    let program = tape.program(&[(y * weights).sum(..)]).unwrap();
    let params = nn::parameters(layer).into_iter().map(|(path, param)| (path, param.array().clone()));
    let buffers = nn::buffers(layer).into_iter().map(|(path, buffer)| (path, buffer.array().clone()));
    let arrays: HashMap<String, ArrayD<f64>> = params.chain(buffers).chain([("x".into(), x)]).collect();
    let given = |i: usize| match (program.input_name(i), key) {
        (Some("key"), Some(key)) => Input::Key(key),
        (name, _) => Input::Real(arrays[name.unwrap_or_default()].clone()),
    };
    let point = (0..program.inputs().count()).map(given).collect();
    (program, point)
}

/// Numbers by their bits.
pub fn bits<'a, F: Real>(numbers: impl IntoIterator<Item = &'a F>) -> Vec<u64> {
    numbers.into_iter().map(|x| x.double().to_bits()).collect()
}

/// Fractions that the scripts in `tests/nn/pytorch` make, too, without rounding.
pub fn numbers(offset: i64, modulus: i64, shape: &[usize], scale: f64) -> ArrayD<f64> {
    let number = |i: i64| ((offset + i * 7919) % modulus - modulus / 2) as f64 / scale;
    ArrayD::from_shape_vec(shape, (0..shape.iter().product::<usize>() as i64).map(number).collect()).unwrap()
}

/// The lines of a file that a script has made: a name, and numbers.
pub fn lines(file: &str) -> Vec<(&str, Vec<f64>)> {
    file.lines()
        .map(|line| {
            let (name, numbers) = line.split_once(' ').unwrap();
            (name, numbers.split(' ').map(|x| x.parse().unwrap()).collect())
        })
        .collect()
}
