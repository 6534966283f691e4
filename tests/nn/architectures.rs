//! Layers put together: closed forms of the lecture notes, networks of published shapes, depth.

use crate::support::normal;
use autodiff::{Input, Tape};
use nn::{
    Activation, BatchNorm, Context, Conv2d, Dense, Flatten, Init, Layer, MaxPool2d, Random, Residual, Sequential,
    summary,
};

/// The convolutional network of the lecture slides *Neural Networks*: two convolutions, three dense layers.
fn net() -> Sequential<f32> {
    let random = &mut Random::new(0);
    Sequential::new()
        .then_named("conv1", Conv2d::new(1, 6, 3, Init::He, random))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then_named("conv2", Conv2d::new(6, 16, 3, Init::He, random))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Flatten)
        .then_named("fc1", Dense::new(576, 120, Init::He, random))
        .then(Activation::Relu)
        .then_named("fc2", Dense::new(120, 84, Init::He, random))
        .then(Activation::Relu)
        .then_named("fc3", Dense::new(84, 10, Init::He, random))
}

#[test]
fn the_network_of_the_slides_has_its_shapes_and_parameters() {
    let summary = summary(&net(), [1, 32, 32]).unwrap();
    let outputs: Vec<(&str, String, usize)> =
        summary.rows().iter().map(|row| (row.path.as_str(), row.output.to_string(), row.parameters)).collect();
    let expected = [
        ("conv1", "[6, 30, 30]", 60),
        ("1", "[6, 30, 30]", 0),
        ("2", "[6, 15, 15]", 0),
        ("conv2", "[16, 13, 13]", 880),
        ("4", "[16, 13, 13]", 0),
        ("5", "[16, 6, 6]", 0),
        ("6", "[576]", 0),
        ("fc1", "[120]", 69_240),
        ("8", "[120]", 0),
        ("fc2", "[84]", 10_164),
        ("10", "[84]", 0),
        ("fc3", "[10]", 850),
    ];
    let expected: Vec<_> = expected.map(|(path, output, count)| (path, output.to_owned(), count)).into();
    assert_eq!((outputs, summary.total()), (expected, 81_194));
    assert_eq!(nn::predict(&net(), ndarray::ArrayD::zeros(vec![2, 1, 32, 32])).unwrap().shape(), [2, 10]);
}

/// Matt R, *Neural Networks* (March 2022), §9, Lemmas 9.1 to 9.4: with s = √(σ² + ε) and x̂ = (x − μ)/s over n numbers, the
/// differential of x ↦ x̂ is ξ ↦ (ξ − mean ξ − x̂·mean(x̂ξ))/s, which is its own transpose; the gradients of γ and β are
/// Σ ȳ·x̂ and Σ ȳ.
#[test]
fn batch_normalisation_is_differentiated_as_the_notes_do() {
    for shape in [&[6, 3][..], &[2, 3, 2, 2]] {
        let mut norm = BatchNorm::<f64>::new(3);
        nn::parameters_mut(&mut norm)[0].1.set([2.0, -0.5, 3.0]).unwrap();
        let tape = Tape::new();
        let cx = Context::training(&tape, &norm, 0);
        let (data, direction) = (normal(shape, 1), normal(shape, 2));
        let x = tape.input(&data).named("x");
        let y = norm.forward(x, &cx);

        let others: Vec<usize> = (0..shape.len()).filter(|axis| *axis != 1).collect();
        let n = shape.iter().product::<usize>() as f64 / 3.0;
        let mean = |array: &ndarray::ArrayD<f64>| {
            let mut sum = array.clone();
            for axis in &others {
                sum = sum.sum_axis(ndarray::Axis(*axis)).insert_axis(ndarray::Axis(*axis));
            }
            sum / n
        };
        let centred = &data - &mean(&data);
        let s = (mean(&(&centred * &centred)) + 1e-5).mapv(f64::sqrt);
        let normal = &centred / &s;
        let scale = ndarray::ArrayD::from_shape_vec(s.shape().to_vec(), vec![2.0, -0.5, 3.0]).unwrap();
        let closed = |xi: &ndarray::ArrayD<f64>| (xi - &mean(xi) - &normal * &mean(&(&normal * xi))) / &s;

        let near = |found: &ndarray::ArrayD<f64>, expected: &ndarray::ArrayD<f64>| {
            assert_eq!(found.len(), expected.len());
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found} is not {expected}");
        };
        // Forward: dy = γ·dx̂.
        let program = tape.program(&[y]).unwrap();
        let at = (0..program.inputs().count()).find(|i| program.input_name(*i) == Some("x")).unwrap();
        let arrays = |i: usize| match program.input_name(i).unwrap() {
            "key" => Input::Key(0),
            "x" => Input::Real(data.clone()),
            "scale" => Input::real([2.0, -0.5, 3.0]),
            _ => Input::real([0.0, 0.0, 0.0]),
        };
        let mut inputs: Vec<Input<f64>> = (0..program.inputs().count()).map(arrays).collect();
        inputs.push(Input::Real(direction.clone()));
        near(&program.jvp(&[at]).unwrap().run(&inputs).unwrap()[0], &(&scale * &closed(&direction)));
        // Reverse, with the direction as the cotangent ȳ: x̄ is the same map of γ·ȳ.
        let mut gradients = (y * tape.constant(&direction)).sum(..).backward().unwrap();
        near(&gradients.take(x).unwrap(), &closed(&(&scale * &direction)));
        let [gamma, beta] = [0, 1].map(|i| gradients.take(cx.vars()[i]).unwrap());
        near(&gamma, &(mean(&(&direction * &normal)) * n));
        near(&beta, &(mean(&direction) * n));
    }
}

