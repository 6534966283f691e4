//! The small real data sets of the folder `data`, and what `examples/real_data` measures on them.

#[path = "../../examples/real_data/measures.rs"]
#[allow(dead_code)] // The example measures more.
mod measures;

use measures::{cancer, r_squared};
use nn::Dataset;

/// 569 masses: 0 is benign, 1 malignant.
pub fn breast_cancer() -> Dataset<f64> {
    measures::breast_cancer().unwrap()
}

/// 442 patients.
pub fn diabetes() -> Dataset<f64> {
    measures::diabetes().unwrap()
}

#[test]
fn they_have_the_sizes_that_their_sources_state() {
    let data = breast_cancer();
    assert_eq!(data.features().unwrap().shape(), [569, 30]);
    assert_eq!(data.labels().unwrap().iter().sum::<usize>(), 212);
    assert_eq!(diabetes().features().unwrap().shape(), [442, 10]);
}

#[test]
fn logistic_regression_with_an_l1_penalty_ends_where_that_of_scikit_learn_does() {
    logistic_regression(1, 1);
}

/// On one split; with `LONG` in the environment on ten.
#[test]
fn logistic_regression_with_an_l2_penalty_ends_where_that_of_scikit_learn_does() {
    logistic_regression(2, if std::env::var_os("LONG").is_some() { 10 } else { 1 });
}

/// The optimum is scikit-learn's to four digits of the cost.
fn logistic_regression(p: u8, splits: usize) {
    let found = cancer(p, splits).unwrap();
    assert_eq!(found.len(), splits);
    for (cost, accuracy) in found {
        assert!((cost.ours / cost.theirs - 1.0).abs() < 1e-4, "p = {p}: {} {}", cost.ours, cost.theirs);
        // Of 113 masses, one may lie on the boundary.
        assert!((accuracy.ours - accuracy.theirs).abs() < 0.01);
    }
}

#[test]
fn linear_regression_has_the_r_squared_of_scikit_learn() {
    let found = r_squared().unwrap();
    assert_eq!(found.len(), 10);
    for (network, closed) in found {
        assert!((closed.ours - closed.theirs).abs() < 1e-9, "{} {}", closed.ours, closed.theirs);
        assert!((network - closed.theirs).abs() < 0.01, "{network} {}", closed.theirs);
    }
}
