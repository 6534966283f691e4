//! Data augmentation: images that are changed at random, so that a model sees a different one in every epoch.

use super::{Column, Dataset, FEATURES};
use crate::error::mismatch;
use crate::random::Random;
use autodiff::{Real, Result, kernels};
use ndarray::ArrayD;

/// Data augmentation: images are rotated, shifted, cropped, flipped at random, and noise is added. Every batch of the
/// training is changed anew each time it is used; batches of evaluation are not changed.
///
/// The features are images of `height` times `width` pixels, flat (\[examples, pixels\]) or with axes of their own
/// (\[examples, …, height, width\]), in which all channels of an image are changed alike. A pixel of the new image is
/// read from the place in the old one that it comes from, by linear interpolation between four pixels; outside the
/// image lies the background. Flips and shifts by whole pixels copy the numbers exactly.
///
/// ```
/// use nn::{Augment, Dataset, Random};
/// let data = Dataset::<f64>::labelled([[1.0, 2.0, 3.0, 4.0]], vec![0])?;
/// let mirrored = Augment::new(2, 2).flip(1.0).apply(&data, &mut Random::new(0))?;
/// assert_eq!(mirrored.features()?, &ndarray::array![[2.0, 1.0, 4.0, 3.0]].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// For a training it is given to [`Trainer::augment`](crate::Trainer::augment).
///
/// Source: Matt R, *Neural Networks* (March 2022), §5.2; for noise, Bishop, "Training with Noise is Equivalent to
/// Tikhonov Regularization" (1995).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Augment {
    height: usize,
    width: usize,
    flip: f64,
    shift: usize,
    rotate: f64,
    crop: f64,
    noise: f64,
    background: f64,
}

impl Augment {
    /// For images of `height` times `width` pixels; the other methods add changes.
    pub const fn new(height: usize, width: usize) -> Self {
        Augment { height, width, flip: 0.0, shift: 0, rotate: 0.0, crop: 1.0, noise: 0.0, background: 0.0 }
    }

    /// Each image is flipped left to right with this probability.
    pub const fn flip(self, probability: f64) -> Self {
        Augment { flip: probability, ..self }
    }

    /// Each image is shifted by a whole number of pixels, from −`pixels` to `pixels`, along both axes.
    pub const fn shift(self, pixels: usize) -> Self {
        Augment { shift: pixels, ..self }
    }

    /// Each image is rotated about its centre by an angle from −`degrees` to `degrees`.
    pub const fn rotate(self, degrees: f64) -> Self {
        Augment { rotate: degrees, ..self }
    }

    /// Each image is cropped at a random place, and the crop is enlarged to the size of the image: its sides are
    /// `least` to 1 times those of the image.
    pub const fn crop(self, least: f64) -> Self {
        Augment { crop: least, ..self }
    }

    /// Normal noise of this standard deviation is added to each pixel.
    pub const fn noise(self, deviation: f64) -> Self {
        Augment { noise: deviation, ..self }
    }

    /// The number outside of the image; 0 by default.
    pub const fn background(self, number: f64) -> Self {
        Augment { background: number, ..self }
    }

    /// The data set with each image in the column `x` changed; the random numbers are drawn from `random`.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if there is no such column of numbers, it holds no images
    /// of this size, or a setting makes no sense.
    #[track_caller]
    pub fn apply<F: Real>(&self, data: &Dataset<F>, random: &mut Random) -> Result<Dataset<F>> {
        self.check()?;
        let features = data.features()?;
        let shape = features.shape();
        let pixels = self.height * self.width;
        let flat = shape.len() == 2 && shape.last().is_some_and(|length| length.is_multiple_of(pixels));
        if pixels == 0 || !(flat || (shape.len() > 2 && shape.ends_with(&[self.height, self.width]))) {
            let message = format!("x has shape {shape:?}, and no images of {}×{} pixels", self.height, self.width);
            let help = "`Augment::new(height, width)` takes [examples, height·width] or [examples, …, height, width]";
            return Err(mismatch("augment", message).with_help(help));
        }
        let of_one = shape.iter().skip(1).product::<usize>();
        let old: Vec<F> = features.iter().copied().collect();
        let mut new = Vec::with_capacity(old.len());
        for image in old.chunks(of_one.max(1)) {
            let change = self.draw(random);
            for channel in image.chunks(pixels) {
                (0..pixels).for_each(|at| new.push(self.read(channel, change.source(self, at))));
            }
        }
        if self.noise > 0.0 {
            let mut noise = vec![0.0; new.len()];
            kernels::normal(random.key(), 0, &mut noise);
            new.iter_mut()
                .zip(noise)
                .for_each(|(pixel, noise): (&mut F, f64)| *pixel = *pixel + F::of(self.noise * noise));
        }
        match ArrayD::from_shape_vec(shape.to_vec(), new) {
            Ok(array) => data.replaced(FEATURES, Column::Real(array)),
            Err(why) => Err(mismatch("augment", why.to_string())),
        }
    }

