//! Optimizers: each is its recurrence, compared with loops of plain floats.

use ndarray::{Array1, Array2, array};
use nn::{Adam, Dataset, Dense, Momentum, Optimizer, Sgd, Step, loss};

const STEPS: i32 = 20;

/// The problem: ½ Σ (x w − y)² in two weights, whose gradient is xᵀ(x w − y).
fn problem() -> (Array2<f64>, Array1<f64>, Array1<f64>) {
    (array![[1.0, 0.5], [-0.3, 2.0], [0.7, -1.1]], array![1.0, -2.0, 0.5], array![0.9, -0.4])
}

fn by_the_tape(optimizer: impl Optimizer<f64>) -> Array1<f64> {
    let (x, y, w) = problem();
    let data = Dataset::valued(x, y.insert_axis(ndarray::Axis(1))).unwrap();
    let mut model = Dense::from_arrays(w.insert_axis(ndarray::Axis(1)), None);
    let mut step = Step::new(optimizer, loss::half_squared);
    for _ in 0..STEPS {
        step.run(&mut model, &data, 0).unwrap();
    }
    assert_eq!(step.state().step(), STEPS as u64);
    model.weight().array().iter().copied().collect()
}

fn by_hand(mut update: impl FnMut(i32, usize, f64, f64) -> f64) -> Array1<f64> {
    let (x, y, mut w) = problem();
    for t in 1..=STEPS {
        let gradient = x.t().dot(&(x.dot(&w) - &y));
        for (i, (w, g)) in w.iter_mut().zip(&gradient).enumerate() {
            *w = update(t, i, *w, *g);
        }
    }
    w
}

fn assert_same(tape: Array1<f64>, hand: Array1<f64>) {
    assert!(tape.iter().zip(&hand).all(|(a, b)| (a - b).abs() <= 1e-12 * b.abs()), "{tape} is not {hand}");
    assert_ne!(hand, problem().2);
}

#[test]
fn sgd() {
    assert_same(by_the_tape(Sgd::new(0.05)), by_hand(|_, _, w, g| w - 0.05 * g));
}

#[test]
fn momentum() {
    let mut v = [0.0; 2];
    let hand = by_hand(|_, i, w, g| {
        v[i] = 0.8 * v[i] + (1.0 - 0.8) * g;
        w - 0.1 * v[i]
    });
    assert_same(by_the_tape(Momentum { rate: 0.1, beta: 0.8 }), hand);
}

fn adam_by_hand(beta1: f64, beta2: f64, epsilon: f64) -> Array1<f64> {
    let (mut m, mut v) = ([0.0; 2], [0.0; 2]);
    by_hand(|t, i, w, g| {
        m[i] = beta1 * m[i] + (1.0 - beta1) * g;
        v[i] = beta2 * v[i] + (1.0 - beta2) * g * g;
        let (m_hat, v_hat) = (m[i] / (1.0 - beta1.powi(t)), v[i] / (1.0 - beta2.powi(t)));
        w - 0.1 * m_hat / (v_hat.sqrt() + epsilon)
    })
}

#[test]
fn adam() {
    assert_same(by_the_tape(Adam::new(0.1)), adam_by_hand(0.9, 0.999, 1e-8));
    // An ε that is large shows where it stands: beside the root, not under it.
    assert_same(by_the_tape(Adam { epsilon: 0.5, ..Adam::new(0.1) }), adam_by_hand(0.9, 0.999, 0.5));
    assert_same(by_the_tape(Adam { beta1: 0.0, ..Adam::new(0.1) }), adam_by_hand(0.0, 0.999, 1e-8));
}

/// In f32, 1 − 0.999 has four digits; the first step of Adam is α·sign(g) to nearly all.
#[test]
fn the_bias_correction_keeps_its_digits_in_single_precision() {
    let data = Dataset::<f32>::valued(array![[1.0f32]], array![[10.0f32]]).unwrap();
    let mut model = Dense::from_arrays(array![[0.0f32]], None);
    Step::new(Adam::new(1.0), loss::half_squared).run(&mut model, &data, 0).unwrap();
    let moved = model.weight().array()[[0, 0]];
    assert!((moved - 1.0).abs() < 1e-6, "{moved}");
}

#[test]
fn state_is_named_arrays() {
    let (x, y, w) = problem();
    let data = Dataset::valued(x, y.insert_axis(ndarray::Axis(1))).unwrap();
    let mut model = Dense::from_arrays(w.insert_axis(ndarray::Axis(1)), None);
    let mut step = Step::new(Adam::new(0.1), loss::half_squared);
    assert_eq!(step.state().arrays().count(), 0);
    step.run(&mut model, &data, 0).unwrap();
    let names: Vec<_> = step.state().arrays().map(|(path, name, array)| (path, name, array.len())).collect();
    assert_eq!(names, [("weight", "m", 2), ("weight", "v", 2)]);
    assert!(step.state().get("weight", "m").is_some());
    assert!(step.state().get("weight", "momentum").is_none());
}