/// A network of `depth` blocks of one number, each x ← tanh(w·x), or x ← x + tanh(w·x).
fn tower(depth: usize, weight: f64, residual: bool) -> Sequential<f64> {
    (0..depth).fold(Sequential::new(), |tower, _| {
        let dense = Dense::from_arrays(ndarray::array![[weight]], None);
        let block = Sequential::new().then(dense).then(Activation::Tanh);
        if residual { tower.then(Residual::new(block)) } else { tower.then(block) }
    })
}

/// The gradient is the product of the slopes, whatever the depth, and costs the same for each layer.
#[test]
fn deep_networks_have_the_gradient_of_the_chain_rule_at_a_constant_cost_per_layer() {
    for residual in [false, true] {
        let weight = if residual { 0.01 } else { 1.0 };
        let lengths = [10, 100, 400, 1000].map(|depth| {
            let model = tower(depth, weight, residual);
            let tape = Tape::new();
            let cx = Context::evaluation(&tape, &model);
            let x = tape.input([[0.9]]);
            let y = model.forward(x, &cx);
            let slopes = y.sum(..).gradient(&[x, cx.vars()[0]]).unwrap();
            let (mut h, mut slope) = (0.9f64, 1.0f64);
            for _ in 0..depth {
                let t = (weight * h).tanh();
                let own = weight * (1.0 - t * t);
                (h, slope) = if residual { (h + t, slope * (1.0 + own)) } else { (t, slope * own) };
            }
            assert!((y.item().unwrap() - h).abs() <= 1e-12 * h.abs(), "{depth}");
            assert!((slopes[0].item().unwrap() - slope).abs() <= 1e-11 * slope.abs(), "{depth}: {slope}");
            assert!(slopes[1].item().unwrap() != 0.0, "{depth}: the first layer learns");
            tape.len()
        });
        let [a, b, c, d] = lengths;
        // 90, 300 and 600 layers more.
        assert_eq!(((b - a) * 20, (c - b) * 6), ((d - c) * 3, (d - c) * 3), "{lengths:?}");
    }
}

/// With weights of zero a residual network is the identity, and so is its derivative.
#[test]
fn a_residual_network_starts_as_the_identity() {
    let model = tower(1000, 0.0, true);
    let tape = Tape::new();
    let x = tape.input([[0.3], [-2.0]]);
    let y = model.forward(x, &Context::evaluation(&tape, &model));
    assert_eq!(y.value().unwrap(), x.value().unwrap());
    assert_eq!(y.sum(..).backward().unwrap().get(x).unwrap(), ndarray::array![[1.0], [1.0]].into_dyn());
}