    #[track_caller]
    fn check(&self) -> Result<()> {
        let complaint = match () {
            () if !(0.0..=1.0).contains(&self.flip) => format!("the probability to mirror is {}", self.flip),
            () if !self.rotate.is_finite() => format!("the largest angle is {}", self.rotate),
            () if !(self.crop > 0.0 && self.crop <= 1.0) => {
                format!("the least side of what is cut out is {}", self.crop)
            }
            () if !(self.noise >= 0.0 && self.noise.is_finite()) => {
                format!("the deviation of the noise is {}", self.noise)
            }
            () => return Ok(()),
        };
        let help = "`flip(0.5)`, `rotate(10.0)`, `crop(0.8)` and `noise(0.05)` make sense";
        Err(mismatch("augment", complaint).with_help(help))
    }

    /// One change. The same numbers are drawn whatever the settings, so one setting does not change what another one
    /// does.
    fn draw(&self, random: &mut Random) -> Change {
        let mirrored = random.uniform() < self.flip;
        let choices = (2 * self.shift + 1) as f64;
        let mut shift = || (random.uniform() * choices).floor().min(choices - 1.0) - self.shift as f64;
        let (down, right) = (shift(), shift());
        let angle = (2.0 * random.uniform() - 1.0) * self.rotate.to_radians();
        let side = 1.0 - random.uniform() * (1.0 - self.crop);
        let mut place = |length: usize| (random.uniform() - 0.5) * (1.0 - side) * (length as f64 - 1.0);
        let (y, x) = (place(self.height), place(self.width));
        Change { mirrored, sin: angle.sin(), cos: angle.cos(), side, move_by: (y - down, x - right) }
    }

    /// The number at a place between pixels.
    fn read<F: Real>(&self, image: &[F], (row, column): (f64, f64)) -> F {
        let pixel = |row: f64, column: f64| {
            let inside = row >= 0.0 && column >= 0.0 && row < self.height as f64 && column < self.width as f64;
            let at = row as usize * self.width + column as usize;
            image.get(at).copied().filter(|_| inside).unwrap_or(F::of(self.background))
        };
        let (top, left) = (row.floor(), column.floor());
        let mix = |a: F, b: F, share: f64| if share == 0.0 { a } else { a + (b - a) * F::of(share) };
        let across = |row: f64| mix(pixel(row, left), pixel(row, left + 1.0), column - left);
        if row == top { across(top) } else { mix(across(top), across(top + 1.0), row - top) }
    }
}

/// Where the pixels of a new image are in the old one.
struct Change {
    mirrored: bool,
    sin: f64,
    cos: f64,
    side: f64,
    move_by: (f64, f64),
}

impl Change {
    /// The place, row and column, that pixel `at` comes from.
    fn source(&self, image: &Augment, at: usize) -> (f64, f64) {
        let middle = |length: usize| (length as f64 - 1.0) / 2.0;
        let (y, x) =
            ((at / image.width) as f64 - middle(image.height), (at % image.width) as f64 - middle(image.width));
        let x = if self.mirrored { -x } else { x };
        let (y, x) = (self.side * (self.cos * y - self.sin * x), self.side * (self.sin * y + self.cos * x));
        (y + self.move_by.0 + middle(image.height), x + self.move_by.1 + middle(image.width))
    }
}
