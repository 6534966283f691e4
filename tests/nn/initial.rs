//! How weights start, and what zeros do.

use autodiff::Tape;
use ndarray::ArrayD;
use nn::{Activation, Columns, Context, Dataset, Dense, Init, Layer, Random, Sequential, Sgd, Step, loss, parameters};

fn moments(init: Init, inputs: usize, outputs: usize) -> (f64, f64, ArrayD<f64>) {
    let weights: ArrayD<f64> = init.draw([inputs, outputs], inputs, outputs, &mut Random::new(11)).unwrap();
    let mean = weights.mean().unwrap();
    (mean, weights.mapv(|w| (w - mean).powi(2)).mean().unwrap(), weights)
}

#[test]
fn initialisers_have_the_variance_of_their_papers() {
    let (m, n) = (300, 200);
    let cases = [
        (Init::SmallNormal, 1e-4),
        (Init::He, 2.0 / m as f64),
        (Init::Xavier, 2.0 / (m + n) as f64),
        (Init::LeCun, 1.0 / m as f64),
    ];
    for (init, expected) in cases {
        let (mean, variance, weights) = moments(init, m, n);
        // Of N normal numbers, the mean is within 5σ/√N and the variance within 5√(2/N), relatively.
        let count = weights.len() as f64;
        assert!(mean.abs() < 5.0 * (expected / count).sqrt(), "{init:?}: mean {mean}");
        assert!((variance / expected - 1.0).abs() < 5.0 * (2.0 / count).sqrt(), "{init:?}: variance {variance}");
        let extreme = weights.iter().fold(0.0f64, |most, w| most.max(w.abs())) / expected.sqrt();
        match init {
            Init::Xavier => assert!(extreme > 1.7 && extreme <= 3f64.sqrt(), "uniform on ±√3 σ, got {extreme}"),
            _ => assert!(extreme > 3.5, "a normal distribution has tails, got {extreme}"),
        }
    }
    assert!(moments(Init::Zeros, m, n).2.iter().all(|w| *w == 0.0));
}

#[test]
fn a_seed_is_a_start() {
    let draw = |seed| Init::He.draw::<f64>([4, 4], 4, 4, &mut Random::new(seed)).unwrap();
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    let single: ArrayD<f32> = Init::He.draw([4, 4], 4, 4, &mut Random::new(1)).unwrap();
    assert_eq!(single, draw(1).mapv(|w| w as f32), "both precisions start alike");
}

#[test]
fn streams_of_a_seed_are_different() {
    let draw = |stream| Random::stream(1, stream).key();
    assert_ne!(draw(0), draw(1));
    assert_eq!(Random::new(1).key(), draw(0));
}

#[test]
fn normal_numbers_are_normal() {
    let mut random = Random::new(1);
    let n = 200_000;
    let draws: Vec<f64> = (0..n).map(|_| random.normal()).collect();
    for (power, expected, spread) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0f64)] {
        let moment = draws.iter().map(|x| x.powi(power)).sum::<f64>() / n as f64;
        assert!((moment - expected).abs() < 5.0 * (spread / n as f64).sqrt(), "moment {power}: {moment}");
    }
    let within = draws.iter().filter(|x| x.abs() < 1.0).count() as f64 / n as f64;
    assert!((within - 0.6827).abs() < 0.005, "{within}");
}

/// All weights start at zero: with a non-linearity that is 0 at 0, nothing but the output bias ever learns.
#[test]
fn a_network_of_zeros_does_not_learn() {
    let features = ndarray::array![[0.3, -1.0], [0.5, 2.0], [-0.7, 0.1]];
    let data = Dataset::<f64>::valued(features, ndarray::array![[1.0], [-2.0], [4.0]]).unwrap();
    for activation in [Activation::Tanh, Activation::Relu] {
        let mut random = Random::new(0);
        let mut model = Sequential::new()
            .then(Dense::new(2, 3, Init::Zeros, &mut random))
            .then(activation)
            .then(Dense::new(3, 1, Init::Zeros, &mut random));
        let mut step = Step::new(Sgd::new(0.1), loss::mean_squared);
        for _ in 0..50 {
            let tape = Tape::new();
            let cx = Context::evaluation(&tape, &model);
            let batch = Columns::on(&tape, &data);
            let output = model.forward(batch.real("x").unwrap(), &cx);
            let loss = loss::mean_squared(output, batch.target("targets").unwrap());
            let gradients = loss.backward().unwrap();
            let vars = cx.vars();
            for hidden in &vars[..3] {
                assert!(gradients.get(*hidden).unwrap().iter().all(|g| *g == 0.0), "{activation:?}: {hidden:?}");
            }
            step.run(&mut model, &data, 0).unwrap();
        }
        let found = parameters(&model);
        let is_zero = |i: usize| found[i].1.array().iter().all(|w| *w == 0.0);
        assert!((0..3).all(is_zero), "{activation:?}");
        // The output bias alone goes to the mean of the targets.
        assert!((found[3].1.array()[[0]] - 1.0).abs() < 1e-3, "{activation:?}");
    }
}
