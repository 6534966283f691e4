//! Losses against PyTorch's values and gradients (`tests/nn/pytorch/losses.py`), against each other, at their corners, and
//! against finite differences in both orders.

use crate::support::{lines, normal, numbers};
use autodiff::check::Check;
use autodiff::{Index, Real, Tape, Var};
use ndarray::{ArrayD, array};
use nn::loss::{self, CrossEntropy, Huber};
use nn::{Context, Dataset, Dense, Init, LossFunction, Random, Step, Target};

const NAMES: [&str; 13] = [
    "mean_absolute",
    "mean_squared",
    "huber",
    "negative_log_likelihood",
    "kl_divergence",
    "hinge",
    "multi_class_hinge",
    "cosine",
    "cross_entropy",
    "smoothed",
    "weighted",
    "all",
    "rows",
];

/// The loss that the script calls by this name.
fn by_name<'t>(name: &str, z: Var<'t, f64>) -> Var<'t, f64> {
    let tape = z.tape();
    let y = numbers(50, 89, &[6, 4], 32.0);
    let positive = tape.data(y.mapv(|y| if y > 0.0 { 1.0 } else { 0.0 }));
    let y = tape.data(y);
    let labels: Index<'t, f64> = tape.index(array![0, 3, 1, 1, 2, 3]);
    let weights = [0.5, 2.0, 1.0, 0.25];
    let smoothed = CrossEntropy::new().smoothing(0.1);
    match name {
        "mean_absolute" => loss::mean_absolute(z, y.into()),
        "mean_squared" => loss::mean_squared(z, y.into()),
        "huber" => Huber { delta: 0.7 }.loss(z, y.into()).loss,
        "negative_log_likelihood" => loss::negative_log_likelihood(z.log_softmax(1), labels.into()),
        "kl_divergence" => loss::kl_divergence(z.log_softmax(1), y.softmax(1).into()),
        "hinge" => loss::hinge(z, positive.into()),
        "multi_class_hinge" => loss::multi_class_hinge(z, labels.into()),
        "cosine" => loss::cosine(z, y.into()),
        "cross_entropy" => CrossEntropy::new().loss(z, labels.into()).loss,
        "smoothed" => smoothed.loss(z, labels.into()).loss,
        "weighted" => CrossEntropy::new().class_weights(weights).loss(z, labels.into()).loss,
        "all" => {
            let ignoring: Index<'t, f64> = tape.index(array![0, 9, 1, 9, 2, 3]);
            smoothed.class_weights(weights).ignore(9).loss(z, ignoring.into()).loss
        }
        "rows" => smoothed.loss(z, y.softmax(1).into()).loss,
        name => panic!("there is no loss {name}"),
    }
}

