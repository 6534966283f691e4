//! What is measured on the data sets of the folder `data`, against scikit-learn.

use nn::{Csv, Dataset, Method, Missing, Network, NetworkConfig, least_squares, metric, predict};
use std::error::Error;

/// What scikit-learn finds on ten splits: `tests/data/sklearn/make.py`.
const REFERENCES: &str = include_str!("../../tests/data/sklearn/references.txt");

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// 569 masses with 30 measures: 0 is benign, 1 malignant.
pub fn breast_cancer() -> Result<Dataset<f64>> {
    let table = Csv::new().parse(include_str!("../../data/breast_cancer.csv"))?;
    Ok(table.labelled("diagnosis", &table.classes("diagnosis")?)?)
}

/// 442 patients with ten measures, and how far the disease had progressed.
pub fn diabetes() -> Result<Dataset<f64>> {
    Ok(Csv::new().parse(include_str!("../../data/diabetes.csv"))?.missing(Missing::Refuse).valued("progression")?)
}

/// The numbers in the lines `name` of the references.
fn references(name: &str) -> Vec<Vec<f64>> {
    let lines = REFERENCES.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    lines.map(|line| line.split(' ').filter_map(|number| number.parse().ok()).collect()).collect()
}

/// The training and the test part, of which the test part has the rows of a reference.
fn parts(data: &Dataset<f64>, test: &[f64]) -> Result<(Dataset<f64>, Dataset<f64>)> {
    let test: Vec<usize> = test.iter().map(|row| *row as usize).collect();
    let train: Vec<usize> = (0..data.len()).filter(|row| !test.contains(row)).collect();
    Ok((data.select(&train)?, data.select(&test)?))
}

/// Two numbers that should be close: this project's, and the other one.
pub struct Pair {
    pub ours: f64,
    pub theirs: f64,
}

/// Logistic regression with `lp_reg` p and λ = 1, on the first `splits` of ten splits: the cost that was reached, and
/// the accuracy on the test part, each beside scikit-learn's.
pub fn cancer(p: u8, splits: usize) -> Result<Vec<(Pair, Pair)>> {
    let data = breast_cancer()?;
    let found = references(if p == 1 { "l1" } else { "l2" });
    let mut results = Vec::new();
    for (rows, found) in references("cancer").iter().zip(found).take(splits) {
        let (train, test) = parts(&data, rows)?;
        let config = NetworkConfig::logistic(30).lp_reg(p, 1.0);
        let config = match p {
            // |w| has a kink at 0, where most weights end: small steps in the end, which L-BFGS does not make.
            1 => config.method(Method::Adam).batch_size(0).rate(0.1).decay(0.02).epochs(20_000),
            _ => config.epochs(1000),
        };
        let mut network = Network::new(config)?;
        network.fit(&train)?;
        let cost = Pair { ours: network.evaluate(&train)?, theirs: found[0] };
        results.push((cost, Pair { ours: network.score(&test)?, theirs: found[1] }));
    }
    Ok(results)
}

/// R² on the test parts of ten splits: of `NetworkConfig::linear`, of the closed form, and of scikit-learn's least
/// squares.
pub fn r_squared() -> Result<Vec<(f64, Pair)>> {
    let data = diabetes()?;
    let mut results = Vec::new();
    for (rows, found) in references("diabetes").iter().zip(references("r2")) {
        let (train, test) = parts(&data, rows)?;
        let mut network = Network::new(NetworkConfig::linear(10).epochs(1000))?;
        network.fit(&train)?;
        let closed = predict(&least_squares(&train)?, test.features()?.clone())?;
        let closed = metric::r_squared(&closed, test.targets()?)?;
        results.push((network.score(&test)?, Pair { ours: closed, theirs: found[0] }));
    }
    Ok(results)
}
