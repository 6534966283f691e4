//! What the lecture notes prove of layers and training, beside what the tape computes. (`docs/notes.md` lists all tests of the
//! notes. The engine's part is in `tests/engine/seeds.rs`; whole networks in `notes_of_networks.rs`; errata in `errata.rs`; the
//! shapes of the slides' network, Lemma 9.4 for whole batches and depth in `architectures.rs`; networks of zeros in
//! `initial.rs`; the four schedules in `schedules.rs`; the recurrences of optimizers in `recurrences.rs`.)

use crate::support::normal;
use autodiff::{Tape, Var};
use ndarray::{Array1, Array2, ArrayD, Axis, array};
use nn::{
    Activation, Adam, BatchNorm, ClipGlobalNorm, Columns, Context, Dataset, Dense, Dropout, GradientNorms, Init, Layer,
    Momentum, OptimizerState, Random, RmsProp, Sequential, Sgd, Trainer, loss, parameters,
};

fn assert_near(found: &ArrayD<f64>, expected: &ArrayD<f64>, what: &str) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * (1.0 + b.abs());
    assert!(found.iter().zip(expected).all(near), "{what}: {found} is not {expected}");
}

/// Compares the differential of y at x, in forward mode, with `closed` along each unit vector, and the transpose of all of
/// them with reverse mode.
fn assert_differential<'t>(y: Var<'t, f64>, x: Var<'t, f64>, closed: impl Fn(&ArrayD<f64>) -> ArrayD<f64>, what: &str) {
    let tape = y.tape();
    let (inputs, outputs) = (x.shape().unwrap().to_vec(), y.shape().unwrap().to_vec());
    let unit = |shape: &[usize], i: usize| {
        let mut unit = ArrayD::zeros(shape.to_vec());
        unit.as_slice_mut().unwrap()[i] = 1.0;
        unit
    };
    let columns: Vec<ArrayD<f64>> = (0..inputs.iter().product()).map(|i| closed(&unit(&inputs, i))).collect();
    for (i, column) in columns.iter().enumerate() {
        let tangent = y.pushforward(&[(x, tape.constant(unit(&inputs, i)))]).unwrap();
        assert_near(&tangent.value().unwrap(), column, what);
    }
    for i in 0..outputs.iter().product() {
        let row = ArrayD::from_shape_vec(
            inputs.clone(),
            columns.iter().map(|column| column.iter().copied().nth(i).unwrap()).collect(),
        );
        let gradient = y.pullback(tape.constant(unit(&outputs, i)), &[x]).unwrap()[0];
        assert_near(&gradient.value().unwrap(), &row.unwrap(), what);
    }
}

// ---- batch normalisation: Matt R, Neural Networks (March 2022), §9.1 ----------------------------------------------------

/// Lemma 9.3: dE(v) = (1/N)·Σ vʲ and dV(v) = (2/N)·Σ (zʲ − μ)·vʲ.
#[test]
fn differentials_of_mean_and_variance() {
    let data = normal([7], 3);
    let mu = data.mean().unwrap();
    let tape = Tape::<f64>::new();
    let z = tape.input(&data);
    let number = |x: f64| ndarray::arr0(x).into_dyn();
    assert_differential(z.mean(..), z, |v| number(v.sum() / 7.0), "dE");
    let variance = (z - z.mean(..)).square().mean(..);
    assert_differential(variance, z, |v| number(2.0 / 7.0 * ((&data - mu) * v).sum()), "dV");
}

/// Lemma 9.1: the differentials of γ ⊙ ẑ + β by γ, v ↦ ẑ ⊙ v, and by β, v ↦ v, for all examples of a batch; and Lemma 9.2:
/// ∂x̂ⱼⁱ/∂xₗᵛ = δᵢᵥ·(−(xⱼ − μ)(xₗ − μ)/(N·s³) − 1/(N·s) + δⱼₗ/s) with s = √(σ² + ε).
#[test]
fn differentials_of_batch_normalisation_element_by_element() {
    let (examples, features, epsilon) = (5, 3, 1e-5);
    let data: Array2<f64> = normal([examples, features], 4).into_dimensionality().unwrap();
    let gamma = array![2.0, -0.5, 3.0];
    let mut norm = BatchNorm::<f64>::new(features);
    nn::parameters_mut(&mut norm)[0].1.set(gamma.clone()).unwrap();
    let tape = Tape::new();
    let cx = Context::training(&tape, &norm, 0);
    let x = tape.input(&data);
    let y = norm.forward(x, &cx);

    let centred = &data - &data.mean_axis(Axis(0)).unwrap();
    let s = (centred.mapv(|d| d * d).mean_axis(Axis(0)).unwrap() + epsilon).mapv(f64::sqrt);
    let normalised = &centred / &s;
    let over_examples = |v: &ArrayD<f64>| v.broadcast(vec![examples, features]).unwrap().to_owned();
    let (scale, offset) = (cx.vars()[0], cx.vars()[1]);
    assert_differential(y, scale, |v| &normalised * &over_examples(v), "by γ");
    assert_differential(y, offset, over_examples, "by β");

    let n = examples as f64;
    let slope = |i: usize, j: usize, l: usize| {
        let same = if j == l { 1.0 / s[i] } else { 0.0 };
        same - 1.0 / (n * s[i]) - centred[[j, i]] * centred[[l, i]] / (n * s[i].powi(3))
    };
    let by_x = |v: &ArrayD<f64>| {
        let element =
            |(j, i): (usize, usize)| gamma[i] * (0..examples).map(|l| slope(i, j, l) * v[[l, i]]).sum::<f64>();
        Array2::from_shape_fn((examples, features), element).into_dyn()
    };
    assert_differential(y, x, by_x, "by x");
}

