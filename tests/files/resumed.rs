//! A run that is resumed in a new process, from a file, is the run that never stopped; and a state follows names.

use crate::support::{folder, given, network, process, run, state};
use autodiff::{Real, Var};
use ndarray::array;
use nn::{Adam, Checkpoint, Context, Dataset, Every, Layer, Module, Param, Trainer, loss};
use std::fs;

/// The steps of the whole run: 4 epochs of 5 batches.
const STEPS: u64 = 20;

/// Goes on from the file that it is given, with a model of other numbers, and saves where the run ends.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn resume() {
    let Some(path) = given() else { return };
    let checkpoint = Checkpoint::load(&path).unwrap();
    let mut model = network(77);
    let mut last = None;
    let keep = |state: &Checkpoint<f64>| {
        last = Some(state.clone());
        Ok(())
    };
    let end = run(&mut model, Some(&checkpoint), 0, Every::Epoch, keep);
    end.save(path.with_extension("end")).unwrap();
    nn::weights::save(&model, path.with_extension("model")).unwrap();
    last.unwrap().save(path.with_extension("last")).unwrap();
}

#[test]
fn going_on_in_another_process_is_never_having_stopped() {
    let folder = folder("resumed");
    let mut model = network(1);
    let mut states = Vec::new();
    let keep = |state: &Checkpoint<f64>| {
        states.push(state.clone());
        Ok(())
    };
    let end = run(&mut model, None, 0, Every::Steps(1), keep);
    assert_eq!(states.len() as u64, STEPS);
    let mut epochs = Vec::new();
    let keep = |state: &Checkpoint<f64>| {
        epochs.push(state.to_bytes().unwrap());
        Ok(())
    };
    run(&mut network(1), None, 0, Every::Epoch, keep);
    let (last, weights) = (epochs.last().unwrap(), nn::weights::to_bytes(&model).unwrap());
    // What observers know differs on the way, or nothing would depend on it: the rate falls, and the best epoch is not the last.
    let known = |i: usize, observer: usize| states[i].observers()[observer].clone();
    assert_ne!(known(0, 1).number("factor").unwrap(), known(19, 1).number("factor").unwrap());
    assert!(known(19, 0).checkpoint.is_some());
    for (i, state) in states.iter().enumerate() {
        let step = i as u64 + 1;
        let path = folder.join(format!("{step}.checkpoint"));
        state.save(&path).unwrap();
        assert!(Checkpoint::load(&path).unwrap() == *state, "saved after step {step}");
        let output = process("resumed::resume", &path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(fs::read(path.with_extension("last")).unwrap() == *last, "resumed after step {step}");
        assert!(fs::read(path.with_extension("end")).unwrap() == end.to_bytes().unwrap(), "resumed after step {step}");
        assert!(fs::read(path.with_extension("model")).unwrap() == weights, "resumed after step {step}");
    }
}

/// Two matrices of one shape: y = tanh(x A) B.
#[derive(Clone, Debug)]
struct Ab<F: Real> {
    a: Param<F>,
    b: Param<F>,
}

impl<F: Real> Module<F> for Ab<F> {
    nn::visit!(F; a, b);
}

/// The same with the matrices declared in the other order.
#[derive(Clone, Debug)]
struct Ba<F: Real> {
    b: Param<F>,
    a: Param<F>,
}

impl<F: Real> Module<F> for Ba<F> {
    nn::visit!(F; b, a);
}

macro_rules! forward {
    ($($model:ident),*) => { $(
        impl<F: Real> Layer<F> for $model<F> {
            fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
                x.matmul(cx.param(&self.a)).tanh().matmul(cx.param(&self.b))
            }
        }
    )* };
}

forward!(Ab, Ba);

#[test]
fn a_state_follows_names_and_not_positions() {
    let data =
        Dataset::valued(array![[1.0, -2.0], [0.5, 1.5], [3.0, 0.1]], array![[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]]);
    let data = data.unwrap();
    let (a, b) = (array![[0.1, 0.2], [0.3, 0.4]], array![[-0.5, 0.6], [0.7, 0.8]]);
    let trainer = |epochs| Trainer::<f64, _>::new(Adam::new(0.1)).epochs(epochs).batch_size(2).seed(5);
    let mut whole = Ab { a: Param::new(a.clone()), b: Param::new(b.clone()) };
    trainer(6).fit(&mut whole, loss::mean_squared, &data).unwrap();
    let mut first = Ab { a: Param::new(a), b: Param::new(b) };
    let middle = trainer(3).fit(&mut first, loss::mean_squared, &data).unwrap();
    let middle = Checkpoint::from_bytes(&middle.to_bytes().unwrap()).unwrap();
    let mut second =
        Ba { a: Param::new(ndarray::Array2::zeros((2, 2))), b: Param::new(ndarray::Array2::zeros((2, 2))) };
    trainer(6).resume(&middle).fit(&mut second, loss::mean_squared, &data).unwrap();
    assert_eq!((second.a.array(), second.b.array()), (whole.a.array(), whole.b.array()));
    assert_ne!(first.a.array(), whole.a.array());
}

#[test]
fn what_cannot_be_resumed_is_refused() {
    let bytes = state(7).to_bytes().unwrap();
    assert_eq!(
        Checkpoint::<f32>::from_bytes(&bytes).unwrap_err().message(),
        "the checkpoint is of a run in f64, and this one is in f32"
    );
    // A later version may have a checksum of another kind, or none.
    let at = bytes.windows(15).position(|found| found == b"nn checkpoint 1").unwrap();
    let mut later = bytes.clone();
    later[at + 14] = b'2';
    assert_eq!(
        Checkpoint::<f64>::from_bytes(&later).unwrap_err().message(),
        "the checkpoint has version 2, which is newer: this reads version 1"
    );
    let weights = nn::weights::to_bytes(&network(1)).unwrap();
    assert_eq!(
        Checkpoint::<f64>::from_bytes(&weights).unwrap_err().message(),
        "the file is no checkpoint: `Checkpoint::save` has not written it"
    );
    let path = folder("refused").join("missing");
    let error = Checkpoint::<f64>::load(&path).unwrap_err();
    assert!(error.to_string().contains("tests/files/resumed.rs"), "{error}");
}

/// Numbers that JSON does not know: a metric that is not a number, and a measure that was never small.
#[test]
fn every_number_is_kept() {
    let data = crate::support::data();
    let mut plateau = nn::OnPlateau::new("odd", 0.5, 100);
    let mut stop = crate::support::StopAt(3);
    let trainer = Trainer::new(Adam::new(0.1)).batch_size(5).metric("odd", |_, _| Ok(f64::NAN));
    let trainer = trainer.seed(u64::MAX).observe(&mut plateau).observe(&mut stop);
    let state = trainer.fit(&mut network(1), loss::softmax_cross_entropy, &data).unwrap();
    let again = Checkpoint::<f64>::from_bytes(&state.to_bytes().unwrap()).unwrap();
    assert_eq!(again.observers(), state.observers());
    assert_eq!(again.observers()[0].number("least").unwrap(), f64::INFINITY);
    assert_eq!(again.to_bytes().unwrap(), state.to_bytes().unwrap());
}
