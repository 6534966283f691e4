//! Compositions: operations made of primitives. They need no rules, because the tape composes those of their parts.

use crate::base::axis::{Axes, Axis};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::tape::var::{Index, Var};

/// # Statistics, norms, products
impl<'t, F: Real> Var<'t, F> {
    /// x²: exactly `self * self`.
    #[track_caller]
    pub fn square(self) -> Self {
        self * self
    }

    /// The arithmetic mean over `axes`, which are removed: Σ x / n; NaN for no elements.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0, 6.0]);
    /// assert_eq!(x.mean(..).item().unwrap(), 3.0);
    /// ```
    #[track_caller]
    pub fn mean(self, axes: impl Into<Axes>) -> Self {
        let sum = self.sum(axes);
        sum / self.ratio(sum)
    }

    /// As [`mean`](Self::mean), but the axes stay, with length 1.
    #[track_caller]
    pub fn mean_keep(self, axes: impl Into<Axes>) -> Self {
        let sum = self.sum_keep(axes);
        sum / self.ratio(sum)
    }

    /// How many elements of `self` make one of `reduced`.
    fn ratio(self, reduced: Self) -> f64 {
        let size = |x: Self| x.shape().map_or(0, |shape| shape.size());
        match size(reduced) {
            0 => 1.0,
            results => size(self) as f64 / results as f64,
        }
    }

    /// The variance over `axes`, which are removed: the mean of (x − mean x)², the biased estimate (divided by n).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0, 6.0]);
    /// assert!((x.variance(..).item().unwrap() - 14.0 / 3.0).abs() < 1e-15);
    /// ```
    #[doc(alias = "var")]
    #[track_caller]
    pub fn variance(self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into();
        (self - self.mean_keep(axes.clone())).square().mean(axes)
    }

    /// As [`variance`](Self::variance), but the axes stay, with length 1, so that the result broadcasts against `self`.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 3.0], [2.0, 6.0]]);
    /// let scaled = (x - x.mean_keep(-1)) / x.variance_keep(-1).sqrt();
    /// assert_eq!(scaled.value().unwrap(), ndarray::array![[-1.0, 1.0], [-1.0, 1.0]].into_dyn());
    /// ```
    #[track_caller]
    pub fn variance_keep(self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into();
        (self - self.mean_keep(axes.clone())).square().mean_keep(axes)
    }

    /// The standard deviation over `axes`, which are removed: the square root of the [`variance`](Self::variance).
    #[track_caller]
    pub fn std(self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into();
        let norm = (self - self.mean_keep(axes.clone())).norm(axes);
        norm / self.ratio(norm).sqrt()
    }

    /// As [`std`](Self::std), but the axes stay, with length 1.
    #[track_caller]
    pub fn std_keep(self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into();
        let norm = (self - self.mean_keep(axes.clone())).norm_keep(axes);
        norm / self.ratio(norm).sqrt()
    }

    /// The smallest element over `axes`, which are removed; NaN if there is one. Ties share the cotangent equally.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([3.0, 1.0, 2.0]);
    /// assert_eq!(x.min(..).item().unwrap(), 1.0);
    /// ```
    #[track_caller]
    pub fn min(self, axes: impl Into<Axes>) -> Self {
        -(-self).max(axes)
    }

    /// As [`min`](Self::min), but the axes stay, with length 1.
    #[track_caller]
    pub fn min_keep(self, axes: impl Into<Axes>) -> Self {
        -(-self).max_keep(axes)
    }

    /// The product over `axes`, which are removed; 1 for no elements.
    ///
    /// Multiplied in halves, so that the derivative needs no division and is right where elements are 0.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([2.0, 0.0, 5.0]);
    /// let y = x.prod(..);
    /// assert_eq!(y.item().unwrap(), 0.0);
    /// assert_eq!(y.backward().unwrap().get(x).unwrap(), ndarray::array![0.0, 10.0, 0.0].into_dyn());
    /// ```
    #[doc(alias = "product")]
    #[track_caller]
    pub fn prod(self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into();
        self.product(axes.clone(), self.sum(axes))
    }

    /// As [`prod`](Self::prod), but the axes stay, with length 1.
    #[track_caller]
    pub fn prod_keep(self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into();
        self.product(axes.clone(), self.sum_keep(axes))
    }

    /// The product over `axes` in the shape of the sum over them, `reduced`, which has the shape rule that is wanted here, and
    /// its message where the axes do not fit.
    #[track_caller]
    fn product(self, axes: Axes, reduced: Self) -> Self {
        let Ok(shape) = self.shape() else { return self };
        let (Ok(result), Ok(mut axes)) = (reduced.shape(), axes.of("x", &shape)) else { return reduced };
        axes.sort_unstable();
        let kept = (0..shape.rank()).filter(|axis| !axes.contains(axis));
        let order: Vec<usize> = axes.iter().copied().chain(kept).collect();
        let mut length = axes.iter().filter_map(|axis| shape.get(*axis)).product::<usize>();
        let rows: Shape = [length, result.size()].into();
        let mut x = self.permute(order).reshape(rows);
        while length > 1 {
            let half = length / 2;
            let product = x.slice(0, 0..half) * x.slice(0, half..2 * half);
            x = if length % 2 == 1 { self.tape().concat(&[product, x.slice(0, 2 * half..length)], 0) } else { product };
            length = length.div_ceil(2);
        }
        // The sum of no elements is 0, and depends on them as their product does: 0 + 1 is the empty product.
        if length == 0 { reduced + 1.0 } else { x.reshape(result) }
    }