// ---- dropout: Matt R, Neural Networks (March 2022), §5.1 ----------------------------------------------------------------

/// Over the masks, the mean of a unit behind inverted dropout is the unit itself, and so are its gradients: E[a ⊙ m/p] = a.
#[test]
fn inverted_dropout_preserves_the_expectation_of_each_unit() {
    let (data, keep) = (normal([2, 4], 5), 0.7);
    let layer = Dropout { keep_prob: keep };
    let masks = 20_000;
    let (mut values, mut slopes) = (ArrayD::<f64>::zeros(vec![2, 4]), ArrayD::<f64>::zeros(vec![2, 4]));
    let mut tape = Tape::new();
    for key in 0..masks {
        tape.clear();
        let x = tape.input(&data);
        let y = layer.forward(x, &Context::training(&tape, &layer, key));
        values += &y.value().unwrap();
        slopes += &y.sum(..).backward().unwrap().get(x).unwrap();
    }
    // The standard deviation of m/p is √((1 − p)/p).
    let limit = 5.0 * ((1.0 - keep) / keep / masks as f64).sqrt();
    for ((value, slope), x) in values.iter().zip(&slopes).zip(&data) {
        assert!((value / masks as f64 - x).abs() < limit * x.abs(), "{value} for {x}");
        assert!((slope / masks as f64 - 1.0).abs() < limit, "{slope}");
    }
}

// ---- gradients that vanish and explode: Matt R, Neural Networks (March 2022), §6 ------------------------------------------

