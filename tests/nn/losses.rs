//! Losses: by definition, at the ends of their domains, and their gradients.

use crate::support::{assert_gradients, normal};
use autodiff::{Input, Tape, Var};
use ndarray::{ArrayD, array};
use nn::{LossFunction, Target, loss};

type Loss = fn(Var<'_, f64>, Target<'_, f64>) -> f64;

fn item(a: ArrayD<f64>, y: ArrayD<f64>, loss: Loss) -> f64 {
    let tape = Tape::new();
    loss(tape.input(a), tape.data(y).into())
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-14 * (1.0 + b.abs())
}

#[test]
fn squared_losses_are_their_definitions() {
    let (a, y) = (normal([4, 3], 1), normal([4, 3], 2));
    let sum = (&a - &y).mapv(|d| d * d).sum();
    assert!(close(item(a.clone(), y.clone(), |a, y| loss::half_squared(a, y).item().unwrap()), sum / 2.0));
    assert!(close(item(a, y, |a, y| loss::mean_squared(a, y).item().unwrap()), sum / 12.0));
}

#[test]
fn binary_cross_entropies_are_their_definition() {
    let z = normal([5, 2], 3);
    let y = normal([5, 2], 4).mapv(|y| if y > 0.0 { 1.0 } else { 0.0 });
    let a = z.mapv(|z| 1.0 / (1.0 + (-z).exp()));
    let terms = a.iter().zip(&y).map(|(a, y)| -(y * a.ln() + (1.0 - y) * (1.0 - a).ln()));
    let expected = terms.sum::<f64>() / 10.0;
    assert!(close(item(a, y.clone(), |a, y| loss::binary_cross_entropy(a, y).item().unwrap()), expected));
    assert!(close(item(z, y, |z, y| loss::binary_cross_entropy_with_logits(z, y).item().unwrap()), expected));
}

#[test]
fn binary_cross_entropy_at_the_ends() {
    let tape = Tape::<f64>::new();
    let (a, y) = (tape.input([0.0, 1.0]), tape.data([0.0, 1.0]));
    let right = loss::binary_cross_entropy(a, y.into());
    assert_eq!(right.item().unwrap(), 0.0);
    assert_eq!(right.backward().unwrap().get(a).unwrap(), array![0.5, -0.5].into_dyn());
    assert_eq!(loss::binary_cross_entropy(a, (1.0 - y).into()).item().unwrap(), f64::INFINITY);
}

#[test]
fn binary_cross_entropy_with_logits_neither_overflows_nor_stalls() {
    let tape = Tape::<f64>::new();
    let (z, y) = (tape.input([-1e5, 1e5, 1e5, 0.0]), tape.data([0.0, 1.0, 0.0, 0.5]));
    let loss = loss::binary_cross_entropy_with_logits(z, y.into());
    assert_eq!(loss.item().unwrap(), (1e5 + 2f64.ln()) / 4.0);
    assert_eq!(loss.backward().unwrap().get(z).unwrap(), array![0.0, 0.0, 0.25, 0.0].into_dyn());
}

#[test]
fn cross_entropy_with_labels_is_that_with_one_hot_rows_and_the_definition() {
    let z = normal([6, 4], 5);
    let labels = array![0, 3, 1, 1, 2, 3];
    let expected = z.rows().into_iter().zip(&labels).map(|(row, label)| {
        let sum: f64 = row.iter().map(|z| z.exp()).sum();
        -(row[*label].exp() / sum).ln()
    });
    let expected = expected.sum::<f64>() / 6.0;

    let tape = Tape::<f64>::new();
    let (z, labels) = (tape.input(z), tape.index(labels));
    let by_label = loss::softmax_cross_entropy(z, labels.into());
    let by_row = loss::softmax_cross_entropy(z, labels.one_hot(4).into());
    assert!(close(by_label.item().unwrap(), expected), "{} is not {expected}", by_label.item().unwrap());
    assert!(close(by_row.item().unwrap(), expected));

    // The gradient of the notes: (softmax(z) − y)/n.
    let closed = ((z.softmax(1) - labels.one_hot(4)) / 6.0).value().unwrap();
    for loss in [by_label, by_row] {
        let gradients = loss.backward().unwrap();
        let gradient = gradients.get(z).unwrap();
        assert!(gradient.iter().zip(&closed).all(|(a, b)| (a - b).abs() < 1e-15));
    }
}

