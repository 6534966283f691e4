//! What computed indices and derived keys are for.

use super::support::everywhere;
use autodiff::check::{self, Verdict};
use autodiff::{ErrorKind, Index, Input, Tape, Var, grad};
use ndarray::{Array2, array};

/// The share of rows whose label is among the k largest scores.
fn top_k_accuracy<'t>(scores: Var<'t, f64>, labels: Index<'t, f64>, k: usize) -> Var<'t, f64> {
    let (_, best) = scores.top_k(k, 1);
    let rows = labels.shape().unwrap()[0];
    best.eq(labels.reshape([rows, 1])).sum(1).mean(..)
}

#[test]
fn accuracy_is_computed_in_the_program() {
    let tape = Tape::<f64>::new();
    let scores = tape.data([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.3, 0.6, 0.1]]);
    let labels = tape.index(array![1, 0, 1, 2]);
    let predicted = scores.argmax(1).named("predicted");
    let accuracy = predicted.eq(labels).mean(..).named("accuracy");
    let outputs: Vec<autodiff::Arg<'_, f64>> =
        vec![accuracy.into(), predicted.into(), top_k_accuracy(scores, labels, 2).into()];
    let program = tape.program(&outputs).unwrap();
    let given = [Input::Real(scores.value().unwrap()), Input::Index(labels.value().unwrap())];
    let found = everywhere(&program, &given);
    assert_eq!(found, [Input::real(0.5), Input::index(array![1, 0, 2, 1]), Input::real(0.75)]);
    let mut plan = program.plan().unwrap();
    plan.run_all(&given).unwrap();
    assert_eq!(plan.index_output(1).unwrap(), array![1, 0, 2, 1].into_dyn());
    assert_eq!((plan.index_output(0), plan.output(1)), (None, None));
    assert!(program.to_string().contains("predicted"), "{program}");
    // The classes apart: a matrix of counts, label by prediction.
    let confusion = labels.one_hot(3).transpose().matmul(predicted.one_hot(3));
    let expected = array![[1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 1.0, 0.0]];
    assert_eq!(confusion.value().unwrap(), expected.into_dyn());
}

