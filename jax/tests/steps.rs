//! Training steps in folders: what is written, what is read back, and what is refused.

use autodiff::{Error, ErrorKind};
use autodiff_jax::{export, load, save_columns};
use ndarray::Array2;
use nn::{Activation, Adam, Dataset, Dense, Init, Random, Sequential, Sgd, Step, loss, weights};
use std::fs;
use std::path::PathBuf;

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("autodiff-jax-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn model(seed: u64) -> Sequential<f32> {
    let random = &mut Random::new(seed);
    Sequential::new().then(Dense::new(3, 4, Init::He, random)).then(Activation::Relu).then(Dense::new(
        4,
        2,
        Init::He,
        random,
    ))
}

fn batch() -> Dataset<f32> {
    let x = Array2::from_shape_fn((4, 3), |(i, j)| (i as f32 - 1.5) * (j as f32 + 0.5));
    Dataset::labelled(x, vec![0, 1, 1, 0]).unwrap()
}

#[test]
fn what_is_exported_is_read_back() {
    let folder = folder("back");
    let (mut trained, mut made) = (model(1), Step::new(Adam::new(0.01), loss::softmax_cross_entropy));
    for key in 0..3 {
        made.run(&mut trained, &batch(), key).unwrap();
    }
    export(&folder, &made, &trained, &batch(), 64).unwrap();
    let (mut other, mut step) = (model(2), Step::new(Adam::new(0.01), loss::softmax_cross_entropy));
    load(&folder, &mut other, &mut step).unwrap();
    assert_eq!(weights::to_bytes(&other).unwrap(), weights::to_bytes(&trained).unwrap());
    assert_eq!(step.state().step(), 3);
    for (path, name, array) in made.state().arrays() {
        assert_eq!(step.state().get(path, name), Some(array), "{name} of {path}");
    }
    // And goes on as if nothing had happened.
    let (a, b) = (made.run(&mut trained, &batch(), 7).unwrap().loss, step.run(&mut other, &batch(), 7).unwrap().loss);
    assert_eq!(a.to_bits(), b.to_bits());

    let module = fs::read_to_string(folder.join("step.py")).unwrap();
    assert!(module.contains("(\"x\", \"real\", (64, 3)),"), "the batch is the global one");
    assert!(module.contains("(\"state\", \"optimizer/") && module.contains("FIRST = 4"), "{module}");
    assert!(module.contains("(\"column\", \"targets\"),"));
    let driver = fs::read_to_string(folder.join("train.py")).unwrap();
    assert!(driver.contains("--coordinator"));
    save_columns(folder.join("data.safetensors"), &batch()).unwrap();
    assert!(fs::metadata(folder.join("data.safetensors")).unwrap().len() > 4 * 3 * 4 + 4 * 8);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_schedule_is_written_where_it_changes() {
    let folder = folder("schedule");
    let constant = Step::new(Sgd::new(0.25), loss::softmax_cross_entropy);
    export(&folder, &constant, &model(1), &batch(), 4).unwrap();
    let rates =
        |module: &str| module.split("SCHEDULE = [\n").nth(1).unwrap().split(']').next().unwrap().lines().count();
    assert_eq!(rates(&fs::read_to_string(folder.join("step.py")).unwrap()), 1);
    let falling = Step::new(
        nn::Scheduled::new(nn::schedule::by_step(nn::schedule::inverse_time(0.01)), Sgd::new(0.25)),
        loss::softmax_cross_entropy,
    );
    export(&folder, &falling, &model(1), &batch(), 4).unwrap();
    assert_eq!(rates(&fs::read_to_string(folder.join("step.py")).unwrap()), 10_000);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let folder = folder("refused");
    let step = Step::new(Sgd::new(0.25), loss::softmax_cross_entropy);
    let error = export(&folder, &step, &model(1), &batch(), 0).unwrap_err();
    assert_eq!(error.message(), "the column `x` of a batch of 4 examples cannot be made one of 0");
    assert!(!folder.exists());

    export(&folder, &step, &model(1), &batch(), 8).unwrap();
    let random = &mut Random::new(5);
    let mut wider = Sequential::<f32>::new().then(Dense::new(3, 5, Init::He, random));
    let before = weights::to_bytes(&wider).unwrap();
    let mut own = Step::<f32, _, _>::new(Sgd::new(0.25), loss::softmax_cross_entropy::<f32>);
    let error = load(&folder, &mut wider, &mut own).unwrap_err();
    let named = |error: &Error| error.to_string();
    assert!(named(&error).contains("0.weight") && named(&error).contains("state.safetensors"), "{error}");
    assert_eq!(weights::to_bytes(&wider).unwrap(), before);

    let error = load(folder.join("nowhere"), &mut model(1), &mut own).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
    fs::write(folder.join("state.safetensors"), weights::to_bytes(&model(1)).unwrap()).unwrap();
    let error = load(&folder, &mut model(1), &mut own).unwrap_err();
    assert!(error.message().contains("its format is"), "{error}");
    fs::remove_dir_all(&folder).unwrap();
}
