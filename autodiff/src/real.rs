//! The number types a tape can hold.

use num_traits::Float;
use std::fmt::{Debug, Display, LowerExp};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A real number of the machine: `f32` or `f64`. The trait is sealed.
///
/// Elementary functions (`exp`, `tanh`, `cosh`, …) come from [`num_traits::Float`], a supertrait, so the kernel of a
/// primitive is written once for both.
pub trait Real: sealed::Sealed + Float + Default + Debug + Display + LowerExp + Send + Sync + 'static {
    /// `"f32"` or `"f64"`, as print-outs show it.
    const NAME: &'static str;

    /// The nearest number of this type.
    fn of(x: f64) -> Self;

    /// The same number in double precision (exact).
    fn double(self) -> f64;

    /// `c = a · b` for row-major `c: [m, n]`; strides of `a: [m, k]` and `b: [k, n]` are `[row, column]`.
    #[doc(hidden)]
    fn gemm(size: [usize; 3], a: (&[Self], [usize; 2]), b: (&[Self], [usize; 2]), c: &mut [Self]);
}

macro_rules! real {
    ($type:ident) => {
        impl Real for $type {
            const NAME: &'static str = stringify!($type);
            fn of(x: f64) -> Self {
                x as $type
            }
            fn double(self) -> f64 {
                f64::from(self)
            }
            fn gemm(size: [usize; 3], a: (&[Self], [usize; 2]), b: (&[Self], [usize; 2]), c: &mut [Self]) {
                crate::kernels::matmul::product(size, a, b, c);
            }
        }
    };
}

real!(f32);
real!(f64);
