//! Synthetic data sets: two features and a class, or a curve.

use super::Dataset;
use crate::error::mismatch;
use crate::random::Random;
use autodiff::{Real, Result};
use ndarray::Array2;
use std::f64::consts::PI;

/// Two half circles that reach into each other, `examples` points in all, with normal noise of standard deviation
/// `noise` on both coordinates. Class 0 is (cos t, sin t), class 1 is (1 − cos t, ½ − sin t), 0 ≤ t ≤ π: no straight
/// line divides them.
///
/// ```
/// let data = nn::synthetic::moons::<f64>(100, 0.1, 7)?;
/// assert_eq!((data.len(), data.features()?.shape()), (100, &[100, 2][..]));
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) for noise that is negative or not finite.
#[track_caller]
pub fn moons<F: Real>(examples: usize, noise: f64, seed: u64) -> Result<Dataset<F>> {
    points(examples, 2, noise, seed, |class, share, _| {
        let t = PI * share;
        if class == 0 { (t.cos(), t.sin()) } else { (1.0 - t.cos(), 0.5 - t.sin()) }
    })
}

/// A spiral with `classes` arms, one for each class; each turns once around the centre on its way out to radius 1.
///
/// # Errors
/// As [`moons`], and for no classes.
#[track_caller]
pub fn spirals<F: Real>(examples: usize, classes: usize, noise: f64, seed: u64) -> Result<Dataset<F>> {
    points(examples, classes, noise, seed, |class, share, _| {
        let angle = 2.0 * PI * (share + class as f64 / classes as f64);
        // Not from the middle, where all arms meet.
        let radius = 0.1 + 0.9 * share;
        (radius * angle.cos(), radius * angle.sin())
    })
}

/// `classes` normal distributions of standard deviation `noise` around points drawn uniformly from \[−1, 1\]².
///
/// # Errors
/// As [`moons`], and for no classes.
#[track_caller]
pub fn blobs<F: Real>(examples: usize, classes: usize, noise: f64, seed: u64) -> Result<Dataset<F>> {
    points(examples, classes, noise, seed, |_, _, middle| middle)
}

/// sin x with normal noise of standard deviation `noise`, at `examples` values of x drawn uniformly from \[−π, π\]:
/// features \[examples, 1\], targets \[examples, 1\].
///
/// # Errors
/// As [`moons`].
#[track_caller]
pub fn noisy_sine<F: Real>(examples: usize, noise: f64, seed: u64) -> Result<Dataset<F>> {
    check(1, noise)?;
    let random = &mut Random::new(seed);
    let xs: Vec<f64> = (0..examples).map(|_| PI * (2.0 * random.uniform() - 1.0)).collect();
    let ys: Vec<F> = xs.iter().map(|x| F::of(x.sin() + noise * random.normal())).collect();
    let column = |numbers: Vec<F>| ndarray::Array1::from(numbers).insert_axis(ndarray::Axis(1));
    Dataset::valued(column(xs.into_iter().map(F::of).collect()), column(ys))
}

/// Points whose classes take turns: `place` of the class, of how far along it the point lies in [0, 1], and of a point
/// that was drawn for the class.
#[track_caller]
fn points<F: Real>(
    examples: usize,
    classes: usize,
    noise: f64,
    seed: u64,
    place: impl Fn(usize, f64, (f64, f64)) -> (f64, f64),
) -> Result<Dataset<F>> {
    check(classes, noise)?;
    let random = &mut Random::new(seed);
    let middles: Vec<(f64, f64)> =
        (0..classes).map(|_| (2.0 * random.uniform() - 1.0, 2.0 * random.uniform() - 1.0)).collect();
    let (mut features, mut labels) = (Vec::with_capacity(2 * examples), Vec::with_capacity(examples));
    for i in 0..examples {
        let class = i % classes;
        let middle = middles.get(class).copied().unwrap_or_default();
        let (x, y) = place(class, random.uniform(), middle);
        features.extend([F::of(x + noise * random.normal()), F::of(y + noise * random.normal())]);
        labels.push(class);
    }
    match Array2::from_shape_vec((examples, 2), features) {
        Ok(features) => Dataset::labelled(features, labels),
        Err(why) => Err(mismatch("synthetic", why.to_string())),
    }
}

#[track_caller]
fn check(classes: usize, noise: f64) -> Result<()> {
    match (classes, noise >= 0.0 && noise.is_finite()) {
        (0, _) => Err(mismatch("synthetic", "there are no classes")),
        (_, false) => Err(mismatch("synthetic", format!("the noise has the deviation {noise}"))),
        _ => Ok(()),
    }
}