/// The q-quantile of a vector by linear interpolation between the two elements around q·(n − 1), NumPy's default.
fn quantile(x: Var<'_, f64>, q: f64) -> Var<'_, f64> {
    let sorted = x.sort(0);
    let n = sorted.shape().unwrap()[0];
    let at = q * (n - 1) as f64;
    let below = at.floor() as usize;
    let (low, high) = (sorted.slice(0, below..below + 1), sorted.slice(0, (below + 1).min(n - 1)..(below + 2).min(n)));
    (low + (high - low) * (at - below as f64)).reshape([])
}

#[test]
fn a_quantile_is_differentiable() {
    let x = array![7.0, -2.0, 4.5, 0.25, 3.0, -1.0, 9.0, 1.5];
    // numpy.quantile(x, [0, 0.1, 0.25, 0.5, 0.9, 1])
    let expected = [(0.0, -2.0), (0.1, -1.3), (0.25, -0.0625), (0.5, 2.25), (0.9, 7.6), (1.0, 9.0)];
    for (q, value) in expected {
        let tape = Tape::<f64>::new();
        let y = quantile(tape.input(x.clone()), q);
        assert!((y.item().unwrap() - value).abs() < 1e-14, "{q}: {}", y.item().unwrap());
        everywhere(&tape.program(&[y]).unwrap(), &[Input::real(x.clone())]);
        let report = check::function(move |x| quantile(x, q).square(), x.clone()).unwrap();
        assert_eq!(report.verdict(), Verdict::Pass, "{q}: {report}");
        // The slopes are the weights of the interpolation, and sum to 1.
        let slopes = grad(move |x| quantile(x, q), x.clone()).unwrap();
        assert!((slopes.sum() - 1.0).abs() < 1e-15 && slopes.iter().filter(|slope| **slope != 0.0).count() <= 2);
    }
}

#[test]
fn the_median_of_rows_is_robust() {
    let tape = Tape::<f64>::new();
    let x = tape.input([[1.0, 100.0, 3.0], [5.0, 4.0, -7.0]]);
    let medians = x.sort(1).slice(1, 1..2).reshape([2]);
    assert_eq!(medians.value().unwrap(), array![3.0, 4.0].into_dyn());
    let gradients = medians.sum(..).backward().unwrap();
    assert_eq!(gradients.get(x).unwrap(), array![[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]].into_dyn());
    everywhere(&tape.program(&[medians]).unwrap(), &[Input::real(Array2::from_elem((2, 3), 0.5))]);
}

/// A program whose key is folded with a step that is an input: each step drops others, and the same again when repeated.
#[test]
fn every_step_has_its_own_mask() {
    let tape = Tape::<f64>::new();
    let x = tape.input(Array2::ones((8, 8)));
    let (key, step) = (tape.key(1), tape.index(ndarray::arr0(0)));
    fn layer(key: autodiff::Key<'_, f64>) -> Var<'_, f64> {
        key.uniform([8, 8], 0).ge(0.5)
    }
    let (mask, other) = (layer(key.fold_in(step).fold_in(0)), layer(key.fold_in(step).fold_in(1)));
    let y = (x * mask * 2.0).sum(..);
    let gradient = y.gradient(&[x]).unwrap()[0];
    let program = tape.program(&[mask, other, y, gradient]).unwrap();
    let run = |step: usize| {
        let given = [Input::real(Array2::ones((8, 8))), Input::Key(1), Input::index(ndarray::arr0(step))];
        everywhere(&program, &given)
    };
    let (first, second) = (run(0), run(1));
    assert_eq!(first, run(0));
    assert_ne!(first[0], second[0], "another step");
    assert_ne!(first[0], first[1], "another layer");
    let Input::Real(kept) = &first[0] else { panic!("a mask is real") };
    assert!((20.0..44.0).contains(&kept.sum()), "{} of 64 are kept", kept.sum());
    assert_eq!(first[3], Input::Real(kept * 2.0));
}

/// The order of one array applied to others: labels follow their scores, and a permutation is undone by its own order.
#[test]
fn an_order_is_applied_and_undone() {
    let tape = Tape::<f64>::new();
    let (scores, labels) = (tape.input([0.3, 0.9, 0.1, 0.5]), tape.index(array![7, 8, 9, 10]));
    let (sorted, order) = scores.sort_with_order(0);
    let ranks = order.to_real().argsort(0);
    let outputs: Vec<autodiff::Arg<'_, f64>> =
        vec![labels.gather(order).into(), sorted.take_along(ranks, 0).into(), ranks.into()];
    let given = [Input::Real(scores.value().unwrap()), Input::Index(labels.value().unwrap())];
    let found = everywhere(&tape.program(&outputs).unwrap(), &given);
    assert_eq!(found, [Input::index(array![9, 7, 10, 8]), given[0].clone(), Input::index(array![1, 3, 0, 2])]);
}

/// Windows of a sequence: positions are computed, not given.
#[test]
fn positions_are_computed() {
    let tape = Tape::<f64>::new();
    let x = tape.input([0.0, 1.0, 2.0, 3.0, 4.0]);
    let windows = tape.index_range(0..3).reshape([3, 1]) + tape.index_range(0..3);
    let y = x.gather(windows).mean(1);
    assert_eq!(y.value().unwrap(), array![1.0, 2.0, 3.0].into_dyn());
    let around = (tape.index_range(0..5) + 2) % 5;
    assert_eq!(x.gather(around).value().unwrap(), array![2.0, 3.0, 4.0, 0.0, 1.0].into_dyn());
    let found = everywhere(&tape.program(&[y, x.gather(around)]).unwrap(), &[Input::real([1.0, 1.0, 4.0, 1.0, 1.0])]);
    assert_eq!(found[1], Input::real([4.0, 1.0, 1.0, 1.0, 1.0]));
}

#[test]
fn a_gradient_that_only_indices_lead_to_says_so() {
    let tape = Tape::<f64>::new();
    let (x, table) = (tape.input([1.0, 3.0, 2.0]).named("x"), tape.input([10.0, 20.0, 30.0]).named("table"));
    let y = table.gather(x.argmax(..)).named("y");
    let gradients = y.backward().unwrap();
    assert_eq!(gradients.get(table).unwrap(), array![0.0, 1.0, 0.0].into_dyn());
    let error = gradients.get(x).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoGradient);
    let text = error.to_string();
    assert!(text.contains("`x` reaches the result only through `argmax`") && text.contains("uses.rs:"), "{text}");
    assert!(text.contains("which gives an array of indices: no derivative flows through it"), "{text}");
    let recorded = y.gradient(&[x]).unwrap_err().to_string();
    assert!(recorded.contains("only through `argmax`"), "{recorded}");
    // The order is the second result of `sort`.
    let error = table.gather(x.argsort(0)).sum(..).backward().unwrap().get(x).unwrap_err().to_string();
    assert!(error.contains("only through `sort`"), "{error}");
    // A number made of indices is no way either; it is the indices that stop the derivative.
    let error = (x.argmax(..).to_real() * 2.0).backward().map(|gradients| gradients.get(x).unwrap_err().to_string());
    assert!(error.as_ref().is_ok_and(|text| text.contains("only through `argmax`")), "{error:?}");
    // With a way besides, there is a gradient.
    let both = table.gather(x.argmax(..)) * x.sum(..);
    assert_eq!(both.backward().unwrap().get(x).unwrap(), array![20.0, 20.0, 20.0].into_dyn());
    // What is cut off elsewhere is explained as before.
    let cut = (x.stop_gradient() * table).sum(..).backward().unwrap().get(x).unwrap_err().to_string();
    assert!(cut.contains("stop_gradient"), "{cut}");
    let unused = (x.argmax(..), table.sum(..)).1.backward().unwrap().get(x).unwrap_err().to_string();
    assert!(unused.contains("not on the way to the result"), "{unused}");
}
