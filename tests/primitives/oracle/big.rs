//! Numbers of many digits, with the functions that the oracle is written with.

use astro_float_num::{BigFloat, Consts, RoundingMode, Sign};
use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// Bits of precision: 1 + x keeps 100 bits of the smallest normal x of double precision.
const BITS: usize = 1152;
const ROUND: RoundingMode = RoundingMode::None;

thread_local! {
    static CONSTANTS: RefCell<Consts> = RefCell::new(Consts::new().expect("there is memory"));
}

#[derive(Clone, Debug)]
pub struct Big(BigFloat);

macro_rules! functions {
    ($($name:ident)*) => {$(
        pub fn $name(&self) -> Big {
            CONSTANTS.with(|constants| Big(self.0.$name(BITS, ROUND, &mut constants.borrow_mut())))
        }
    )*};
}

impl Big {
    functions! { exp ln log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh }

    pub fn of(x: f64) -> Big {
        Big(BigFloat::from_f64(x, BITS))
    }

    pub fn sqrt(&self) -> Big {
        Big(self.0.sqrt(BITS, ROUND))
    }

    pub fn cbrt(&self) -> Big {
        Big(self.0.cbrt(BITS, ROUND))
    }

    pub fn square(&self) -> Big {
        self * self
    }

    pub fn recip(&self) -> Big {
        &Big::of(1.0) / self
    }

    pub fn pi() -> Big {
        &Big::of(1.0).atan() * &Big::of(4.0)
    }

    /// xⁿ by repeated squaring.
    pub fn whole_power(&self, n: i32) -> Big {
        let power = Big(self.0.powi(n.unsigned_abs() as usize, BITS, ROUND));
        if n < 0 { power.recip() } else { power }
    }

    /// |self|/|other| in double precision; 0 where both are 0.
    pub fn ratio(&self, other: &Big) -> f64 {
        if self.0.is_zero() { 0.0 } else { (self / other).rough().abs() }
    }

    pub fn abs(&self) -> Big {
        if self.is_negative() { -self } else { self.clone() }
    }

    pub fn is_nan(&self) -> bool {
        self.0.is_nan()
    }

    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    pub fn is_negative(&self) -> bool {
        self.0.is_negative()
    }

    /// The exponent e of |x| in [2ᵉ⁻¹, 2ᵉ); `None` where x is 0, infinite or NaN.
    pub fn exponent(&self) -> Option<i32> {
        let finite = !self.0.is_zero() && !self.0.is_nan() && !self.0.is_inf();
        finite.then(|| self.0.exponent().expect("it is finite"))
    }

    /// The number, to some 60 bits.
    pub fn rough(&self) -> f64 {
        let Some((words, _, sign, exponent, _)) = self.0.as_raw_parts() else { return f64::NAN };
        let top = *words.last().expect("it has words") as f64 / 2f64.powi(64);
        let magnitude = top * 2f64.powi(exponent.clamp(-1000, 1000));
        if sign == Sign::Neg { -magnitude } else { magnitude }
    }

    /// 1 − 2/√π·∫₀ˣ exp(−t²) dt by the series Σ 2ⁿx²ⁿ⁺¹/(2n+1)!!·exp(−x²), all of whose terms are of one sign.
    pub fn erfc(&self) -> Big {
        &Big::of(1.0) - &self.erf()
    }

    pub fn erf(&self) -> Big {
        if self.rough().abs() > 27.0 {
            return Big::of(if self.is_negative() { -1.0 } else { 1.0 });
        }
        let square = self.square();
        let (mut term, mut sum) = (self.clone(), self.clone());
        for n in 1.. {
            term = &(&term * &square) * &(&Big::of(2.0) / &Big::of(f64::from(2 * n + 1)));
            sum = &sum + &term;
            if term.exponent().is_none_or(|e| e < sum.exponent().expect("it is not 0") - BITS as i32) {
                break;
            }
        }
        &(&sum * &(-&square).exp()) * &(&Big::of(2.0) / &Big::pi().sqrt())
    }
}

macro_rules! operators {
    ($($operator:ident $method:ident;)*) => {$(
        impl $operator<&Big> for &Big {
            type Output = Big;
            fn $method(self, other: &Big) -> Big {
                Big(self.0.$method(&other.0, BITS, ROUND))
            }
        }
        impl $operator<Big> for Big {
            type Output = Big;
            fn $method(self, other: Big) -> Big {
                $operator::$method(&self, &other)
            }
        }
        impl $operator<f64> for Big {
            type Output = Big;
            fn $method(self, other: f64) -> Big {
                $operator::$method(&self, &Big::of(other))
            }
        }
        impl $operator<Big> for f64 {
            type Output = Big;
            fn $method(self, other: Big) -> Big {
                $operator::$method(&Big::of(self), &other)
            }
        }
    )*};
}

operators! { Add add; Sub sub; Mul mul; Div div; }

impl Neg for &Big {
    type Output = Big;
    fn neg(self) -> Big {
        Big(BigFloat::neg(&self.0))
    }
}

impl Neg for Big {
    type Output = Big;
    fn neg(self) -> Big {
        -&self
    }
}
