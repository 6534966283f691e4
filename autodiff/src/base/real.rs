//! The number types a tape can hold.

use crate::base::elementary::Elementary;
use num_traits::Float;
use std::fmt::{Debug, Display, LowerExp};

/// Whether multiply-adds are fused by hardware, on all or nearly all machines of this architecture.
pub(crate) const FUSED: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for usize {}
}

/// An element of an array that a tape takes: `f32` or `f64` (a [`Real`]), or `usize`, an index. The trait is sealed.
pub trait Element: sealed::Sealed + Copy + Debug + Send + Sync + 'static {}

impl Element for f32 {}
impl Element for f64 {}
impl Element for usize {}

/// A real number of the machine: `f32` or `f64`. The trait is sealed.
///
/// Elementary functions (`exp`, `tanh`, `cosh`, …) come from [`num_traits::Float`], a supertrait, so the kernel of a
/// primitive is written once for both.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a real number of a tape",
    note = "reals are `f64` or `f32`: write `1.0`, not `1`; an array of indices is `tape.index(array)`"
)]
pub trait Real: Element + Elementary + Chosen + Float + ndarray::LinalgScalar + Default + Display + LowerExp {
    /// `"f32"` or `"f64"`, as print-outs show it.
    const NAME: &'static str;

    /// The nearest number of this type.
    fn of(x: f64) -> Self;

    /// The number nearest to a decimal; `None` if `text` is not a decimal.
    fn read(text: &str) -> Option<Self>;

    /// The same number in double precision (exact).
    fn double(self) -> f64;
}

/// The nearest number of `F`; an error with what is wrong, if that would make an infinity or a 0 of a number that is neither.
/// One rule for constants in text, in programs that are cast, and in expressions.
#[inline]
pub(crate) fn held<F: Real>(number: f64) -> Result<F, String> {
    let nearest = F::of(number);
    let (large, small) = (number.is_finite() && nearest.is_infinite(), number != 0.0 && nearest == F::zero());
    if large || small { Err(not_held::<F>(number, large)) } else { Ok(nearest) }
}

#[cold]
fn not_held<F: Real>(number: f64, large: bool) -> String {
    let number = format_args!("{number:e}");
    if large { format!("{number} is larger than any {}", F::NAME) } else { too_small::<F>(number) }
}

/// Of a number that would become 0.
pub(crate) fn too_small<F: Real>(number: impl Display) -> String {
    format!("{number} is smaller than any {} but 0", F::NAME)
}

/// One of the two types. Other crates cannot name the trait.
pub trait Chosen: Sized {
    /// Of what there is for both types, that for this one.
    fn choose<T: ForBoth>() -> T::Of<Self>;
}

/// Something that is made for each of the two types on its own, such as a function that names vectors of the machine:
/// code that is generic over [`Real`] reaches it by [`Chosen::choose`].
pub trait ForBoth {
    /// What it is for one type.
    type Of<F>;
    /// What it is for `f32`.
    fn single() -> Self::Of<f32>;
    /// What it is for `f64`.
    fn double() -> Self::Of<f64>;
}

macro_rules! real {
    ($type:ident, $choice:ident) => {
        impl Real for $type {
            const NAME: &'static str = stringify!($type);
            fn of(x: f64) -> Self {
                x as $type
            }
            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
            fn double(self) -> f64 {
                f64::from(self)
            }
        }

        impl Chosen for $type {
            #[inline]
            fn choose<T: ForBoth>() -> T::Of<Self> {
                T::$choice()
            }
        }
    };
}

real!(f32, single);
real!(f64, double);
