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
}

/// A real number of the machine: `f32` or `f64`. The trait is sealed.
///
/// Elementary functions (`exp`, `tanh`, `cosh`, …) come from [`num_traits::Float`], a supertrait, so the kernel of a
/// primitive is written once for both.
pub trait Real:
    sealed::Sealed + Elementary + Float + ndarray::LinalgScalar + Default + Debug + Display + LowerExp + Send + Sync
{
    /// `"f32"` or `"f64"`, as print-outs show it.
    const NAME: &'static str;

    /// The nearest number of this type.
    fn of(x: f64) -> Self;

    /// The number nearest to a decimal; `None` if `text` is none.
    fn read(text: &str) -> Option<Self>;

    /// The same number in double precision (exact).
    fn double(self) -> f64;
}

macro_rules! real {
    ($type:ident) => {
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
    };
}

real!(f32);
real!(f64);