    /// The running products yᵢ = x₀·…·xᵢ along `axis`; the shape stays. NumPy's `cumprod`.
    ///
    /// Multiplied in ⌈log₂ n⌉ steps, after each of which yᵢ is the product of twice as many elements: the derivative needs no
    /// division and is right where elements are 0. The rounding differs from that of one product after the other.
    ///
    /// Source: W. Daniel Hillis, Guy L. Steele, *Data Parallel Algorithms* (Communications of the ACM, December 1986), on
    /// sums of all prefixes.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([2.0, 0.0, 5.0]);
    /// let y = x.cumprod(0);
    /// assert_eq!(y.value().unwrap(), ndarray::array![2.0, 0.0, 0.0].into_dyn());
    /// // y₀ + y₁ + y₂ = x₀ + x₀x₁ + x₀x₁x₂
    /// assert_eq!(y.sum(..).backward().unwrap().get(x).unwrap(), ndarray::array![1.0, 12.0, 0.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn cumprod(self, axis: impl Into<Axis>) -> Self {
        self.running_product(axis.into(), false)
    }

    /// The running products from the last on, yᵢ = xᵢ·…·xₙ₋₁ along `axis`: see [`cumprod`](Self::cumprod).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([2.0, 3.0, 5.0]);
    /// assert_eq!(x.cumprod_reversed(0).value().unwrap(), ndarray::array![30.0, 15.0, 5.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn cumprod_reversed(self, axis: impl Into<Axis>) -> Self {
        self.running_product(axis.into(), true)
    }

    #[track_caller]
    fn running_product(self, axis: Axis, reversed: bool) -> Self {
        let Ok(shape) = self.shape() else { return self };
        let axis = match axis.of("x", &shape) {
            Ok(axis) => axis,
            Err(mismatch) => return self.tape().refuse("cumprod", &[self.into()], mismatch),
        };
        let length = shape.get(axis).copied().unwrap_or(0);
        let (mut y, mut step) = (self, 1);
        while step < length {
            // yᵢ is the product of `step` elements now, or of all there are; those of the two halves are multiplied.
            let product = y.slice(axis, ..length - step) * y.slice(axis, step..);
            y = match reversed {
                false => self.tape().concat(&[y.slice(axis, ..step), product], axis),
                true => self.tape().concat(&[product, y.slice(axis, length - step..)], axis),
            };
            step = step.saturating_mul(2);
        }
        y
    }

    /// x limited to `low ..= high`, element by element; the slope at a limit is ½, as for [`maximum`](Self::maximum).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([-2.0, 0.5, 2.0]);
    /// assert_eq!(x.clamp(-1.0, 1.0).value().unwrap(), ndarray::array![-1.0, 0.5, 1.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn clamp(self, low: f64, high: f64) -> Self {
        self.maximum(low).minimum(high)
    }

    /// The exponential linear unit: x for x ≥ 0, α(eˣ − 1) below. The slope at 0 is 1.
    ///
    /// Source: lecture slides *Neural Networks*, "Nonlinear activation function".
    #[track_caller]
    pub fn elu(self, alpha: f64) -> Self {
        // The exponential of the side that is not taken could overflow, and ∞·0 would spoil the gradient.
        let below = self.minimum(0.0).expm1() * alpha;
        self.ge(0.0).select(self, below)
    }

    /// arctan(x)/π + ½, between 0 and 1: the non-linearity of jkmiller, *Neural Networks* (November 2022), §2. It is computed
    /// as this sum, so where x is large and negative its digits are those of ½; its slope has all.
    #[track_caller]
    pub fn arctan_sigmoid(self) -> Self {
        self.atan() * std::f64::consts::FRAC_1_PI + 0.5
    }

    /// The inner product Σ xᵢyᵢ of two arrays of one shape.
    #[track_caller]
    pub fn dot(self, other: Self) -> Self {
        (self * other).sum(..)
    }
}

impl<'t, F: Real> Index<'t, F> {
    /// One-hot rows: 1 at the index, 0 elsewhere; shape \[…, length\].
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let labels = tape.index(ndarray::array![1, 0]);
    /// assert_eq!(labels.one_hot(2).value().unwrap(), ndarray::array![[0.0, 1.0], [1.0, 0.0]].into_dyn());
    /// ```
    #[track_caller]
    pub fn one_hot(self, length: usize) -> Var<'t, F> {
        let one = self.tape().constant(F::one());
        match self.shape() {
            Ok(shape) => one.broadcast_to(shape).place(self, length),
            Err(_) => one,
        }
    }
}