#[test]
fn cross_entropy_of_huge_logits_is_finite() {
    let tape = Tape::<f64>::new();
    let z = tape.input([[1e4, 0.0, -1e4]]);
    let loss = loss::softmax_cross_entropy(z, tape.index(array![2]).into());
    assert_eq!(loss.item().unwrap(), 2e4);
    assert_eq!(loss.backward().unwrap().get(z).unwrap(), array![[1.0, 0.0, -1.0]].into_dyn());
}

#[test]
fn every_loss_has_the_gradient_of_its_values() {
    let z = normal([4, 3], 6);
    let y = normal([4, 3], 7).mapv(|y| 1.0 / (1.0 + y.exp()));
    // Probabilities away from 0 and 1, where the logarithm bends too much for differences.
    let a = z.mapv(|z| 0.2 + 0.6 / (1.0 + (-z).exp()));
    type Recorded = for<'t> fn(Var<'t, f64>, Target<'t, f64>) -> Var<'t, f64>;
    // Rows of a softmax add up to 1.
    let rows = {
        let tape = Tape::new();
        tape.input(&y).softmax(1).value().unwrap()
    };
    let losses: [(&str, Recorded, &ArrayD<f64>); 5] = [
        ("half_squared", |a, y| *loss::half_squared(a, y), &z),
        ("mean_squared", loss::mean_squared, &z),
        ("binary_cross_entropy", loss::binary_cross_entropy, &a),
        ("binary_cross_entropy_with_logits", loss::binary_cross_entropy_with_logits, &z),
        ("softmax_cross_entropy", loss::softmax_cross_entropy, &z),
    ];
    for (name, loss, x) in losses {
        // The target as an input as well: targets may be learnt, too.
        let tape = Tape::new();
        let y = if name == "softmax_cross_entropy" { &rows } else { &y };
        let program = tape.program(&[loss(tape.input(x), tape.input(y).into())]).unwrap();
        assert_gradients(&program, &[Input::Real(x.clone()), Input::Real(y.clone())], name);
    }
    let tape = Tape::new();
    let loss = loss::softmax_cross_entropy(tape.input(&z), tape.index(array![0, 2, 1, 1]).into());
    let program = tape.program(&[loss]).unwrap();
    assert_gradients(&program, &[Input::Real(z), Input::index(array![0, 2, 1, 1])], "labels");
}

/// Right answers that are nearly certain cost little, but not nothing, and have a slope.
#[test]
fn binary_cross_entropy_with_logits_does_not_cancel() {
    let cases: [(f64, f64, f64, f64); 6] = [
        (30.0, 1.0, 9.357622968839737e-14, -9.357622968839299e-14),
        (40.0, 1.0, 4.248354255291589e-18, -4.248354255291589e-18),
        (-40.0, 0.0, 4.248354255291589e-18, 4.248354255291589e-18),
        (f64::INFINITY, 1.0, 0.0, 0.0),
        (f64::NEG_INFINITY, 0.0, 0.0, 0.0),
        (f64::INFINITY, 0.0, f64::INFINITY, 1.0),
    ];
    for (z, y, value, slope) in cases {
        let tape = Tape::<f64>::new();
        let z = tape.input([z]);
        let loss = loss::binary_cross_entropy_with_logits(z, tape.data([y]).into());
        let (found, gradient) = (loss.item().unwrap(), loss.backward().unwrap().get(z).unwrap()[[0]]);
        let near = |a: f64, b: f64| a == b || (a - b).abs() <= 1e-14 * b.abs();
        assert!(near(found, value) && near(gradient, slope), "{found:e} and {gradient:e}, not {value:e} and {slope:e}");
    }
    // log(1 − a) of a small a.
    let small =
        item(array![1e-20].into_dyn(), array![0.0].into_dyn(), |a, y| loss::binary_cross_entropy(a, y).item().unwrap());
    assert_eq!(small, 1e-20);
}

