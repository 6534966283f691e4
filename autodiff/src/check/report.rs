//! Verdicts: what was compared, what failed, and what could not be checked.

use crate::base::error::Place;
use std::fmt;

/// What a derivative was compared with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Method {
    /// An element of the reverse derivative rF(ζ) with finite differences.
    Reverse,
    /// An element of the differential dF(ξ) with finite differences.
    Forward,
    /// ⟨rF(ζ), ξ⟩ with ⟨ζ, dF(ξ)⟩.
    Adjoint,
    /// ⟨rF(ζ), ξ⟩ with the finite difference of ⟨ζ, F⟩ along ξ.
    Directional,
    /// The rate at which the remainder of ⟨ζ, F(x + hξ)⟩ falls with h: 2 for a right gradient, 1 for a wrong one.
    Taylor,
    /// A custom rule with the reverse derivative of the composition it stands for.
    Rule,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::Reverse => "reverse derivative against finite differences",
            Method::Forward => "differential against finite differences",
            Method::Adjoint => "adjoint identity ⟨rF(ζ), ξ⟩ = ⟨ζ, dF(ξ)⟩",
            Method::Directional => "reverse derivative along a direction against finite differences",
            Method::Taylor => "Taylor remainder, which should fall as h²",
            Method::Rule => "custom rule against the composed one",
        })
    }
}

/// Where a comparison was made.
#[derive(Clone, PartialEq, Debug)]
pub struct Spot {
    /// 1 for the function, 2 for its reverse derivative taken as a function.
    pub order: usize,
    /// What was compared.
    pub method: Method,
    /// The primitive with its attributes, or what the user calls the whole.
    pub operation: String,
    /// The line it was recorded at, where known.
    pub place: Option<Place>,
    /// The operand the derivative is with respect to: its name or its role.
    pub operand: String,
    /// The element of the operand.
    pub element: Vec<usize>,
    /// The seed ζ or ξ of the derivative, by elements; long ones are cut.
    pub seed: Vec<f64>,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if let Some(place) = &self.place {
            write!(f, " at {place}")?;
        }
        write!(f, "\n  order {}, {}", self.order, self.method)?;
        write!(f, "\n  operand {}", self.operand)?;
        if !self.element.is_empty() {
            write!(f, ", element {:?}", self.element)?;
        }
        let shown = self.seed.iter().take(8).map(|x| format!("{x:?}")).collect::<Vec<_>>().join(", ");
        let more = if self.seed.len() > 8 { ", …" } else { "" };
        write!(f, "\n  seed [{shown}{more}]")
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

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { spot, analytic, numeric, tolerance } = self;
        write!(f, "wrong derivative: {spot}\n  analytic {analytic:?}\n  numeric  {numeric:?}")?;
        write!(f, "\n  apart    {:e}, allowed {tolerance:e}", (analytic - numeric).abs())
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
    /// The finite difference is not accurate enough to tell.
    Inaccurate,
    /// There is no derivative: the operation refuses, or cuts it off on purpose. The message of the error.
    Refused(String),
    /// There is no array of reals to differentiate with respect to, or it is empty.
    Nothing,
    /// The closure reads values, so that what it records at one point is not what it computes at another.
    ReadsValues,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Kink => f.write_str("a kink within the step"),
            Reason::NotFinite => f.write_str("the function is not finite around the point"),
            Reason::StrongZero => f.write_str(
                "in the derivative a zero met a factor that is not finite (`Program::strong_zeros` says where)",
            ),
            Reason::Inaccurate => f.write_str("the finite difference is too inaccurate"),
            Reason::Refused(why) => write!(f, "no derivative: {why}"),
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

/// The outcome of a check.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Verdict<'a> {
    /// Everything that could be compared agrees, and the derivative could be, not only one rule with another.
    Pass,
    /// Something disagrees; the first.
    Fail(&'a Failure),
    /// The derivative could be compared with nothing, for this reason.
    Unchecked(&'a Reason),
}

impl fmt::Display for Verdict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Pass => f.write_str("pass"),
            Verdict::Fail(failure) => write!(f, "fail: {failure}"),
            Verdict::Unchecked(reason) => write!(f, "unchecked: {reason}"),
        }
    }
}

