//! One comparison: what was compared, where, and how it ended.

use crate::base::error::Place;
use std::fmt;

/// What a derivative was compared with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Method {
    /// An element of the reverse derivative rF(ζ) with finite differences.
    Reverse,
    /// An element of the differential dF(e), e the unit vector of one element, with finite differences.
    Forward,
    /// A custom rule with the reverse derivative of the composition it stands for.
    Rule,
    /// An element of the reverse derivative in single precision with that in double precision.
    Single,
    /// ⟨rF(ζ), ξ⟩ with the finite difference of ⟨ζ, F⟩ along ξ.
    Directional,
    /// ⟨rF(ζ), ξ⟩ with ⟨ζ, dF(ξ)⟩.
    Adjoint,
    /// The rate at which the remainder of ⟨ζ, F(x + hξ)⟩ falls with h: 2 for a right gradient, 1 for a wrong one.
    Taylor,
}

impl Method {
    /// Whether it compares an element with something that is not the other rule.
    pub(super) fn is_elementwise(self) -> bool {
        matches!(self, Method::Reverse | Method::Forward | Method::Rule | Method::Single)
    }

    /// What the seed is, and what is made of it.
    fn seed(self) -> &'static str {
        match self {
            Method::Reverse | Method::Rule | Method::Single => {
                "ζ, random weights of the results: the numbers are derivatives of Σ ζ·F"
            }
            Method::Forward => "1 at this element and 0 elsewhere: the numbers are derivatives of one result",
            Method::Directional | Method::Taylor => "ξ, a random direction in which all elements move at once",
            Method::Adjoint => {
                "ξ, a random direction: ⟨rF(ζ), ξ⟩ = ⟨ζ, dF(ξ)⟩ holds for any if the two rules fit each other"
            }
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::Reverse => "reverse derivative against finite differences",
            Method::Forward => "differential against finite differences",
            Method::Rule => "custom rule against the composed one",
            Method::Single => "reverse derivative in single precision against double precision",
            Method::Directional => "reverse derivative along a direction against finite differences",
            Method::Adjoint => "adjoint identity of reverse derivative and differential",
            Method::Taylor => "Taylor remainder, which should fall as h²",
        })
    }
}

/// Where a comparison was made.
#[derive(Clone, PartialEq, Debug)]
pub struct Spot {
    /// 1 for the function, 2 for its reverse derivative taken as a function.
    pub order: usize,
    /// What was differentiated: `F` at order 1, at order 2 its reverse derivative `rF` or its differential `dF`.
    pub of: String,
    /// What was compared.
    pub method: Method,
    /// The primitive with its attributes, or what the user calls the whole.
    pub operation: String,
    /// The line it was recorded at, where known.
    pub place: Option<Place>,
    /// The operand the derivative is with respect to: its name or its role. Empty where all operands move.
    pub operand: String,
    /// The element of the operand.
    pub element: Vec<usize>,
    /// The value of that element; NaN where all elements move, or none.
    pub at: f64,
    /// The seed ζ or ξ of the derivative, by elements, the first of them.
    pub seed: Vec<f64>,
}

/// What the name of a seed begins with that is an operand, as it is from order 2 on.
pub(super) const SEED_NAME: &str = "seed ";

/// How many elements of a seed are kept.
pub(super) const SEED: usize = 8;

impl Spot {
    /// `weights[0, 1] = 0.5`.
    pub(super) fn point(&self) -> String {
        let index = if self.element.is_empty() { String::new() } else { format!("{:?}", self.element) };
        match (self.operand.as_str(), self.at.is_nan() && self.element.is_empty()) {
            ("", _) => "all elements at once".to_owned(),
            (operand, true) => operand.to_owned(),
            (operand, false) => format!("{operand}{index} = {:?}", self.at),
        }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if let Some(place) = &self.place {
            write!(f, "{}", place.suffix())?;
        }
        write!(f, "\n  at {}\n  order {}, {}", self.point(), self.order, self.method)?;
        if self.order > 1 {
            write!(f, ", of {} as a function", self.of)?;
        }
        if self.seed.is_empty() {
            return Ok(());
        }
        let shown = self.seed.iter().map(|x| format!("{x:?}")).collect::<Vec<_>>().join(", ");
        let more = if self.seed.len() < SEED { "" } else { ", …" };
        write!(f, "\n  seed [{shown}{more}], {}", self.method.seed())
    }
}

/// Two numbers that should agree and do not.
#[derive(Clone, PartialEq, Debug)]
pub struct Failure {
    /// Where.
    pub spot: Spot,
    /// What the rule answers.
    pub analytic: f64,
    /// What it should be, by finite differences or by the other side of the identity.
    pub numeric: f64,
    /// How far they may be apart.
    pub tolerance: f64,
}