/// In single precision, too: log(1 + e^−z) of double precision, for right answers, and z more for wrong ones.
#[test]
fn binary_cross_entropy_with_logits_does_not_cancel_in_single_precision() {
    for z in [0.25f32, 4.0, 10.0, 14.0, 17.0, 40.0, 80.0] {
        for (z, y) in [(z, 1.0), (-z, 0.0), (z, 0.0), (-z, 1.0)] {
            let tape = Tape::<f32>::new();
            let x = tape.input([z]);
            let loss = loss::binary_cross_entropy_with_logits(x, tape.data([y]).into());
            let (found, gradient) = (loss.item().unwrap(), loss.backward().unwrap().get(x).unwrap()[[0]]);
            // The logit of the right answer.
            let right = f64::from(if y == 1.0 { z } else { -z });
            let value = if right > 0.0 { (-right).exp().ln_1p() } else { right.exp().ln_1p() - right };
            let slope = if y == 1.0 { -1.0 / (1.0 + right.exp()) } else { 1.0 / (1.0 + right.exp()) };
            let near = |a: f32, b: f64| (f64::from(a) - b).abs() <= 3e-7 * b.abs();
            assert!(near(found, value), "z = {z}, y = {y}: {found:e} for {value:e}");
            assert!(near(gradient, slope), "z = {z}, y = {y}: {gradient:e} for {slope:e}");
        }
    }
}

/// A class that is masked out by −∞ and has no weight has no part in the loss.
#[test]
fn cross_entropy_of_masked_logits() {
    let tape = Tape::<f64>::new();
    let z = tape.input([[f64::NEG_INFINITY, 0.0, 1.0]]);
    let by_label = loss::softmax_cross_entropy(z, tape.index(array![1]).into());
    let by_row = loss::softmax_cross_entropy(z, tape.data([[0.0, 1.0, 0.0]]).into());
    for loss in [by_label, by_row] {
        assert!(close(loss.item().unwrap(), 1.3132616875182228));
        let gradients = loss.backward().unwrap();
        let gradient = gradients.get(z).unwrap();
        assert_eq!(gradient[[0, 0]], 0.0);
        assert!(close(gradient[[0, 1]], -0.7310585786300049) && close(gradient[[0, 2]], 0.7310585786300049));
    }
}

/// What a loss records is attributed to the line that calls it, also where it is called by itself.
#[test]
fn every_loss_records_the_line_of_its_caller() {
    let rows = |tape: &'static Tape<f64>| {
        let (a, y) = (tape.input([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]), tape.data([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]));
        (a, Target::from(y), Target::from(tape.index([2, 0])))
    };
    // Calls in a row of their own: a loss that is passed as a function has no caller to name.
    macro_rules! losses {
        ($($name:literal: |$a:ident, $y:ident, $labels:ident| $call:expr;)*) => {
            [$(($name, {
                let tape: &Tape<f64> = Box::leak(Box::new(Tape::new()));
                let ($a, $y, $labels) = rows(tape);
                let _ = (&$y, &$labels);
                let loss: Var<'_, f64> = $call;
                loss.trace().unwrap()
            })),*]
        };
    }
    let weighted = loss::CrossEntropy::new().smoothing(0.1).class_weights([1.0, 2.0, 3.0]);
    let some = losses! {
        "mean_squared": |a, y, l| loss::mean_squared(a, y);
        "half_squared": |a, y, l| *loss::half_squared(a, y);
        "mean_absolute": |a, y, l| loss::mean_absolute(a, y);
        "binary_cross_entropy": |a, y, l| loss::binary_cross_entropy(a, y);
        "binary_cross_entropy_with_logits": |a, y, l| loss::binary_cross_entropy_with_logits(a, y);
        "softmax_cross_entropy": |a, y, l| loss::softmax_cross_entropy(a, y);
        "softmax_cross_entropy of labels": |a, y, l| loss::softmax_cross_entropy(a, l);
        "cross-entropy": |a, y, l| weighted.terms(a, y).sum(..);
        "cross-entropy of labels": |a, y, l| weighted.terms(a, l).sum(..);
        "cosine": |a, y, l| loss::cosine(a, y);
        "hinge": |a, y, l| loss::hinge(a, y);
        "multi_class_hinge": |a, y, l| loss::multi_class_hinge(a, l);
        "log_cosh": |a, y, l| loss::log_cosh(a, y);
        "kl_divergence": |a, y, l| loss::kl_divergence(a.log_softmax(1), y);
        "negative_log_likelihood": |a, y, l| loss::negative_log_likelihood(a.log_softmax(1), l);
        "Huber": |a, y, l| loss::Huber { delta: 0.3 }.loss(a, y).loss;
        "weighted_mean": |a, y, l| loss::weighted_mean(a.sum(1), a.tape().constant([1.0, 2.0]));
    };
    for (name, trace) in some {
        for node in trace.nodes() {
            let place = node.location();
            assert!(place.is_some_and(|(file, _)| file.ends_with("losses.rs")), "{name}: {} at {place:?}", node.call());
        }
    }
}
