//! Metrics against naive definitions, and what they refuse.

use ndarray::{Array2, ArrayD, array};
use nn::metric::{self, Average, Confusion};
use nn::{Column, loss};
use proptest::prelude::*;

fn column(scores: &[f64]) -> ArrayD<f64> {
    Array2::from_shape_vec((scores.len(), 1), scores.to_vec()).unwrap().into_dyn()
}

/// Labels of four classes, with predictions.
fn classes() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..4usize, 0..4usize), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_area_is_the_share_of_pairs(pairs in prop::collection::vec((0..6i32, any::<bool>()), 2..40)) {
        let scores: Vec<f64> = pairs.iter().map(|(score, _)| f64::from(*score) / 5.0).collect();
        let labels: Vec<usize> = pairs.iter().map(|(_, label)| usize::from(*label)).collect();
        let (mut wins, mut all) = (0.0, 0.0);
        for (a, yes) in &pairs {
            for (b, no) in &pairs {
                if *yes && !*no {
                    all += 1.0;
                    wins += if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
                }
            }
        }
        let found = metric::roc_auc(&column(&scores), &Column::index(labels.clone()));
        if all == 0.0 {
            prop_assert!(found.is_err());
        } else {
            prop_assert!((found.unwrap() - wins / all).abs() < 1e-14);
            // Two columns, of which the difference counts.
            let two = Array2::from_shape_fn((scores.len(), 2), |(i, j)| if j == 1 { scores[i] + 1.0 } else { 1.0 });
            let found = metric::roc_auc(&two.into_dyn(), &Column::index(labels));
            prop_assert!((found.unwrap() - wins / all).abs() < 1e-9);
        }
    }

    #[test]
    fn precision_recall_and_f1_are_counts(pairs in classes()) {
        let (predicted, actual): (Vec<usize>, Vec<usize>) = pairs.iter().copied().unzip();
        let confusion = Confusion::new(&predicted, &actual).unwrap();
        let count = |f: &dyn Fn(usize, usize) -> bool| pairs.iter().filter(|(p, a)| f(*p, *a)).count() as f64;
        let share = |a: f64, b: f64| if b == 0.0 { 0.0 } else { a / b };
        let of = |class: usize| {
            let hits = count(&|p, a| p == class && a == class);
            let (predicted, actual) = (count(&|p, _| p == class), count(&|_, a| a == class));
            let (precision, recall) = (share(hits, predicted), share(hits, actual));
            ([precision, recall, share(2.0 * precision * recall, precision + recall)], predicted + actual > 0.0)
        };
        let found = |average| [confusion.precision(average), confusion.recall(average), confusion.f1(average)];
        let near = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-14);
        let mut mean = [0.0; 3];
        let occurring = (0..4).filter(|class| of(*class).1).count() as f64;
        for class in 0..5 {
            let expected = of(class).0;
            prop_assert!(near(found(Average::Class(class)), expected), "class {class}");
            mean.iter_mut().zip(expected).for_each(|(mean, x)| *mean += x / occurring);
        }
        prop_assert!(near(found(Average::Macro), mean), "{:?} is not {mean:?}", found(Average::Macro));
        let accuracy = share(count(&|p, a| p == a), pairs.len() as f64);
        prop_assert!(near(found(Average::Micro), [accuracy; 3]));
        prop_assert!((confusion.accuracy() - accuracy).abs() < 1e-14);
    }

    #[test]
    fn the_first_k_hold_the_label(rows in prop::collection::vec((prop::collection::vec(0..4i32, 5), 0..5usize), 1..20), k in 1..7usize) {
        let scores = Array2::from_shape_fn((rows.len(), 5), |(i, j)| f64::from(rows[i].0[j])).into_dyn();
        let labels: Vec<usize> = rows.iter().map(|(_, label)| *label).collect();
        let right = rows.iter().filter(|(row, label)| {
            let mut order: Vec<usize> = (0..5).collect();
            order.sort_by_key(|i| (-row[*i], *i));
            order.iter().take(k).any(|i| i == label)
        });
        let expected = right.count() as f64 / rows.len() as f64;
        let targets = Column::index(labels);
        prop_assert_eq!(metric::top_k(k)(&scores, &targets).unwrap(), expected);
        if k == 1 {
            prop_assert_eq!(metric::accuracy(&scores, &targets).unwrap(), expected);
        }
    }

    #[test]
    fn errors_of_numbers_are_their_definitions(pairs in prop::collection::vec((-5.0..5.0f64, -5.0..5.0f64), 2..30)) {
        let (a, y): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        let n = pairs.len() as f64;
        let (output, targets) = (column(&a), Column::Real(column(&y)));
        let squares: f64 = pairs.iter().map(|(a, y)| (a - y) * (a - y)).sum();
        let mean = y.iter().sum::<f64>() / n;
        let variance: f64 = y.iter().map(|y| (y - mean) * (y - mean)).sum();
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * (1.0 + b.abs());
        prop_assert!(near(metric::mean_squared_error(&output, &targets).unwrap(), squares / n));
        let absolute: f64 = pairs.iter().map(|(a, y)| (a - y).abs()).sum();
        prop_assert!(near(metric::mean_absolute_error(&output, &targets).unwrap(), absolute / n));
        prop_assert!(near(metric::r_squared(&output, &targets).unwrap(), 1.0 - squares / variance));
    }

    /// The loss on the tape is another way to the same number.
    #[test]
    fn log_loss_and_perplexity_are_cross_entropies(
        rows in prop::collection::vec((prop::collection::vec(-3.0..3.0f64, 3), 0..3usize), 1..20),
    ) {
        let z = Array2::from_shape_fn((rows.len(), 3), |(i, j)| rows[i].0[j]).into_dyn();
        let labels: Vec<usize> = rows.iter().map(|(_, label)| *label).collect();
        let tape = autodiff::Tape::<f64>::new();
        let (logits, index) = (tape.data(&z), tape.index(labels.clone()));
        let expected = loss::softmax_cross_entropy(logits, index.into()).item().unwrap();
        let probabilities = logits.softmax(1).value().unwrap();
        let (targets, rows) = (Column::index(labels), Column::Real(index.one_hot(3).value().unwrap()));
        for targets in [&targets, &rows] {
            prop_assert!((metric::log_loss(&probabilities, targets).unwrap() - expected).abs() < 1e-13);
            prop_assert!((metric::perplexity(&z, targets).unwrap() - expected.exp()).abs() < 1e-12 * expected.exp());
        }
        // One column, the probability of class 1.
        let p = tape.data(&z).slice(1, 0..1).sigmoid();
        let yes: Vec<usize> = targets_of(&targets).iter().map(|label| usize::from(*label == 1)).collect();
        let y = column(&yes.iter().map(|label| *label as f64).collect::<Vec<_>>());
        let expected = loss::binary_cross_entropy(p, tape.data(&y).into()).item().unwrap();
        let p = p.value().unwrap();
        prop_assert!((metric::log_loss(&p, &Column::Real(y)).unwrap() - expected).abs() < 1e-13);
        prop_assert!((metric::log_loss(&p, &Column::index(yes)).unwrap() - expected).abs() < 1e-13);
    }
}

