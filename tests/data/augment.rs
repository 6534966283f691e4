//! Augmented images, against changes written out, and a training that is resumed in the middle of them.

use autodiff::Result;
use ndarray::{Array2, ArrayD, Axis, array, s};
use nn::{
    Adam, Augment, Checkpoint, Dataset, Dense, Dropout, Init, Observer, Random, Sequential, StepResult, Trainer,
    Training, loss,
};
use proptest::prelude::*;
use std::ops::ControlFlow;

const H: usize = 5;
const W: usize = 4;

fn image() -> Array2<f64> {
    Array2::from_shape_fn((H, W), |(i, j)| (1 + W * i + j) as f64)
}

/// `image` changed `times` times.
fn changed(augment: Augment, times: usize, seed: u64) -> Vec<Array2<f64>> {
    let images = image().insert_axis(Axis(0)).broadcast((times, H, W)).unwrap().to_owned();
    let data = Dataset::labelled(images, vec![0; times]).unwrap();
    let new = augment.apply(&data, &mut Random::new(seed)).unwrap();
    assert_eq!(new.labels().unwrap(), data.labels().unwrap());
    let new = new.features().unwrap().clone().into_dimensionality::<ndarray::Ix3>().unwrap();
    new.outer_iter().map(|image| image.to_owned()).collect()
}

/// `image` shifted with zeros.
fn shifted(down: isize, right: isize) -> Array2<f64> {
    Array2::from_shape_fn((H, W), |(i, j)| {
        let (i, j) = (i as isize - down, j as isize - right);
        let inside = (0..H as isize).contains(&i) && (0..W as isize).contains(&j);
        if inside { image()[[i as usize, j as usize]] } else { 0.0 }
    })
}

#[test]
fn mirrored_images_keep_their_numbers() {
    let mirrored = image().slice(s![.., ..;-1]).to_owned();
    assert!(changed(Augment::new(H, W).flip(1.0), 5, 1).iter().all(|new| *new == mirrored));
    assert!(changed(Augment::new(H, W), 5, 1).iter().all(|new| *new == image()));
    let half = changed(Augment::new(H, W).flip(0.5), 400, 1);
    assert!(half.iter().all(|new| *new == mirrored || *new == image()));
    let count = half.iter().filter(|new| **new == mirrored).count();
    // Four deviations of the binomial distribution.
    assert!((160..=240).contains(&count), "{count}");
}

#[test]
fn every_shift_comes_and_keeps_its_numbers() {
    let all: Vec<(isize, isize)> = (-1..=1).flat_map(|i| (-1..=1).map(move |j| (i, j))).collect();
    let new = changed(Augment::new(H, W).shift(1), 300, 2);
    for (down, right) in &all {
        assert!(new.contains(&shifted(*down, *right)), "{down} {right}");
    }
    assert!(new.iter().all(|new| all.iter().any(|(down, right)| *new == shifted(*down, *right))));
}

/// Of a plane, linear interpolation is exact: what is read at a turned place is the plane there.
#[test]
fn turning_moves_a_plane_by_the_angle() {
    let side = 9;
    let plane = |y: f64, x: f64| 2.0 * y - 3.0 * x + 50.0;
    let image = Array2::from_shape_fn((side, side), |(i, j)| plane(i as f64 - 4.0, j as f64 - 4.0));
    let data = Dataset::labelled(image.insert_axis(Axis(0)), vec![0]).unwrap();
    let mut angles = Vec::new();
    for seed in 0..50 {
        let new = Augment::new(side, side).rotate(30.0).apply(&data, &mut Random::new(seed)).unwrap();
        let new = new.features().unwrap().clone();
        let at = |y: i32, x: i32| new[[0, (y + 4) as usize, (x + 4) as usize]];
        // The slopes tell the angle: (2, −3) turned.
        let (down, right) = ((at(2, 0) - at(-2, 0)) / 4.0, (at(0, 2) - at(0, -2)) / 4.0);
        assert!((down.hypot(right) - 13f64.sqrt()).abs() < 1e-9);
        let angle = (-3f64).atan2(2.0) - right.atan2(down);
        angles.push(angle.to_degrees());
        for (y, x) in [(1, 1), (-2, 1), (2, 2)] {
            assert!((at(y, x) - (down * f64::from(y) + right * f64::from(x) + 50.0)).abs() < 1e-9);
        }
    }
    assert!(angles.iter().all(|angle| angle.abs() <= 30.0));
    assert!(angles.iter().any(|angle| *angle > 15.0) && angles.iter().any(|angle| *angle < -15.0));
}

#[test]
fn what_is_cut_out_lies_inside_and_fills_the_image() {
    for new in changed(Augment::new(H, W).crop(0.5), 200, 3) {
        assert!(new.iter().all(|x| (1.0 - 1e-9..=20.0 + 1e-9).contains(x)), "{new}");
        // The plane of the numbers, by steps between a half and the whole.
        let step = new[[0, 1]] - new[[0, 0]];
        assert!((0.5 - 1e-9..=1.0 + 1e-9).contains(&step), "{step}");
    }
}

