//! How weights start.

use crate::random::Random;
use autodiff::{Real, Shape};
use ndarray::ArrayD;

/// The distribution that the weights of a layer with m inputs and n outputs are drawn from.
///
/// ```
/// use nn::{Init, Random};
/// let weights = Init::Xavier.draw::<f64>([20, 10], 20, 10, &mut Random::new(0));
/// assert!(weights.iter().all(|w| w.abs() <= (6.0f64 / 30.0).sqrt()));
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Init {
    /// All zeros: right for biases. A network whose weights all start here does not learn with tanh or ReLU: only the
    /// output bias has a gradient, for ever (Matt R, *Neural Networks*, March 2022, §2.3.1).
    Zeros,
    /// Normal with standard deviation 0.01 (Matt R, *Neural Networks*, March 2022, §2.3.1: `randn · 0.01`).
    SmallNormal,
    /// Normal with variance 2/m, for ReLU (He, Zhang, Ren & Sun, "Delving Deep into Rectifiers", 2015, eq. 10).
    He,
    /// Uniform on ±√(6/(m + n)), of variance 2/(m + n), for tanh and sigmoid (Glorot & Bengio, "Understanding the
    /// difficulty of training deep feedforward neural networks", 2010, eq. 16). Also known by Glorot's first name.
    Xavier,
    /// Normal with variance 1/m (LeCun, Bottou, Orr & Müller, "Efficient BackProp", 1998, eq. 16; E\[W²\] = 1/m in
    /// Matt R, *Neural Networks*, March 2022, §6).
    LeCun,
}

impl Init {
    /// An array for a layer with `inputs` (m) and `outputs` (n). Drawn in double precision and rounded, so an f32 and an
    /// f64 model of one seed start alike.
    pub fn draw<F: Real>(
        self,
        shape: impl Into<Shape>,
        inputs: usize,
        outputs: usize,
        random: &mut Random,
    ) -> ArrayD<F> {
        let (m, n) = (inputs.max(1) as f64, outputs as f64);
        let mut number = || match self {
            Init::Zeros => 0.0,
            Init::SmallNormal => 0.01 * random.normal(),
            Init::He => (2.0 / m).sqrt() * random.normal(),
            Init::Xavier => (6.0 / (m + n)).sqrt() * (2.0 * random.uniform() - 1.0),
            Init::LeCun => (1.0 / m).sqrt() * random.normal(),
        };
        ArrayD::from_shape_simple_fn(shape.into().to_vec(), || F::of(number()))
    }
}