/// A network of L layers W = c·Q, where Q is a rotation of the plane: the gradient of W⁽ˡ⁾ is the outer product of what goes
/// into the layer, of norm c^(l−1)·|x|, and of what comes back, of norm c^(L−l)·|y − t|. So all layers have one norm, which
/// explodes or vanishes with the depth as c^(L−1); the weights before a layer that is scaled by c^−k have it times as much.
#[test]
fn norms_of_gradients_explode_and_vanish_as_a_power_of_the_weight() {
    let (x, depth) = (array![[0.6, -0.8]], 40);
    let rotation = |c: f64, angle: f64| array![[c * angle.cos(), c * angle.sin()], [-c * angle.sin(), c * angle.cos()]];
    for c in [0.5f64, 1.0, 1.5] {
        let mut model = (0..depth)
            .fold(Sequential::new(), |model, l| model.then(Dense::from_arrays(rotation(c, 0.1 * l as f64), None)));
        // A sum of outputs, weighted by a vector of length 1: what comes back to the last layer has the norm 1.
        let along = loss::from_fn(|y: Var<'_, f64>, t| (y * t.like(y)).sum(..));
        let data = Dataset::valued(x.clone(), array![[0.8, 0.6]]).unwrap();
        let mut norms = GradientNorms::new();
        let trainer = Trainer::new(Sgd::new(1e-300)).observe(&mut norms);
        trainer.fit(&mut model, along, &data).unwrap();
        let expected = c.powi(depth - 1);
        for layer in norms.layers().map(str::to_owned).collect::<Vec<_>>() {
            let found = norms.curve(&layer).unwrap()[0];
            assert!((found - expected).abs() <= 1e-12 * expected, "c = {c}, layer {layer}: {found}, not {expected}");
        }
        assert_eq!(norms.layers().count(), depth as usize);

        // Clipped to a global norm of 1, a step has the length α where the gradients are larger, and theirs where they are not.
        let tape = Tape::new();
        let cx = Context::training(&tape, &model, 0);
        let y = model.forward(tape.data(&x), &cx);
        let gradients = cx.gradients((y * tape.data([[0.8, 0.6]])).sum(..)).unwrap();
        let length = expected * f64::from(depth).sqrt();
        let mut moved = model.clone();
        let clipped = ClipGlobalNorm::new(1.0, Sgd::new(0.1));
        OptimizerState::new().apply(&clipped, &mut moved, &gradients).unwrap();
        let squares = parameters(&moved)
            .into_iter()
            .zip(parameters(&model))
            .map(|((_, after), (_, before))| (after.array() - before.array()).mapv(|d| d * d).sum());
        let step = squares.sum::<f64>().sqrt();
        assert!((step - 0.1 * length.min(1.0)).abs() < 1e-12, "c = {c}: a step of {step}");
    }
}

// ---- averages and optimizers: Matt R, Neural Networks (March 2022), §7 ----------------------------------------------------

/// Where the gradient is always g, the averages are geometric sums: the momentum is (1 − βᵗ)·g, that of the squares (1 − βᵗ)·g²,
/// and what is corrected for the start is g, and g², from the first step on.
#[test]
fn averages_of_a_constant_gradient_are_geometric_sums() {
    let g = array![3.0, -0.25];
    let (start, rate, steps) = (array![[1.0], [2.0]], 0.01, 50);
    let gradients = vec![("weight".to_owned(), g.clone().insert_axis(Axis(1)).into_dyn())];
    let run = |step: &mut dyn FnMut(&mut OptimizerState<f64>, &mut Dense<f64>)| {
        let (mut state, mut model) = (OptimizerState::new(), Dense::from_arrays(start.clone(), None));
        let weights = (0..steps).map(|_| {
            step(&mut state, &mut model);
            let weight = model.weight().array();
            array![weight[[0, 0]], weight[[1, 0]]]
        });
        weights.collect::<Vec<Array1<f64>>>()
    };
    let check = |found: Vec<Array1<f64>>, step: &dyn Fn(f64, f64) -> f64, what: &str| {
        let mut w = array![1.0, 2.0];
        for (i, found) in found.into_iter().enumerate() {
            let t = i as f64 + 1.0;
            w.zip_mut_with(&g, |w, g| *w -= rate * step(*g, t));
            assert_near(&found.into_dyn(), &w.clone().into_dyn(), what);
        }
    };
    let momentum = run(&mut |state, model| state.apply(&Momentum::new(rate), model, &gradients).unwrap());
    check(momentum, &|g, t| (1.0 - 0.9f64.powf(t)) * g, "momentum");
    let rms = RmsProp::new(rate);
    let found = run(&mut |state, model| state.apply(&rms, model, &gradients).unwrap());
    check(found, &|g, t| g / ((1.0 - rms.rho.powf(t)).sqrt() * g.abs() + rms.epsilon), "RMSProp");
    let adam = Adam::new(rate);
    let found = run(&mut |state, model| state.apply(&adam, model, &gradients).unwrap());
    check(found, &|g, _| g / (g.abs() + adam.epsilon), "Adam");
}

// ---- backpropagation: lecture slides Neural Networks ----------------------------------------------------------------------

/// The matrices Δ, accumulated example by example over the training set, are the gradient of the batch.
#[test]
fn gradients_accumulated_over_the_examples_are_that_of_the_batch() {
    let random = &mut Random::new(2);
    let model = Sequential::new().then(Dense::new(3, 8, Init::He, random)).then(Activation::Sigmoid).then(Dense::new(
        8,
        4,
        Init::He,
        random,
    ));
    let labels: Vec<usize> = (0..20).map(|i| i % 4).collect();
    let data = Dataset::<f64>::labelled(normal([20, 3], 6), labels).unwrap();
    let gradients = |data: &Dataset<f64>| {
        let tape = Tape::new();
        let cx = Context::training(&tape, &model, 0);
        let batch = Columns::on(&tape, data);
        let y = model.forward(batch.real("x").unwrap(), &cx);
        cx.gradients(loss::softmax_cross_entropy(y, batch.target("targets").unwrap())).unwrap()
    };
    let whole = gradients(&data);
    let mut sums: Vec<ArrayD<f64>> = whole.iter().map(|(_, array)| ArrayD::zeros(array.shape())).collect();
    for example in 0..20 {
        for (sum, (_, gradient)) in sums.iter_mut().zip(gradients(&data.select(&[example]).unwrap())) {
            *sum += &gradient;
        }
    }
    for (sum, (path, gradient)) in sums.iter().zip(&whole) {
        assert_near(&(sum / 20.0), gradient, path);
    }
}
