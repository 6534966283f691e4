//! The operators `+ − * /`, for vars, references to vars, and numbers on either side.

use crate::base::real::Real;
use crate::tape::var::{Var, VarOrNumber};

macro_rules! operators {
    ($($operator:ident $method:ident, $assign:ident $assign_method:ident, $formula:literal;)*) => {$(
        impl<'t, F: Real, T: VarOrNumber<'t, F>> std::ops::$operator<T> for Var<'t, F> {
            type Output = Var<'t, F>;

            #[doc = concat!("`", $formula, "`, element by element, broadcasting as NumPy does.")]
            #[track_caller]
            fn $method(self, other: T) -> Var<'t, F> {
                self.broadcasting(&super::$method::$operator, other.on(self))
            }
        }

        impl<'t, F: Real, T: VarOrNumber<'t, F>> std::ops::$operator<T> for &Var<'t, F> {
            type Output = Var<'t, F>;

            #[track_caller]
            fn $method(self, other: T) -> Var<'t, F> {
                std::ops::$operator::$method(*self, other)
            }
        }

        impl<'t, F: Real, T: VarOrNumber<'t, F>> std::ops::$assign<T> for Var<'t, F> {
            /// The handle becomes that of the result; what was recorded stays.
            #[track_caller]
            fn $assign_method(&mut self, other: T) {
                *self = std::ops::$operator::$method(*self, other);
            }
        }

        operators!($operator $method f64);
        operators!($operator $method i32);
    )*};
    // A number on the left.
    ($operator:ident $method:ident $number:ty) => {
        impl<'t, F: Real> std::ops::$operator<Var<'t, F>> for $number {
            type Output = Var<'t, F>;

            #[track_caller]
            fn $method(self, x: Var<'t, F>) -> Var<'t, F> {
                self.on(x).broadcasting(&super::$method::$operator, x)
            }
        }

        impl<'t, F: Real> std::ops::$operator<&Var<'t, F>> for $number {
            type Output = Var<'t, F>;

            #[track_caller]
            fn $method(self, x: &Var<'t, F>) -> Var<'t, F> {
                std::ops::$operator::$method(self, *x)
            }
        }
    };
}

operators! {
    Add add, AddAssign add_assign, "a + b";
    Sub sub, SubAssign sub_assign, "a − b";
    Mul mul, MulAssign mul_assign, "a·b";
    Div div, DivAssign div_assign, "a/b";
}

impl<'t, F: Real> std::ops::Neg for Var<'t, F> {
    type Output = Var<'t, F>;

    /// `−x`, element by element.
    #[track_caller]
    fn neg(self) -> Var<'t, F> {
        self.apply(&super::neg::Neg)
    }
}

impl<'t, F: Real> std::ops::Neg for &Var<'t, F> {
    type Output = Var<'t, F>;

    #[track_caller]
    fn neg(self) -> Var<'t, F> {
        -*self
    }
}
