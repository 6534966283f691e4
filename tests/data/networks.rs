//! Networks from settings: what they compute, their cost, and that they learn.

use crate::real::{breast_cancer, diabetes};
use ndarray::{Array2, array};
use nn::{
    Activation, Dataset, Method, Network, NetworkConfig, Random, buffers, least_squares, metric, parameters, predict,
    synthetic,
};
use proptest::prelude::*;
use serde_json::json;

/// The cost of a network with one hidden layer, written out after Matt R, *Neural Networks* (June 2022), §3.2.
#[test]
fn the_cost_is_the_one_of_the_notes() {
    let x = array![[0.5, -1.0], [2.0, 0.3], [-0.7, 0.9]];
    let y = [1.0, 0.0, 1.0];
    let data = Dataset::labelled(x.clone(), vec![1, 0, 1]).unwrap();
    for (p, lambda) in [(0, 0.3), (1, 0.3), (2, 0.7)] {
        let config = NetworkConfig::new([2, 3, 1], [Activation::Tanh, Activation::Sigmoid]).lp_reg(p, lambda);
        let network = Network::<f64>::new(config.not_standardised().seed(4)).unwrap();
        let array = |path: &str| {
            let found = parameters(network.model()).into_iter().find(|(known, _)| known == path).unwrap();
            found.1.array().clone()
        };
        let dense = |x: &Array2<f64>, layer: &str| {
            let w = array(&format!("{layer}.weight")).into_dimensionality().unwrap();
            x.dot::<Array2<f64>>(&w) + array(&format!("{layer}.bias"))
        };
        let z = dense(&dense(&x, "1").mapv(f64::tanh).into_dimensionality().unwrap(), "2");
        let a = z.mapv(|z| 1.0 / (1.0 + (-z).exp()));
        let log_loss = |(a, y): (&f64, f64)| -(y * a.ln() + (1.0 - y) * (1.0 - a).ln());
        let error = a.iter().zip(y).map(log_loss).sum::<f64>() / 3.0;
        let weights = array("1.weight").into_iter().chain(array("2.weight"));
        let penalty: f64 = weights.map(|w| if p == 0 { 0.0 } else { w.abs().powi(i32::from(p)) }).sum();
        let expected = error + lambda / 6.0 * penalty;
        assert!((network.evaluate(&data).unwrap() - expected).abs() < 1e-14, "p = {p}");
        let answers = network.predict(x.clone()).unwrap();
        assert!(answers.iter().zip(&a).all(|(a, b)| (a - b).abs() < 1e-15));
    }
}