#[test]
fn noise_is_added_to_every_pixel() {
    let new = changed(Augment::new(H, W).noise(0.1), 500, 4);
    let errors: Vec<f64> = new.iter().flat_map(|new| (new - &image()).into_iter().collect::<Vec<_>>()).collect();
    let deviation = (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt();
    assert!((deviation - 0.1).abs() < 0.003 && errors.iter().all(|e| *e != 0.0), "{deviation}");
}

#[test]
fn the_background_is_outside_and_channels_change_alike() {
    let new = changed(Augment::new(H, W).shift(1).background(-7.0), 50, 2);
    assert!(new.iter().any(|new| new[[0, 0]] == -7.0));
    let channels: ArrayD<f64> = ndarray::stack![Axis(0), image(), image() * 2.0].insert_axis(Axis(0)).into_dyn();
    let flat = channels.clone().into_shape_with_order(vec![1, 2 * H * W]).unwrap();
    let all = Augment::new(H, W).flip(0.5).shift(1).rotate(20.0).crop(0.7);
    let change = |x: ArrayD<f64>| {
        let data = Dataset::labelled(x, vec![0]).unwrap();
        all.apply(&data, &mut Random::new(5)).unwrap().features().unwrap().clone()
    };
    let new = change(channels);
    assert_eq!(new.slice(s![0, 0, .., ..]).mapv(|x| 2.0 * x), new.slice(s![0, 1, .., ..]));
    assert_eq!(change(flat).into_shape_with_order(vec![1, 2, H, W]).unwrap(), new);
}

#[test]
fn what_does_not_fit_is_refused() {
    let data = Dataset::<f64>::labelled(array![[1.0, 2.0, 3.0]], vec![0]).unwrap();
    let apply = |augment: Augment| augment.apply(&data, &mut Random::new(0)).unwrap_err();
    assert_eq!(apply(Augment::new(2, 2)).message(), "x has shape [1, 3], and no images of 2×2 pixels");
    assert!(apply(Augment::new(0, 2)).to_string().contains("augment.rs"));
    for wrong in [
        Augment::new(1, 3).flip(1.5),
        Augment::new(1, 3).crop(0.0),
        Augment::new(1, 3).noise(-1.0),
        Augment::new(1, 3).rotate(f64::NAN),
    ] {
        assert!(wrong.apply(&data, &mut Random::new(0)).is_err(), "{wrong:?}");
    }
}

fn network() -> Sequential<f64> {
    let random = &mut Random::new(1);
    Sequential::new().then(Dense::new(H * W, 6, Init::He, random)).then(Dropout { keep_prob: 0.8 }).then(Dense::new(
        6,
        2,
        Init::He,
        random,
    ))
}

/// Stops after a step, and notes the losses.
struct StopAt(u64, Vec<u64>);

impl Observer<f64> for StopAt {
    fn on_step(&mut self, result: &StepResult<'_, f64>, training: &Training<'_, f64>) -> ControlFlow<()> {
        self.1.push(result.loss.to_bits());
        if training.position().step == self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn run(from: Option<&Checkpoint<f64>>, seen: &mut StopAt) -> Checkpoint<f64> {
    let images = Array2::from_shape_fn((13, H * W), |(i, j)| ((i * 31 + j * 17) % 7) as f64 / 7.0);
    let data = Dataset::labelled(images, (0..13).map(|i| i % 2).collect::<Vec<_>>()).unwrap();
    let augment = Augment::new(H, W).flip(0.5).shift(1).rotate(15.0).crop(0.8).noise(0.1);
    let mut trainer = Trainer::new(Adam::new(0.05)).epochs(3).batch_size(4).seed(3);
    if let Some(checkpoint) = from {
        trainer = trainer.resume(checkpoint);
    }
    trainer
        .augment(move |batch, random| augment.apply(batch, random))
        .observe(seen)
        .fit(&mut network(), loss::softmax_cross_entropy, &data)
        .unwrap()
}

#[test]
fn a_training_resumed_among_augmented_batches_is_the_one_that_never_stopped() {
    let mut whole = StopAt(0, Vec::new());
    let end = run(None, &mut whole);
    assert_eq!(whole.1.len(), 12);
    for step in 1..12 {
        let (mut first, mut second) = (StopAt(step, Vec::new()), StopAt(0, Vec::new()));
        let checkpoint = run(None, &mut first);
        assert!(run(Some(&checkpoint), &mut second) == end, "stopped after step {step}");
        assert_eq!([first.1, second.1].concat(), whole.1, "stopped after step {step}");
    }
}

#[test]
fn an_error_of_the_change_names_the_batch() {
    let data = Dataset::labelled(Array2::<f64>::zeros((5, 3)), vec![0; 5]).unwrap();
    let mut model = Dense::new(3, 2, Init::He, &mut Random::new(0));
    let change =
        |batch: &Dataset<f64>, random: &mut Random| -> Result<Dataset<f64>> { Augment::new(2, 2).apply(batch, random) };
    let error = Trainer::new(Adam::new(0.1)).augment(change).fit(&mut model, loss::softmax_cross_entropy, &data);
    let error = error.unwrap_err();
    assert_eq!(error.operands(), ["in epoch 1, batch 1"]);
    assert!(error.to_string().contains("augment.rs"), "{error}");
}

proptest! {
    #[test]
    fn the_seed_decides(seed: u64) {
        let all = Augment::new(H, W).flip(0.5).shift(2).rotate(40.0).crop(0.6).noise(0.2);
        prop_assert_eq!(changed(all, 3, seed), changed(all, 3, seed));
        prop_assert_ne!(changed(all, 3, seed), changed(all, 3, seed ^ 1));
    }
}