/// All comparisons of a check. `Display` prints the verdict and what stands behind it.
#[derive(Clone, PartialEq, Debug, Default)]
#[must_use]
pub struct Report {
    pub(crate) passed: usize,
    /// How many of those compare the derivative itself, at order 1, with something that is not a rule.
    pub(crate) measured: usize,
    pub(crate) failures: Vec<Failure>,
    pub(crate) unchecked: Vec<Unchecked>,
    /// ‖F − ∇f‖, ‖F‖ and ‖∇f‖ of the elementwise comparisons of order 1: see [`Report::relative_error`].
    pub(crate) norms: [f64; 3],
}

impl Report {
    /// The outcome in a word.
    pub fn verdict(&self) -> Verdict<'_> {
        match (self.failures.first(), self.unchecked.first()) {
            (Some(failure), _) => Verdict::Fail(failure),
            (None, Some(unchecked)) if self.measured == 0 => Verdict::Unchecked(&unchecked.reason),
            (None, None) if self.measured == 0 => Verdict::Unchecked(&Reason::Nothing),
            (None, _) => Verdict::Pass,
        }
    }

    /// The report if nothing failed, and as an error if something did.
    ///
    /// # Errors
    /// The report itself, which prints the failures.
    pub fn ok(self) -> Result<Report, Box<Report>> {
        if self.failures.is_empty() { Ok(self) } else { Err(Box::new(self)) }
    }

    /// How many comparisons agree.
    pub fn passed(&self) -> usize {
        self.passed
    }

    /// The comparisons that do not agree, in the order of the program: the first is the first wrong operation.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// The comparisons that could not be made.
    pub fn unchecked(&self) -> &[Unchecked] {
        &self.unchecked
    }

    /// The share of comparisons that could not be made, between 0 and 1.
    pub fn unchecked_share(&self) -> f64 {
        let all = self.passed + self.failures.len() + self.unchecked.len();
        if all == 0 { 0.0 } else { self.unchecked.len() as f64 / all as f64 }
    }

    /// ‖F − ∇f‖₂/(‖F‖₂ + ‖∇f‖₂) over the elements whose reverse derivative ∇f was compared with finite differences F, or
    /// with the derivative F of the composition that a custom rule replaces.
    ///
    /// Source: Matt R, *Neural Networks* lecture notes (March 2022), §6.1.
    pub fn relative_error(&self) -> f64 {
        let [apart, numeric, analytic] = self.norms;
        if apart == 0.0 { 0.0 } else { apart / (numeric + analytic) }
    }

    /// A report that compared nothing, and says why.
    pub(crate) fn unchecked_because(reason: Reason) -> Self {
        let spot = Spot {
            order: 1,
            method: Method::Reverse,
            operation: "the function".to_owned(),
            place: None,
            operand: "all".to_owned(),
            element: Vec::new(),
            seed: Vec::new(),
        };
        Report { unchecked: vec![Unchecked { spot, reason }], ..Report::default() }
    }

    /// Takes an element of the reverse derivative into the [relative error](Self::relative_error).
    pub(crate) fn measure(&mut self, numeric: f64, analytic: f64) {
        let terms = [numeric - analytic, numeric, analytic];
        self.norms.iter_mut().zip(terms).for_each(|(norm, term)| *norm = norm.hypot(term));
    }

    pub(crate) fn join(&mut self, other: Report) {
        self.passed += other.passed;
        self.measured += other.measured;
        self.failures.extend(other.failures);
        self.unchecked.extend(other.unchecked);
        self.norms.iter_mut().zip(other.norms).for_each(|(norm, other)| *norm = norm.hypot(other));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} comparisons agree, {} fail", self.passed, self.failures.len())?;
        write!(f, ", {} unchecked; relative error {:.1e}", self.unchecked.len(), self.relative_error())?;
        for failure in self.failures.iter().take(5) {
            write!(f, "\n{failure}")?;
        }
        let mut reasons: Vec<(&Reason, usize)> = Vec::new();
        for unchecked in &self.unchecked {
            match reasons.iter_mut().find(|(reason, _)| **reason == unchecked.reason) {
                Some((_, count)) => *count += 1,
                None => reasons.push((&unchecked.reason, 1)),
            }
        }
        reasons.iter().try_for_each(|(reason, count)| write!(f, "\nunchecked {count}×: {reason}"))
    }
}

impl std::error::Error for Report {}