#[test]
fn settings_are_read_from_text_and_written() {
    let config = NetworkConfig::new([4, 8, 3], [Activation::LeakyRelu(0.1), Activation::Softmax])
        .bias([true, false])
        .keep_prob([0.9, 0.5])
        .lp_reg(1, 0.2)
        .method(Method::RmsProp)
        .rate(0.003)
        .decay(0.1)
        .epochs(7)
        .batch_size(0)
        .seed(9)
        .not_standardised();
    let text = serde_json::to_string(&config).unwrap();
    assert!(text.contains(r#"{"leaky_relu":0.1}"#) && text.contains(r#""method":"rms_prop""#), "{text}");
    assert_eq!(serde_json::from_str::<NetworkConfig>(&text).unwrap(), config);
    let short = r#"{"nodes": [4, 3], "activators": ["softmax"], "method": "lbfgs"}"#;
    assert_eq!(serde_json::from_str::<NetworkConfig>(short).unwrap(), NetworkConfig::softmax(4, 3));
    // The defaults of the table.
    let (all, defaults) = (
        serde_json::to_value(NetworkConfig::new([4, 3], [Activation::Softmax])).unwrap(),
        json!({
            "lp_reg": 0, "lambda": 0.01, "standardise": true, "method": "adam", "rate": 0.01, "decay": 0.0, "epochs": 100,
            "batch_size": 32, "seed": 0
        }),
    );
    for (setting, value) in defaults.as_object().unwrap() {
        assert_eq!(&all[setting], value, "{setting}");
    }
    let error = serde_json::from_str::<NetworkConfig>(r#"{"nodes": [4, 3], "activators": ["softmax"], "rates": 1}"#);
    assert!(error.unwrap_err().to_string().contains("unknown field `rates`"));
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    use Activation::{Relu, Sigmoid};
    let message = |config: NetworkConfig| Network::<f64>::new(config).unwrap_err().message().to_owned();
    let fine = NetworkConfig::new([2, 3, 1], [Relu, Sigmoid]);
    assert_eq!(
        message(NetworkConfig::new([2, 3, 1], [Sigmoid])),
        "there are 1 `activators` for the 2 layers after the features"
    );
    assert!(message(NetworkConfig::new([2], [])).starts_with("`nodes` are those of the features"));
    assert_eq!(message(NetworkConfig::new([2, 0, 1], [Relu, Sigmoid])), "`nodes` are [2, 0, 1]; a layer has 1 or more");
    assert!(message(NetworkConfig::new([2, 1], [Relu])).starts_with("the last of the `activators` should be identity"));
    assert_eq!(message(fine.clone().bias([true])), "there are 1 entries of `bias` for 2 layers");
    assert!(message(fine.clone().keep_prob([1.0])).contains("`keep_prob`; the layers 0 to 1 take 2"));
    assert_eq!(message(fine.clone().lp_reg(3, 0.1)), "`lp_reg` is 3; it should be 0, 1 or 2");
    assert_eq!(message(fine.clone().lp_reg(2, -1.0)), "`lambda` is -1");
    assert!(message(fine.clone().keep_prob([0.5, 1.0]).method(Method::Lbfgs)).contains("L-BFGS"));

    let data = Dataset::<f64>::labelled(array![[1.0, 2.0], [0.0, 1.0]], vec![0, 2]).unwrap();
    let fit = |config: NetworkConfig| Network::new(config).unwrap().fit(&data).unwrap_err();
    assert_eq!(fit(fine.clone()).message(), "there is a label 2; one sigmoid tells 0 from 1");
    assert!(fit(fine).to_string().contains("networks.rs"));
    assert!(fit(NetworkConfig::linear(2)).message().starts_with("the targets are labels"));
    assert!(fit(NetworkConfig::linear(3)).message().contains("the network takes [examples, 3]"));
    assert!(fit(NetworkConfig::softmax(2, 2)).message().contains("there are 2 classes"));
}

/// All four methods learn what no straight line divides, and the same seed learns the same.
#[test]
fn every_method_learns_the_moons() {
    let [train, test] = synthetic::moons::<f64>(300, 0.1, 1).unwrap().stratified([0.7, 0.3], 2).unwrap();
    for (method, rate) in [
        (Method::Sgd, 0.3),
        (Method::HeavyBall, 0.05),
        (Method::RmsProp, 0.01),
        (Method::Adam, 0.03),
        (Method::Lbfgs, 0.0),
    ] {
        let config = NetworkConfig::new([2, 12, 1], [Activation::Tanh, Activation::Sigmoid]).method(method).rate(rate);
        let mut network = Network::new(config.epochs(120)).unwrap();
        let score = network.fit(&train).unwrap().score(&test).unwrap();
        assert!(score > 0.95, "{method:?}: {score}");
        let costs = network.cost_history().to_vec();
        assert!(costs.len() > 10 && costs[costs.len() - 1] < 0.3 * costs[0], "{method:?}");
        // Learning again starts from the start.
        network.fit(&train).unwrap();
        assert_eq!(network.cost_history(), costs);
    }
    let linear = Network::new(NetworkConfig::logistic(2)).unwrap().fit(&train).unwrap().score(&test).unwrap();
    assert!(linear < 0.95, "{linear}");
}

#[test]
fn dropout_and_layers_without_bias_are_where_the_settings_say() {
    let config = NetworkConfig::new([2, 3, 1], [Activation::Relu, Activation::Sigmoid]);
    let network = Network::<f64>::new(config.keep_prob([1.0, 0.5]).bias([false, true])).unwrap();
    let paths: Vec<String> = parameters(network.model()).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["1.weight", "2.weight", "2.bias"]);
    let text = nn::summary(network.model(), [2]).unwrap().to_string();
    let at = |word: &str| text.find(word).unwrap_or_else(|| panic!("{word} in {text}"));
    assert!(at("scaling") < at("relu") && at("relu") < at("dropout, keeps 0.5"), "{text}");
}

/// The scaling is that of the data it was fitted on.
#[test]
fn features_are_standardised_by_the_training_part() {
    let (train, test) = diabetes().split(0.8, 1).unwrap();
    let mut network = Network::new(NetworkConfig::linear(10)).unwrap();
    network.fit(&train).unwrap();
    let mean = train.features().unwrap().mean_axis(ndarray::Axis(0)).unwrap();
    let offset = buffers(network.model())[0].1.array().clone();
    assert!(offset.iter().zip(&mean).all(|(a, b)| (a - b).abs() < 1e-9 * b.abs()));
    assert!(network.score(&test).unwrap() > 0.3);
}

/// The closed form and the minimiser are two ways to one plane.
#[test]
fn linear_regression_is_least_squares() {
    let (train, test) = diabetes().split(0.8, 1).unwrap();
    let closed = least_squares(&train).unwrap();
    let mut network = Network::new(NetworkConfig::linear(10).epochs(2000)).unwrap();
    network.fit(&train).unwrap();
    let (a, b) =
        (predict(&closed, test.features().unwrap().clone()), network.predict(test.features().unwrap().clone()));
    for (a, b) in a.unwrap().iter().zip(&b.unwrap()) {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
}

proptest! {
    /// The residuals are orthogonal to the features and to 1: that is what makes them least.
    #[test]
    fn residuals_are_orthogonal(seed: u64, n in 6usize..20, m in 1usize..5, outputs in 1usize..3) {
        let random = &mut Random::new(seed);
        let x = Array2::from_shape_simple_fn((n, m), || random.normal());
        let y = Array2::from_shape_simple_fn((n, outputs), || random.normal());
        let data = Dataset::valued(x.clone(), y.clone()).unwrap();
        let fitted = predict(&least_squares(&data).unwrap(), x.clone()).unwrap();
        let residuals = (y - fitted).into_dimensionality::<ndarray::Ix2>().unwrap();
        let products = x.t().dot(&residuals);
        prop_assert!(products.iter().chain(residuals.sum_axis(ndarray::Axis(0)).iter()).all(|p| p.abs() < 1e-8));
    }
}

#[test]
fn what_least_squares_cannot_decide_is_refused() {
    let fit = |x: Array2<f64>, y: Array2<f64>| least_squares(&Dataset::valued(x, y).unwrap()).unwrap_err();
    let y = || array![[1.0], [2.0], [3.0], [4.0]];
    let error = fit(array![[1.0, 2.0], [2.0, 4.0], [0.0, 0.0], [5.0, 10.0]], y());
    assert_eq!(error.message(), "feature 1 is a combination of the features before it, or constant");
    assert!(fit(array![[7.0], [7.0], [7.0], [7.0]], y()).message().starts_with("feature 0"));
    assert!(fit(array![[0.0], [0.0], [0.0], [0.0]], y()).message().starts_with("feature 0"));
    assert!(fit(array![[1.0], [f64::NAN], [2.0], [4.0]], y()).message().contains("not finite"));
    assert_eq!(fit(array![[1.0]], array![[1.0]]).message(), "1 examples do not determine 1 weights and a bias");
}

/// A table to a score, as in Matt R, *Neural Networks* (June 2022), §1.4, but with the statistics of the training part.
#[test]
fn a_table_becomes_a_trained_and_scored_model() {
    let [train, test] = breast_cancer().stratified([0.8, 0.2], 3).unwrap();
    let mut network = Network::new(NetworkConfig::logistic(30).lp_reg(2, 1.0)).unwrap();
    let score = network.fit(&train).unwrap().score(&test).unwrap();
    assert!(score > 0.93, "{score}");
    let output = network.predict(test.features().unwrap().clone()).unwrap();
    assert!(metric::accuracy(&output, test.targets().unwrap()).unwrap() == score);
}