impl Failure {
    /// |a − n|/(|a| + |n|), between 0 and 1.
    pub fn relative_error(&self) -> f64 {
        let Failure { analytic, numeric, .. } = self;
        let ratio = (analytic - numeric).abs() / (analytic.abs() + numeric.abs());
        if ratio.is_nan() { 1.0 } else { ratio }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { spot, analytic, numeric, tolerance } = self;
        write!(f, "wrong derivative: {spot}")?;
        if spot.method == Method::Taylor {
            return write!(
                f,
                "\n  the remainder falls as h^{analytic:.2}, where that of a right gradient falls as h^2"
            );
        }
        let (rule, other) = match spot.method {
            Method::Adjoint => ("reverse ", "forward "),
            Method::Single => ("single  ", "double  "),
            Method::Rule => ("rule    ", "composed"),
            _ => ("analytic", "numeric "),
        };
        write!(f, "\n  {rule} {analytic:?}\n  {other} {numeric:?}\n  apart    {:.1e}", (analytic - numeric).abs())?;
        write!(f, ", allowed {tolerance:.1e}; relative error {:.1e}", self.relative_error())
    }
}

/// Why a comparison could not be made.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The slopes to both sides differ: there is no derivative to compare with, only a convention.
    Kink,
    /// The function is not finite around the point.
    NotFinite,
    /// In the derivative a zero met a factor that is not finite, and won, by convention: see
    /// [`Program::strong_zeros`](crate::Program::strong_zeros).
    StrongZero,
    /// Finite differences contradict one another: the function turns, or bends, within the shortest step that stands clear
    /// of rounding.
    Inaccurate,
    /// What the derivative is compared with resolves only so many decimal digits of it; with 0 digits it is nothing but
    /// rounding.
    Digits(u32),
    /// So many decimal digits are what single precision leaves of the derivative, by the rounding of its operations.
    SingleDigits(u32),
    /// There is no derivative: the operation refuses, or cuts it off on purpose. The message of the error.
    Refused(String),
    /// A `stop_gradient` in the body of a loop or of a custom rule is not held still while differences are taken.
    NotHeld,
    /// There is no array of reals to differentiate with respect to, or it is empty.
    Nothing,
    /// The closure reads values, so that what it records at one point is not what it computes at another.
    ReadsValues,
}

impl Reason {
    /// What lets a comparison be made.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Reason::Kink => {
                "check at inputs away from the kink: `Domain::between(low, high).at_least(1e-3)` keeps off 0"
            }
            Reason::NotFinite | Reason::StrongZero => {
                "check at inputs for which the function is finite: `Domain::between(low, high)`"
            }
            Reason::Inaccurate | Reason::Digits(_) | Reason::SingleDigits(_) => {
                "check at inputs of moderate size, such as `Domain::between(-3.0, 3.0).at_least(1e-3)`"
            }
            Reason::Refused(_) => "check a function in which each operation has a derivative",
            Reason::NotHeld => "move the `stop_gradient` out of the loop or the custom rule",
            Reason::Nothing => "let the result depend on the arrays that the closure is given",
            Reason::ReadsValues => "compute with the vars themselves, and choose with `select` instead of `if`",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Kink => f.write_str("a kink within the step"),
            Reason::NotFinite => f.write_str("the function is not finite around the point"),
            Reason::StrongZero => f.write_str(
                "in the derivative a zero met a factor that is not finite (`Program::strong_zeros` says where)",
            ),
            Reason::Inaccurate => f.write_str("finite differences contradict one another at every step"),
            Reason::Digits(0) => f.write_str("what it was compared with is nothing but rounding"),
            Reason::Digits(digits) => {
                write!(f, "what it was compared with resolves only {digits} of its decimal digits")
            }
            Reason::SingleDigits(0) => f.write_str("in single precision the derivative is nothing but rounding"),
            Reason::SingleDigits(digits) => {
                write!(f, "single precision leaves about {digits} digits of the derivative")
            }
            Reason::Refused(why) => write!(f, "no derivative: {why}"),
            Reason::NotHeld => {
                f.write_str("a `stop_gradient` inside a loop or a custom rule moves with the differences")
            }
            Reason::Nothing => f.write_str("nothing to differentiate with respect to"),
            Reason::ReadsValues => {
                f.write_str("the closure reads values, and records another computation at another point")
            }
        }
    }
}

/// A comparison that could not be made.
#[derive(Clone, PartialEq, Debug)]
pub struct Unchecked {
    /// Where.
    pub spot: Spot,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Unchecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unchecked, {}: {}", self.reason, self.spot)
    }
}
