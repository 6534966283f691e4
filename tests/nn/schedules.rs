//! Schedules: by their formulas, against PyTorch's (`tests/nn/pytorch/schedules.py`), and as the rates of steps.

use crate::support::lines;
use nn::schedule::*;
use nn::{Dataset, Dense, Init, Observer, OnPlateau, Optimizer, Position, Random, Scheduled, Sgd, Step, Trainer, loss};
use std::ops::ControlFlow;

/// What the formulas of the notes say, written out.
#[test]
fn the_four_of_the_notes() {
    for i in 0..50 {
        let x = i as f64;
        assert_eq!(inverse_time(0.3)(i), 1.0 / (1.0 + 0.3 * x));
        assert!((exponential(0.9)(i) - (0..i).map(|_| 0.9).product::<f64>()).abs() < 1e-15);
        // Counted from 1.
        assert_eq!(inverse_root(0.7)(i), 0.7 / (x + 1.0).sqrt());
        assert_eq!(manual([(3, 0.5), (7, 0.1)])(i), [1.0, 0.5, 0.1][usize::from(i >= 3) + usize::from(i >= 7)]);
    }
}

#[test]
fn schedules_are_pytorchs() {
    let factors: [(&str, &dyn Fn(u64) -> f64); 7] = [
        ("step", &step(7, 0.3)),
        ("exponential", &exponential(0.9)),
        ("linear", &linear(10, 0.25)),
        ("polynomial", &polynomial(10, 2.0, 0.0)),
        ("cosine", &cosine(10)),
        ("cosine_restarts", &cosine_restarts(3, 2)),
        ("one_cycle", &one_cycle(21)),
    ];
    let expected = lines(include_str!("pytorch/schedules.txt"));
    assert_eq!(expected.len(), factors.len());
    for ((name, factor), (known, expected)) in factors.iter().zip(expected) {
        assert_eq!(*name, known);
        for (i, expected) in expected.iter().enumerate() {
            let found = factor(i as u64);
            assert!((found - expected).abs() <= 1e-14, "{name} at {i}: {found} is not {expected}");
        }
    }
}

#[test]
fn schedules_stay_at_their_end() {
    assert_eq!([linear(4, 0.5)(9), polynomial(4, 3.0, 0.25)(9), cosine(4)(9), warm_up(4)(9)], [0.5, 0.25, 0.0, 1.0]);
    assert!((one_cycle(10)(9) - 4e-6).abs() < 1e-18 && (one_cycle(10)(99) - 4e-6).abs() < 1e-18);
    assert_eq!((0..9).map(cosine_restarts(3, 1)).filter(|factor| *factor == 1.0).count(), 3);
    assert!(cosine_restarts(1, 2)(u64::MAX).is_finite());
}

#[test]
fn schedules_of_no_length_are_refused() {
    let data = Dataset::valued([[1.0]], [[1.0]]).unwrap();
    let refused = |factor: &dyn Fn(u64) -> f64| {
        let mut model = Dense::<f64>::new(1, 1, Init::Zeros, &mut Random::new(0));
        let optimizer = Scheduled::new(|at: Position| factor(at.step - 1), Sgd::new(0.1));
        Step::new(optimizer, loss::mean_squared).run(&mut model, &data, 0).unwrap_err().message().to_owned()
    };
    let nothing: [&dyn Fn(u64) -> f64; 7] = [
        &step(0, 0.5),
        &linear(0, 0.0),
        &cosine(0),
        &cosine_restarts(0, 2),
        &cosine_restarts(2, 0),
        &warm_up(0),
        &one_cycle(0),
    ];
    for factor in nothing {
        assert_eq!(refused(factor), "the learning rate of step 1 is NaN; it should be above 0 and finite");
    }
}

#[test]
fn one_after_the_other_by_step_and_by_epoch() {
    let factor = sequence(warm_up(2), 2, sequence(linear(2, 0.0), 2, exponential(0.5)));
    assert_eq!((0..7).map(factor.clone()).collect::<Vec<_>>(), [0.5, 1.0, 1.0, 0.5, 1.0, 0.5, 0.25]);
    let rate = |optimizer: &dyn Optimizer<f64>, step, epoch| optimizer.rate(Position { step, epoch });
    let (steps, epochs) = (by_step(factor.clone()), by_epoch(factor));
    let (steps, epochs) = (Scheduled::new(steps, Sgd::new(2.0)), Scheduled::new(epochs, Sgd::new(2.0)));
    assert_eq!((rate(&steps, 1, 9), rate(&steps, 4, 9)), (1.0, 1.0));
    assert_eq!((rate(&epochs, 9, 1), rate(&epochs, 9, 7)), (1.0, 0.5));
    // Outside of training both are 0.
    assert_eq!((rate(&steps, 0, 0), rate(&epochs, 0, 0)), (1.0, 1.0));
}

/// Notes how far the weight went in each epoch, of one step each with the gradient 1.
#[derive(Default)]
struct Moves(Vec<f64>, f64);

impl Observer<f64> for Moves {
    fn on_epoch(&mut self, _: &nn::Epoch, training: &nn::Training<'_, f64>) -> ControlFlow<()> {
        let now = nn::parameters(training.model())[0].1.array().sum();
        self.0.push(self.1 - now);
        self.1 = now;
        ControlFlow::Continue(())
    }
}

#[test]
fn on_a_plateau_the_rate_falls() {
    let data = Dataset::valued([[1.0]], [[0.0]]).unwrap();
    let slope = || {
        // A loss that does not change, and a gradient of 1 all the same.
        nn::objective(|model: &Dense<f64>, batch, cx| {
            let y = nn::Layer::forward(model, batch.real("x")?, cx).sum(..);
            Ok(nn::Outcome::from(y - y.stop_gradient()).output(y))
        })
    };
    let run = |measure: &str| {
        let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0)).without_bias();
        let (mut plateau, mut moves) = (OnPlateau::new(measure, 0.5, 2), Moves::default());
        let trainer = Trainer::new(Scheduled::new(plateau.factor(), Sgd::new(1.0))).epochs(8);
        let trainer = trainer.metric("undefined", |_, _| Ok(f64::NAN));
        trainer.observe(&mut plateau).observe(&mut moves).fit(&mut model, slope(), &data).unwrap();
        moves.0
    };
    // The first epoch is the best; then every second halves the rate.
    assert_eq!(run("loss"), [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.125]);
    // What is no number is never better.
    assert_eq!(run("undefined"), [1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]);
}
