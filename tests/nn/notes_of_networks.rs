//! The networks of the lecture notes, each beside its own formulas: logistic regression, one hidden layer, any depth, the
//! 2-3-4-1 network, the functional model, softmax, ELU, and approximation by one hidden layer.

use crate::support::normal;
use autodiff::{Tape, jacobian};
use ndarray::{Array1, Array2, ArrayD, Axis, array};
use nn::{
    Activation, Adam, Context, Dataset, Dense, History, Init, Layer, Outcome, Random, Sequential, Sgd, Trainer, loss,
    metric, parameters, summary,
};

fn matrix(rows: usize, columns: usize, seed: u64) -> Array2<f64> {
    normal([rows, columns], seed).into_dimensionality().unwrap()
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

#[track_caller]
fn assert_near<D: ndarray::Dimension>(found: &ArrayD<f64>, expected: &ndarray::Array<f64, D>) {
    assert_eq!(found.shape(), expected.shape());
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * (1.0 + b.abs());
    assert!(found.iter().zip(expected).all(near), "{found} is not {expected}");
}

/// ∂J/∂w = (1/n) x (a − y)ᵀ + λ/n·w, or λ/(2n)·sign w; ∂J/∂b = (1/n) Σ (a − y); and a step of gradient descent follows
/// it: Matt R, *Neural Networks* (June 2022), §1.1 to 1.3.
#[test]
fn logistic_regression_has_the_gradient_of_the_notes() {
    let (n, lambda) = (7, 0.4);
    let (x, w, b) = (matrix(n, 3, 1), matrix(3, 1, 2), 0.3);
    let y = Array2::from_shape_fn((n, 1), |(i, _)| f64::from(i as u32 % 2));
    for p in [0, 1, 2] {
        let mut model = Dense::from_arrays(w.clone(), Some(array![b]));
        let cost = nn::objective(move |model: &Dense<f64>, batch, cx| {
            let logits = model.forward(batch.real("x")?, cx);
            let penalty = match p {
                0 => 0.0 * loss::l2(cx),
                1 => loss::l1(cx),
                _ => loss::l2(cx),
            };
            let error = loss::binary_cross_entropy_with_logits(logits, batch.target("targets")?);
            Ok(Outcome::from(error + lambda / (2.0 * n as f64) * penalty))
        });
        let data = Dataset::valued(x.clone(), y.clone()).unwrap();
        Trainer::new(Sgd::new(1.0)).batch_size(n).fit(&mut model, cost, &data).unwrap();

        let delta = (x.dot(&w) + b).mapv(sigmoid) - &y;
        let of_penalty = match p {
            0 => Array2::zeros((3, 1)),
            1 => lambda / (2.0 * n as f64) * w.mapv(f64::signum),
            _ => lambda / n as f64 * &w,
        };
        let dw = x.t().dot(&delta) / n as f64 + of_penalty;
        assert_near(model.weight().array(), &(&w - &dw));
        assert_near(model.bias().unwrap().array(), &array![b - delta.sum() / n as f64]);
    }
}

/// δ² = a² − y and δ¹ = (dg¹)ᵀCᵀδ² for one hidden layer of ReLU, and in general δˡ = (Wˡ⁺¹)ᵀδˡ⁺¹ ⊙ g′(zˡ),
/// ∂J/∂Wˡ = (1/n) δˡ(aˡ⁻¹)ᵀ, ∂J/∂bˡ = (1/n) Σ δˡ: the same (June 2022), §2.1, §2.3 and §3.1.
#[test]
fn error_terms_of_networks_of_any_depth() {
    type Unit = (Activation, fn(f64) -> f64, fn(f64) -> f64);
    let relu: Unit = (Activation::Relu, |z| z.max(0.0), |z| f64::from(u8::from(z >= 0.0)));
    let tanh: Unit = (Activation::Tanh, f64::tanh, |z| 1.0 - z.tanh().powi(2));
    let leaky: Unit =
        (Activation::LeakyRelu(0.1), |z| if z >= 0.0 { z } else { 0.1 * z }, |z| if z >= 0.0 { 1.0 } else { 0.1 });
    let n = 6;
    for hidden in [vec![relu], vec![tanh, relu], vec![leaky, tanh, relu, tanh]] {
        let nodes: Vec<usize> = [3].into_iter().chain((0..hidden.len()).map(|l| 4 + l)).chain([1]).collect();
        let (x, y) = (matrix(n, 3, 1), Array2::from_shape_fn((n, 1), |(i, _)| f64::from(i as u32 % 2)));
        let mut model = Sequential::new();
        let mut layers = Vec::new();
        for (l, pair) in nodes.windows(2).enumerate() {
            // The second layer has no bias.
            let bias: Option<Array1<f64>> =
                (l != 1).then(|| normal([pair[1]], 20 + l as u64).into_dimensionality().unwrap());
            let weight = matrix(pair[0], pair[1], 10 + l as u64);
            model = model.then(Dense::from_arrays(weight.clone(), bias.clone()));
            if let Some((activation, _, _)) = hidden.get(l) {
                model = model.then(*activation);
            }
            layers.push((weight, bias));
        }
        let (mut activations, mut zs) = (vec![x.clone()], Vec::new());
        for (l, (weight, bias)) in layers.iter().enumerate() {
            let z = activations[l].dot(weight) + &bias.clone().unwrap_or_else(|| Array1::zeros(weight.ncols()));
            activations.push(z.mapv(hidden.get(l).map_or(sigmoid as fn(f64) -> f64, |unit| unit.1)));
            zs.push(z);
        }
        // Examples are rows here, and columns in the notes.
        let mut delta = &activations[layers.len()] - &y;
        let mut expected = Vec::new();
        for l in (0..layers.len()).rev() {
            let (weight, bias) = &layers[l];
            expected.extend(bias.as_ref().map(|_| (delta.sum_axis(Axis(0)) / n as f64).into_dyn()));
            expected.push((activations[l].t().dot(&delta) / n as f64).into_dyn());
            if l > 0 {
                delta = delta.dot(&weight.t()) * zs[l - 1].mapv(hidden[l - 1].2);
            }
        }
        expected.reverse();

        let tape = Tape::new();
        let cx = Context::training(&tape, &model, 0);
        let a = model.forward(tape.data(&x), &cx).sigmoid();
        let targets = tape.data(&y);
        let cost = -(targets * a.log() + (1.0 - targets) * (1.0 - a).log()).mean(..);
        let found = cx.gradients(cost).unwrap();
        assert_eq!(found.len(), expected.len());
        for ((path, found), expected) in found.iter().zip(&expected) {
            assert_eq!(found.shape(), expected.shape(), "{path}");
            assert_near(found, expected);
        }
    }
}

/// The 2-3-4-1 network of Anderson & Chau: 9 + 16 + 5 parameters, ∂J/∂W² = [(h − o)W³ ⊙ g′(z²)](a¹)ᵀ; the Jacobian of an
/// elementwise map is diagonal, and that of f(g₁, …, gₖ) is Σ ∂f/∂gᵢ·∂gᵢ/∂x (their law of total derivatives).
#[test]
fn the_2_3_4_1_network_and_its_jacobians() {
    let random = &mut Random::new(3);
    let model: Sequential<f64> = Sequential::new()
        .then(Dense::new(2, 3, Init::He, random))
        .then(Activation::Relu)
        .then(Dense::new(3, 4, Init::He, random))
        .then(Activation::Relu)
        .then(Dense::new(4, 1, Init::He, random));
    let counts = summary(&model, [2]).unwrap();
    let rows: Vec<usize> = counts.rows().iter().map(|row| row.parameters).filter(|count| *count > 0).collect();
    assert_eq!((rows, counts.total()), (vec![9, 16, 5], 30));

    let weights: Vec<Array2<f64>> = parameters(&model)
        .into_iter()
        .filter_map(|(_, param)| param.array().clone().into_dimensionality().ok())
        .collect();
    let (x, o) = (array![[0.7, -1.2]], 0.4);
    let relu = |z: &Array2<f64>| z.mapv(|z| z.max(0.0));
    let z1 = x.dot(&weights[0]);
    let z2 = relu(&z1).dot(&weights[1]);
    let h = relu(&z2).dot(&weights[2]);
    let slope = z2.mapv(|z| f64::from(u8::from(z >= 0.0)));
    let back = (h[[0, 0]] - o) * weights[2].t().to_owned() * slope;
    let tape = Tape::new();
    let cx = Context::training(&tape, &model, 0);
    let loss = 0.5 * (model.forward(tape.data(&x), &cx) - o).square().sum(..);
    assert_near(&cx.gradients(loss).unwrap()[2].1, &relu(&z1).t().dot(&back));

    let diagonal = jacobian(|z| z.tanh(), [0.5, -1.0, 2.0]).unwrap();
    assert_near(&diagonal.into_dyn(), &Array2::from_diag(&array![0.5f64, -1.0, 2.0].mapv(|z| 1.0 - z.tanh().powi(2))));

    // f(g) = softmax, g(x) = (x₀x₁, sin x₀, x₁²).
    let x = [0.3f64, -0.8];
    let whole = jacobian(
        |x| {
            let (a, b) = (x.slice(0, ..1), x.slice(0, 1..));
            x.tape().concat(&[a * b, a.sin(), b.square()], 0).softmax(0)
        },
        x,
    );
    let g = [x[0] * x[1], x[0].sin(), x[1] * x[1]];
    let inner = array![[x[1], x[0]], [x[0].cos(), 0.0], [0.0, 2.0 * x[1]]];
    let outer = jacobian(|g| g.softmax(0), g).unwrap();
    assert_near(&whole.unwrap().into_dyn(), &outer.dot(&inner));
    // The notes' example: f(x₁, x₂) = 3x₁²x₂ has the gradient (6x₁x₂, 3x₁²).
    let gradient = autodiff::grad(
        |x| {
            let (a, b) = (x.slice(0, ..1), x.slice(0, 1..));
            (3.0 * a.square() * b).sum(..)
        },
        [2.0, 5.0],
    );
    assert_near(&gradient.unwrap(), &array![60.0, 12.0]);
}

/// The words of the functional model of Matt R (June 2022), §3.3: parameters (10·32 + 32) + (32·16 + 16) + (16 + 1), and a
/// history with a validation curve.
#[test]
fn the_functional_model_of_the_notes() {
    let random = &mut Random::new(0);
    let mut model = Sequential::new()
        .then(Dense::new(10, 32, Init::He, random))
        .then(Activation::Relu)
        .then(Dense::new(32, 16, Init::He, random))
        .then(Activation::Relu)
        .then(Dense::new(16, 1, Init::He, random))
        .then(Activation::Sigmoid);
    let table = summary(&model, [10]).unwrap();
    let counts: Vec<usize> = table.rows().iter().map(|row| row.parameters).filter(|count| *count > 0).collect();
    assert_eq!((counts, table.total()), (vec![352, 528, 17], 897));
    assert!(parameters(&model).iter().all(|(path, param)| {
        // `he_normal` and `zeros`.
        path.ends_with("weight") != param.array().iter().all(|x| *x == 0.0)
    }));

    let x = matrix(100, 10, 5);
    let y = Array2::from_shape_fn((100, 1), |(i, _)| f64::from(u8::from(x[[i, 0]] + x[[i, 1]] > 0.0)));
    let data = Dataset::valued(x, y).unwrap();
    let mut history = History::new();
    let trainer = Trainer::new(Adam::new(0.01)).batch_size(32).epochs(30).validation_split(0.17);
    let trainer = trainer.metric("accuracy", metric::accuracy).observe(&mut history);
    trainer.fit(&mut model, loss::binary_cross_entropy, &data).unwrap();
    for name in ["loss", "accuracy", "validation loss", "validation accuracy"] {
        assert_eq!(history.curve(name).unwrap().len(), 30, "{name}");
    }
    let loss = history.curve("loss").unwrap();
    assert!(loss[29] < 0.5 * loss[0], "{loss:?}");
    let evaluation = nn::evaluate(&model, loss::binary_cross_entropy, &data).unwrap();
    let a = nn::predict(&model, data.features().unwrap()).unwrap();
    let nn::Column::Real(y) = data.targets().unwrap() else { panic!("targets are numbers") };
    let log_loss = |(a, y): (&f64, &f64)| -(y * a.ln() + (1.0 - y) * (1.0 - a).ln());
    let expected = a.iter().zip(y).map(log_loss).sum::<f64>() / 100.0;
    assert!((evaluation.loss - expected).abs() < 1e-12);
}

/// dS = S(δ − S) for softmax (June 2022, §2.2.4), and the slope of ELU: 1, or αeˣ below 0 (lecture slides).
#[test]
fn the_jacobian_of_softmax_and_the_slope_of_elu() {
    let z = array![0.3, -1.0, 2.0, 0.0];
    let s = z.mapv(f64::exp) / z.mapv(f64::exp).sum();
    let expected = Array2::from_shape_fn((4, 4), |(i, j)| s[i] * (f64::from(u8::from(i == j)) - s[j]));
    let found = jacobian(|z| z.softmax(0), &z).unwrap();
    assert_near(&found.clone().into_dyn(), &expected);
    assert_near(&found.clone().into_dyn(), &found.t().to_owned());

    let (alpha, x) = (1.5, array![-2.0, -0.1, 0.1, 3.0]);
    let slope = autodiff::grad(|x| x.elu(alpha).sum(..), &x).unwrap();
    assert_near(&slope, &x.mapv(|x: f64| if x >= 0.0 { 1.0 } else { alpha * x.exp() }));
}

/// One hidden layer of n ReLU units is the polygon through n + 1 points of a function, which leaves it by at most
/// max |f″|·h²/8: so the error falls as 1/n². The weights are the changes of slope at the points, which are written down
/// and not trained. (Lecture slides: two-layer networks are universal function approximators.)
#[test]
fn one_hidden_layer_approximates_a_continuous_function() {
    let f = |x: f64| (3.0 * x).sin();
    let grid = Array2::from_shape_fn((2001, 1), |(i, _)| i as f64 / 1000.0 - 1.0);
    for units in [4, 16, 64, 256] {
        let h = 2.0 / units as f64;
        let knots: Vec<f64> = (0..=units).map(|i| -1.0 + h * i as f64).collect();
        let slopes: Vec<f64> = knots.windows(2).map(|pair| (f(pair[1]) - f(pair[0])) / h).collect();
        let changes = Array2::from_shape_fn((units, 1), |(i, _)| slopes[i] - if i > 0 { slopes[i - 1] } else { 0.0 });
        let model = Sequential::new()
            .then(Dense::from_arrays(Array2::ones((1, units)), Some(knots[..units].iter().map(|k| -k).collect())))
            .then(Activation::Relu)
            .then(Dense::from_arrays(changes, Some(array![f(-1.0)])));
        let found = nn::predict(&model, &grid).unwrap();
        let worst = grid.iter().zip(&found).fold(0.0f64, |worst, (x, y)| worst.max((y - f(*x)).abs()));
        let bound = 9.0 * h * h / 8.0;
        assert!(worst <= bound + 1e-12, "{units} units: {worst} exceeds {bound}");
        assert!(worst >= 0.2 * bound, "{units} units: {worst}, of {bound}");
    }
}
