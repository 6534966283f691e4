//! The error function and its complement. In double precision they are those of the crate `libm`; those in single precision
//! have no branch, so that loops over them become vector code.

pub(super) mod f64 {
    #[inline(always)]
    pub(in crate::base) fn erf(x: f64) -> f64 {
        libm::erf(x)
    }

    #[inline(always)]
    pub(in crate::base) fn erfc(x: f64) -> f64 {
        libm::erfc(x)
    }
}

pub(super) mod f32 {
    use crate::base::elementary::{Elementary, polynomial};
    use crate::base::real::FUSED;

    /// erfc(x)·exp(x²)/t for x ≥ 0 as a polynomial in 2t − 1, t = 2/(2 + x): the least relative error (Remez exchange in 50
    /// digits), 2.2·10⁻⁸, for x up to 10.5, where erfc is below the subnormal numbers of single precision.
    /// The last digits of the third and the fourth are such that erfc 0 is 1.
    const SCALED: [f32; 10] = [
        0.510_791_36,
        0.343_580_45,
        0.139_735_7,
        0.018_217_86,
        -0.010_750_554,
        -0.003_217_321,
        0.001_518_336,
        0.000_363_973_38,
        -0.000_260_929_8,
        0.000_021_120_073,
    ];

    /// erf(x)/x − 1 for |x| ≤ 1 as a polynomial in x², fitted likewise, to 1.2·10⁻⁹.
    const NEAR: [f32; 7] = [
        0.128_379_17,
        -0.376_126_26,
        0.112_835_854,
        -0.026_853_813,
        0.005_188_327_7,
        -0.000_801_019_37,
        0.000_078_538_61,
    ];

    /// erfc x for x ≥ 0; a NaN passes the comparison.
    #[inline(always)]
    fn complement(x: f32) -> f32 {
        let x = if x > 10.5 { 10.5 } else { x };
        let t = 2.0 / (2.0 + x);
        let v = t.mul_add(2.0, -1.0);
        let square = x * x;
        // The rounding error of x² is made good, which would grow with x².
        let power = (-square).exponential();
        let power = power.mul_add(-x.mul_add(x, -square), power);
        t * polynomial(v, SCALED) * power
    }

    #[inline(always)]
    pub(in crate::base) fn erf(x: f32) -> f32 {
        if !FUSED {
            return libm::erff(x);
        }
        let rest = 1.0 - complement(x.abs());
        let near = x.mul_add(polynomial(x * x, NEAR), x);
        if x.abs() < 1.0 { near } else { rest.copysign(x) }
    }

    #[inline(always)]
    pub(in crate::base) fn erfc(x: f32) -> f32 {
        if !FUSED {
            return libm::erfcf(x);
        }
        let y = complement(x.abs());
        if x < 0.0 { 2.0 - y } else { y }
    }
}