fn targets_of(column: &Column<f64>) -> Vec<usize> {
    match column {
        Column::Index(labels) => labels.iter().copied().collect(),
        Column::Real(_) => Vec::new(),
    }
}

#[test]
fn logits_and_probabilities_have_thresholds_of_their_own() {
    let (z, targets) = (column(&[-2.0, 0.0, 3.0, 0.4]), Column::index([0, 1, 1, 0]));
    assert_eq!(metric::threshold(0.0)(&z, &targets).unwrap(), 0.75);
    assert_eq!(metric::threshold(0.5)(&z, &targets).unwrap(), 0.75);
    assert_eq!(metric::threshold(3.5)(&z, &targets).unwrap(), 0.5);
    let p = z.mapv(|z: f64| 1.0 / (1.0 + (-z).exp()));
    assert_eq!(metric::accuracy(&p, &targets).unwrap(), metric::threshold(0.0)(&z, &targets).unwrap());
}

#[test]
fn what_a_metric_cannot_take_is_refused() {
    let labels = Column::<f64>::index([0, 1]);
    let two = array![[0.5, 0.5], [0.2, 0.8]].into_dyn();
    let message = |result: autodiff::Result<f64>| result.unwrap_err().message().to_owned();
    assert_eq!(message(metric::top_k(0)(&two, &labels)), "k is 0; it should be at least 1");
    let shape = "the scores have shape [2, 2]; a threshold takes [examples, 1]";
    assert_eq!(message(metric::threshold(0.0)(&two, &labels)), shape);
    let nan = column(&[f64::NAN, 1.0]);
    assert_eq!(message(metric::threshold(0.0)(&nan, &labels)), "the score of example 0 is not a number");
    assert_eq!(message(metric::roc_auc(&nan, &labels)), "the scores of example 0 are not numbers");
    let three = Column::index([0, 2]);
    assert_eq!(message(metric::roc_auc(&two, &three)), "there is a label 2, and scores for 2 classes, from 0");
    let one = Column::index([1, 1]);
    assert_eq!(message(metric::roc_auc(&two, &one)), "all examples are of one class: there is no pair to compare");
    assert_eq!(message(metric::log_loss(&column(&[1.5, 0.0]), &labels)), "the output has 1.5, which is no probability");
    let rows = array![[0.5, 0.1], [0.2, 0.8]].into_dyn();
    assert_eq!(
        message(metric::log_loss(&rows, &labels)),
        "row 0 (counted from 0) of the output adds up to 0.6, not to 1"
    );
    assert_eq!(message(metric::log_loss(&two, &three)), "there is a label 2, and an output for 2 classes, from 0");
    assert_eq!(metric::log_loss(&column(&[0.0, 1.0]), &Column::index([1, 1])).unwrap(), f64::INFINITY);
    assert_eq!(
        message(metric::perplexity(&column(&[0.0, 1.0]), &labels)),
        "the logits have shape [2, 1]; they should be [examples, classes]"
    );
    assert_eq!(message(metric::mean_squared_error(&two, &labels)), "the targets are labels; this metric takes numbers");
    let other = Column::Real(column(&[1.0, 2.0]));
    assert_eq!(message(metric::mean_absolute_error(&two, &other)), "the output has shape [2, 2], the targets [2, 1]");
    let equal = Column::Real(column(&[1.0, 1.0]));
    let all_equal = "the targets are all equal: there is no variance to explain";
    assert_eq!(message(metric::r_squared(&column(&[1.0, 2.0]), &equal)), all_equal);
    assert!(metric::f1::<f64>(Average::Macro)(&two, &Column::index([0])).is_err());
}

/// An error of a metric that was made with a setting names the line where it was made.
#[test]
fn errors_of_metrics_name_a_line_of_the_caller() {
    let (scores, targets) = (ndarray::arr0(0.5).into_dyn(), Column::<f64>::index([0]));
    let errors = [
        nn::metric::top_k(0)(&scores, &targets),
        nn::metric::top_k(1)(&scores, &targets),
        nn::metric::threshold(0.5)(&scores, &targets),
        nn::metric::precision(nn::metric::Average::Macro)(&scores, &targets),
        nn::metric::recall(nn::metric::Average::Macro)(&scores, &targets),
        nn::metric::f1(nn::metric::Average::Macro)(&scores, &targets),
    ];
    for error in errors {
        let text = error.unwrap_err().to_string();
        assert!(text.contains("tests/nn/metrics.rs:"), "{text}");
    }
}
