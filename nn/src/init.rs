//! How weights start.

use crate::error::error;
use crate::random::Random;
use autodiff::{ErrorKind, Real, Result, Shape, kernels};
use ndarray::ArrayD;

/// The distribution that the weights of a layer with m inputs and n outputs are drawn from.
///
/// ```
/// use nn::{Init, Random};
/// let weights = Init::Xavier.draw::<f64>([20, 10], 20, 10, &mut Random::new(0))?;
/// assert!(weights.iter().all(|w| w.abs() <= (6.0f64 / 30.0).sqrt()));
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
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
    /// An array for a layer with `inputs` (m) and `outputs` (n), drawn with the next key of `random`. It is drawn in double
    /// precision and rounded, so an f32 and an f64 model of one seed start alike.
    ///
    /// # Errors
    /// [`ErrorKind::Resources`] if there is no memory for an array of this shape.
    pub fn draw<F: Real>(
        self,
        shape: impl Into<Shape>,
        inputs: usize,
        outputs: usize,
        random: &mut Random,
    ) -> Result<ArrayD<F>> {
        let (m, n) = (inputs.max(1) as f64, outputs as f64);
        let mut array = filled::<f64>(shape, 0.0)?;
        let numbers = array.as_slice_mut().unwrap_or(&mut []);
        let scale = match self {
            Init::Zeros => 0.0,
            Init::SmallNormal => 0.01,
            Init::He => (2.0 / m).sqrt(),
            Init::Xavier => (6.0 / (m + n)).sqrt(),
            Init::LeCun => (1.0 / m).sqrt(),
        };
        match self {
            Init::Zeros => {}
            Init::Xavier => {
                kernels::uniform(random.key(), 0, numbers);
                numbers.iter_mut().for_each(|x| *x = 2.0 * *x - 1.0);
            }
            Init::SmallNormal | Init::He | Init::LeCun => kernels::normal(random.key(), 0, numbers),
        }
        let mut rounded = filled(array.shape().to_vec(), F::zero())?;
        rounded.zip_mut_with(&array, |to, x| *to = F::of(scale * x));
        Ok(rounded)
    }
}

/// An array with one number in every place, or an error where there is no memory for it.
pub(crate) fn filled<F: Real>(shape: impl Into<Shape>, number: F) -> Result<ArrayD<F>> {
    let shape = shape.into();
    let too_large = || error(ErrorKind::Resources, "init", format!("no memory for an array of shape {shape}"));
    let bytes = shape.iter().try_fold(size_of::<F>(), |bytes, length| bytes.checked_mul((*length).max(1)));
    let mut numbers = Vec::new();
    bytes.filter(|bytes| isize::try_from(*bytes).is_ok()).ok_or_else(too_large)?;
    numbers.try_reserve_exact(shape.size()).map_err(|_| too_large())?;
    numbers.resize(shape.size(), number);
    ArrayD::from_shape_vec(shape.to_vec(), numbers).map_err(|_| too_large())
}