#[test]
fn losses_and_their_gradients_are_pytorchs() {
    let expected = lines(include_str!("pytorch/losses.txt"));
    assert_eq!(expected.iter().map(|(name, _)| *name).collect::<Vec<_>>(), NAMES);
    let mut wrong = Vec::new();
    for (name, expected) in expected {
        let tape = Tape::new();
        let z = tape.input(numbers(3, 97, &[6, 4], 32.0));
        let loss = by_name(name, z);
        let mut found = vec![loss.item().unwrap()];
        found.extend(loss.backward().unwrap().get(z).unwrap());
        assert_eq!(found.len(), expected.len());
        let is_right = |a: f64, b: f64| (a - b).abs() <= 1e-14 * (1.0 + b.abs());
        let differs = found.iter().zip(&expected).find(|(a, b)| !is_right(**a, **b));
        wrong.extend(differs.map(|(a, b)| format!("{name}: {a} is not {b}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where a loss is smooth, both derivatives are those of finite differences; the points are away from corners.
#[test]
fn losses_have_the_derivatives_of_differences_in_both_orders() {
    for name in NAMES {
        let report = Check::new().function(|z| by_name(name, z), numbers(3, 97, &[6, 4], 32.0)).unwrap();
        assert!(report.failures().is_empty() && report.passed() > 40, "{name}: {report}");
    }
    let report =
        Check::new().function(|z| loss::log_cosh(z, z.tape().data(normal([3], 1)).into()), normal([3], 2) * 4.0);
    let report = report.unwrap();
    assert!(report.failures().is_empty() && report.passed() > 5, "{report}");
}

fn value(loss: impl for<'t> LossFunction<'t, f64>, d: f64) -> (f64, f64, f64) {
    let tape = Tape::<f64>::new();
    let a = tape.input([d]);
    let loss = loss.loss(a, tape.data([0.0]).into()).loss;
    let slope = loss.gradient(&[a]).unwrap()[0];
    let bend = slope.sum(..).gradient(&[a]).map_or(0.0, |bend| bend[0].value().unwrap()[0]);
    (loss.item().unwrap(), slope.value().unwrap()[0], bend)
}

#[test]
fn huber_and_log_cosh_at_both_ends() {
    let huber = Huber { delta: 2.0 };
    assert_eq!(value(huber, 0.0), (0.0, 0.0, 1.0));
    assert_eq!(value(huber, 2.0), (2.0, 2.0, 1.0));
    assert_eq!(value(huber, -3.0), (4.0, -2.0, 0.0));
    assert_eq!(value(huber, 1e200).0, 2e200 - 2.0);
    for d in [0.0, 1e-9, -0.3, 0.999, 1.0, -2.5, 20.0] {
        let (value, slope, bend) = value(loss::log_cosh, d);
        let expected = if d.abs() < 1e-3 { d * d / 2.0 } else { d.cosh().ln() };
        assert!((value - expected).abs() <= 4e-16 + 1e-14 * expected, "{d}: {value}");
        assert!((slope - d.tanh()).abs() <= 1e-15, "{d}: {slope}");
        assert!((bend - d.cosh().powi(-2)).abs() <= 1e-14, "{d}: {bend}");
    }
    // Digits of a small difference, and none lost to infinity.
    assert!((value(loss::log_cosh, 1e-9).0 / 5e-19 - 1.0).abs() < 1e-12);
    assert_eq!(value(loss::log_cosh, -1e300).0, 1e300);
}

#[test]
fn a_divergence_is_the_likelihood_less_the_entropy() {
    let tape = Tape::<f64>::new();
    let z = tape.input(normal([5, 3], 1));
    let y = tape.data([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.1, 0.1, 0.8], [0.6, 0.4, 0.0]]);
    let l = z.log_softmax(1);
    let entropy = -y.eq(0.0).select(0.0, y * y.gt(0.0).select(y, 1.0).log()).sum(..).item().unwrap() / 5.0;
    let divergence = loss::kl_divergence(l, y.into()).item().unwrap();
    let likelihood = loss::negative_log_likelihood(l, y.into()).item().unwrap();
    let cross_entropy = loss::softmax_cross_entropy(z, y.into()).item().unwrap();
    assert!((divergence - (likelihood - entropy)).abs() < 1e-14);
    assert!((likelihood - cross_entropy).abs() < 1e-15);
    let itself = loss::kl_divergence(y.clamp(1e-300, 1.0).log(), y.into()).item().unwrap();
    assert!(itself.abs() < 1e-15, "{itself}");
}

#[test]
fn cross_entropy_without_settings_is_the_function() {
    let tape = Tape::<f64>::new();
    let z = tape.input(normal([6, 4], 5) * 3.0);
    let labels: Index<'_, f64> = tape.index(array![0, 3, 1, 1, 2, 3]);
    let (a, b) = (CrossEntropy::new().loss(z, labels.into()).loss, loss::softmax_cross_entropy(z, labels.into()));
    assert!((a.item().unwrap() - b.item().unwrap()).abs() < 1e-15);
    let terms = CrossEntropy::new().terms(z, labels.into());
    assert!((terms.mean(..).item().unwrap() - b.item().unwrap()).abs() < 1e-15);
}

#[test]
fn what_is_ignored_costs_nothing_and_pulls_at_nothing() {
    let tape = Tape::<f64>::new();
    let z = tape.input([[1.0, 2.0], [f64::INFINITY, 0.0], [0.0, 0.5]]);
    let labels: Index<'_, f64> = tape.index(array![0, 7, 1]);
    let loss = CrossEntropy::new().ignore(7).loss(z, labels.into()).loss;
    let kept = tape.input([[1.0, 2.0], [0.0, 0.5]]);
    let other = loss::softmax_cross_entropy(kept, tape.index(array![0, 1]).into());
    assert!((loss.item().unwrap() - other.item().unwrap()).abs() < 1e-15);
    let nothing = CrossEntropy::new().ignore(7).loss(kept, tape.index(array![7, 7]).into()).loss;
    assert_eq!(nothing.item().unwrap(), 0.0);
    assert_eq!(nothing.backward().unwrap().get(kept).unwrap(), array![[0.0, 0.0], [0.0, 0.0]].into_dyn());
}

#[test]
fn weighted_examples() {
    let tape = Tape::<f64>::new();
    let losses = tape.input([1.0, f64::INFINITY, 4.0]);
    let mean = |weights: [f64; 3]| loss::weighted_mean(losses, tape.data(weights));
    assert_eq!(mean([3.0, 0.0, 1.0]).item().unwrap(), 1.75);
    assert_eq!(mean([0.0, 0.0, 0.0]).item().unwrap(), 0.0);
    let error = mean([1.0, -1.0, 1.0]).error().unwrap();
    assert_eq!(error.message(), "the weight is -1 in row 1 (counted from 0); it should not be negative");
    assert!(loss::weighted_mean(losses, tape.data([1.0])).error().is_some());
}

#[test]
fn penalties_leave_intercepts_out() {
    let mut model = [Dense::new(2, 3, Init::He, &mut Random::new(1)), Dense::new(3, 1, Init::He, &mut Random::new(2))];
    let biases = nn::parameters_mut(&mut model).into_iter().filter(|(path, _)| path.ends_with("bias"));
    biases.for_each(|(_, bias)| bias.array_mut().fill(3.0));
    let tape = Tape::<f64>::new();
    let cx = Context::training(&tape, &model, 0);
    let weights = [model[0].weight().array(), model[1].weight().array()];
    let sum = |f: fn(f64) -> f64| weights.iter().flat_map(|w| w.iter()).map(|w| f(*w)).sum::<f64>();
    assert!((loss::l1(&cx).item().unwrap() - sum(f64::abs)).abs() < 1e-14);
    assert!((loss::l2(&cx).item().unwrap() - sum(|w| w * w)).abs() < 1e-14);
    let gradients =
        cx.gradients(loss::l2(&cx) + 0.0 * cx.vars().into_iter().fold(tape.constant(0.0), |sum, w| sum + w.sum(..)));
    for (path, gradient) in gradients.unwrap() {
        let expected = match path.as_str() {
            "0.weight" => weights[0] * 2.0,
            "1.weight" => weights[1] * 2.0,
            _ => ArrayD::zeros(gradient.shape()),
        };
        assert_eq!(gradient, expected, "{path}");
    }
}

fn message<F: Real>(var: Var<'_, F>) -> String {
    var.error().map_or("no error".to_owned(), |error| error.message().to_owned())
}

#[test]
fn what_a_loss_cannot_take_is_refused() {
    let tape = Tape::<f64>::new();
    let (z, labels) = (tape.input([[1.0, 2.0], [0.0, 1.0]]), tape.index(array![1, 0]));
    let labels: Target<'_, f64> = labels.into();
    let of = |loss: CrossEntropy| message(loss.loss(z, labels).loss);
    assert_eq!(of(CrossEntropy::new().smoothing(1.5)), "`smoothing` is 1.5; it should be from 0 to 1");
    assert_eq!(of(CrossEntropy::new().class_weights([1.0])), "there are 1 weights for 2 classes");
    let negative = CrossEntropy::new().class_weights([1.0, -1.0]);
    assert_eq!(of(negative), "a class has the weight -1; it should be finite and not negative");
    let rows = tape.data([[0.0, 1.0], [1.0, 0.0]]);
    let ignored = CrossEntropy::new().ignore(3).loss(z, rows.into()).loss;
    assert_eq!(message(ignored), "the label 3 is ignored, and the target has no labels");
    let beyond = CrossEntropy::new().ignore(9).loss(z, tape.index(array![9, 2]).into()).loss;
    assert_eq!(message(beyond), "the label in row 1 (counted from 0) is 2; there are 2 classes, from 0");
    let squashed = CrossEntropy::new().loss(z.softmax(1), labels).loss;
    assert!(message(squashed).starts_with("the output is a softmax already"));
    assert_eq!(
        message(Huber { delta: 0.0 }.loss(z, rows.into()).loss),
        "`delta` is 0; it should be above 0 and finite"
    );
    let log = loss::negative_log_likelihood(z, labels);
    assert_eq!(message(log), "the output is 1 in row 0 (counted from 0), and no logarithm of a probability");
    assert!(message(loss::kl_divergence(z.log_softmax(1), labels)).starts_with("the target is an index of labels"));
    assert!(message(loss::multi_class_hinge(z, rows.into())).starts_with("the target is numbers"));
    assert!(
        message(loss::hinge(z, tape.data([[2.0, 0.0], [0.0, 1.0]]).into())).starts_with("the target is 2 in row 0")
    );
    let line = line!() + 1;
    let error = Huber { delta: -1.0 }.loss(z, rows.into()).loss.error().unwrap();
    assert_eq!(error.place().unwrap().location.map(|location| location.line()), Some(line));
}

/// A replayed step knows no values while it is recorded; a label without a class is refused all the same, with its row.
#[test]
fn a_label_without_a_class_is_refused_in_a_replayed_step() {
    let batch = |labels: [usize; 2]| Dataset::labelled([[1.0], [2.0]], labels).unwrap();
    let mut model = Dense::<f64>::new(1, 2, Init::Xavier, &mut Random::new(0));
    let mut step = Step::new(nn::Sgd::new(0.1), CrossEntropy::new().smoothing(0.1).ignore(9));
    step.run(&mut model, &batch([1, 9]), 0).unwrap();
    let before = model.clone();
    let error = step.run(&mut model, &batch([1, 2]), 1).unwrap_err();
    assert_eq!(error.message(), "the label in row 1 (counted from 0) is 2; there are 2 classes, from 0");
    assert_eq!(model, before);
    step.run(&mut model, &batch([0, 1]), 2).unwrap();
}
