//! Verdicts: what was compared, what failed, and what could not be checked.

use super::judge::Outcome;
use super::run::Run;
use super::spot::{Failure, Method, Reason, SEED_NAME, Spot, Unchecked};
use crate::base::error::{Error, ErrorKind};
use crate::inspect::Trace;
use std::collections::BTreeMap;
use std::fmt;

/// The outcome of a check.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Verdict<'a> {
    /// Nothing disagrees, and at each order most of the derivative could be compared with something that is not a rule.
    Pass,
    /// Something disagrees; the first.
    Fail(&'a Failure),
    /// Nothing disagrees, but at some order most of the derivative could be compared with nothing, for this reason.
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
    passed: usize,
    failures: Vec<Failure>,
    unchecked: Vec<Unchecked>,
    /// How many comparisons with something that is not a rule agree, and how many could not be made.
    tallies: BTreeMap<Evidence, [usize; 2]>,
    /// ‖F − ∇f‖, ‖F‖ and ‖∇f‖ of the elements compared at order 1: see [`Report::relative_error`].
    norms: [f64; 3],
    /// The elements of the operands at order 1: how many were looked at, of how many.
    elements: [usize; 2],
    /// What was checked, if something failed.
    pub(super) run: Option<Run>,
}

/// What comparisons are counted together: those of one function that was differentiated, and those of the other precision.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Evidence {
    order: usize,
    of: String,
    single: bool,
}

impl Evidence {
    fn of(spot: &Spot) -> Self {
        Evidence { order: spot.order, of: spot.of.clone(), single: spot.method == Method::Single }
    }
}

impl Report {
    /// The outcome in a word.
    pub fn verdict(&self) -> Verdict<'_> {
        if let Some(failure) = self.failures.first() {
            return Verdict::Fail(failure);
        }
        // A rule whose own derivative is refused may have a wrong one.
        let refused =
            |unchecked: &&Unchecked| unchecked.spot.order > 1 && matches!(unchecked.reason, Reason::Refused(_));
        if let Some(unchecked) = self.unchecked.iter().find(refused) {
            return Verdict::Unchecked(&unchecked.reason);
        }
        for (evidence, [agree, open]) in &self.tallies {
            if agree < open {
                let of_it = self.unchecked.iter().filter(|unchecked| Evidence::of(&unchecked.spot) == *evidence);
                let reasons = counted(of_it.map(|unchecked| &unchecked.reason));
                if let Some((reason, _)) = reasons.into_iter().max_by_key(|(_, count)| *count) {
                    return Verdict::Unchecked(reason);
                }
            }
        }
        match self.unchecked.first() {
            Some(unchecked) if self.tallies.is_empty() => Verdict::Unchecked(&unchecked.reason),
            None if self.tallies.is_empty() => Verdict::Unchecked(&Reason::Nothing),
            _ => Verdict::Pass,
        }
    }

    /// The run that was checked, if a comparison failed: forwards, and back from ones if there is one output. `None` for
    /// the check of a primitive or of a custom rule, which has no one run.
    ///
    /// The crate `stepper` shows it, event by event: `stepper::open(&report)`, `stepper::save(&report, path)`.
    ///
    /// ```
    /// use autodiff::{Tape, check::Check};
    /// # use autodiff::Input;
    /// # let tape = Tape::<f64>::new();
    /// # let x = tape.input([1.0, 2.0]);
    /// # let program = tape.program(&[x.tanh()])?;
    /// let report = Check::new().program(&program, &[Input::real([1.0, 2.0])])?;
    /// assert!(report.failures().is_empty() && report.trace().is_none());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn trace(&self) -> Option<&Trace<f64>> {
        self.run.as_ref().map(Run::trace)
    }

    /// The report if nothing failed, and as an error if something did.
    ///
    /// # Errors
    /// The report itself, which prints the failures.
    pub fn ok(self) -> Result<Report, Box<Report>> {
        if self.failures.is_empty() { Ok(self) } else { Err(Box::new(self)) }
    }

    /// An error of a check in which not one slope of the function agrees with a finite difference, although none fails: which
    /// elements were looked at, why each stays open, and what would help.
    pub(super) fn nothing_compared(&self) -> Option<Error> {
        let agrees = |(evidence, [agree, _]): (&Evidence, &[usize; 2])| evidence.order == 1 && *agree > 0;
        if !self.failures.is_empty() || self.tallies.iter().any(agrees) {
            return None;
        }
        let first_order = || self.unchecked.iter().filter(|unchecked| unchecked.spot.order == 1);
        let mut reasons = counted(first_order().map(|unchecked| &unchecked.reason));
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let message = "not one derivative could be compared with a finite difference, so nothing was checked";
        let mut error = Error::new(ErrorKind::Unchecked, "check", message);
        for (reason, _) in reasons.iter().take(SHOWN) {
            let because = first_order().filter(|unchecked| unchecked.reason == **reason).map(|it| &it.spot);
            let points: Vec<String> = counted(because.map(Spot::point)).into_iter().map(|(point, _)| point).collect();
            let more = if points.len() > SHOWN { format!(" and {} more", points.len() - SHOWN) } else { String::new() };
            let shown = points.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
            error = error.with_operand(format!("at {shown}{more}: {reason}"));
        }
        let most = reasons.first().map_or(&Reason::Nothing, |(reason, _)| *reason);
        Some(error.with_help(most.remedy()))
    }

    /// How many comparisons agree.
    pub fn passed(&self) -> usize {
        self.passed
    }

    /// The comparisons that do not agree, in the order of the program. One wrong rule fails several: `Display` shows it
    /// once.
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

    /// How many elements of the operands were looked at one by one, and how many there are: fewer where an operand has more
    /// than [`Check::elements`](super::Check::elements), or the program is so large that [`Check::work`](super::Check::work)
    /// allows fewer.
    pub fn sampled(&self) -> (usize, usize) {
        let [looked_at, all] = self.elements;
        (looked_at, all)
    }

    /// ‖F − ∇f‖₂/(‖F‖₂ + ‖∇f‖₂) over the elements that were compared at order 1: ∇f what the rules answer, F what it was
    /// compared with. Where they agree and something else fails, it is the largest relative error of that.
    ///
    /// Source: Matt R, *Neural Networks* lecture notes (March 2022), §6.1.
    pub fn relative_error(&self) -> f64 {
        let [apart, numeric, analytic] = self.norms;
        if !self.failures.iter().any(|failure| is_measured(&failure.spot)) {
            let others = self.failures.iter().filter(|failure| failure.spot.method != Method::Taylor);
            if let Some(largest) = others.map(Failure::relative_error).reduce(f64::max) {
                return largest;
            }
        }
        match apart / (numeric + analytic) {
            _ if apart == 0.0 => 0.0,
            // A derivative that is not finite has nothing to do with one that is.
            ratio if ratio.is_nan() => 1.0,
            ratio => ratio,
        }
    }

    /// A report that compared nothing, and says why.
    pub(super) fn unchecked_because(reason: Reason) -> Self {
        let spot = Spot {
            order: 1,
            of: "F".to_owned(),
            method: Method::Reverse,
            operation: "the function".to_owned(),
            place: None,
            operand: String::new(),
            element: Vec::new(),
            at: f64::NAN,
            seed: Vec::new(),
        };
        Report { unchecked: vec![Unchecked { spot, reason }], ..Report::default() }
    }

    /// Enters the outcome of comparing an analytic number with another.
    pub(super) fn enter(&mut self, outcome: Outcome, [analytic, numeric]: [f64; 2], spot: impl FnOnce() -> Spot) {
        if outcome == Outcome::Independent {
            return;
        }
        let spot = spot();
        // Beside an exact 0 any rounding is a relative error of 1.
        let agrees = outcome == Outcome::Pass && analytic != 0.0;
        if (agrees || matches!(outcome, Outcome::Fail(_))) && is_measured(&spot) {
            let terms = [numeric - analytic, numeric, analytic];
            self.norms.iter_mut().zip(terms).for_each(|(norm, term)| *norm = norm.hypot(term));
        }
        // At further orders what is differentiated is linear in the seed: that its slope is right by that one says nothing new.
        let by_seed = spot.order > 1 && spot.operand.starts_with(SEED_NAME);
        let counts = spot.method.is_elementwise() && !by_seed;
        if counts || (spot.method == Method::Directional && spot.order == 1) {
            let [agree, open] = self.tallies.entry(Evidence::of(&spot)).or_default();
            *agree += usize::from(outcome == Outcome::Pass);
            *open += usize::from(matches!(outcome, Outcome::Unchecked(_)));
        }
        match outcome {
            Outcome::Pass | Outcome::Independent => self.passed += 1,
            Outcome::Unchecked(reason) => self.unchecked.push(Unchecked { spot, reason }),
            Outcome::Fail(tolerance) => self.failures.push(Failure { spot, analytic, numeric, tolerance }),
        }
    }

    /// Notes that so many elements of an operand were looked at, of so many.
    pub(super) fn looked_at(&mut self, elements: usize, of: usize) {
        let [looked_at, all] = &mut self.elements;
        (*looked_at, *all) = (*looked_at + elements, *all + of);
    }

    pub(super) fn join(&mut self, other: Report) {
        self.passed += other.passed;
        self.failures.extend(other.failures);
        self.unchecked.extend(other.unchecked);
        for (evidence, counts) in other.tallies {
            let own = self.tallies.entry(evidence).or_default();
            own.iter_mut().zip(counts).for_each(|(own, other)| *own += other);
        }
        self.norms.iter_mut().zip(other.norms).for_each(|(norm, other)| *norm = norm.hypot(other));
        self.elements.iter_mut().zip(other.elements).for_each(|(own, other)| *own += other);
    }

    /// Lets every failure point at a place.
    pub(super) fn blame(&mut self, blamed: &Spot) {
        for Failure { spot, .. } in &mut self.failures {
            spot.operation = blamed.operation.clone();
            spot.place = blamed.place.clone();
        }
    }
}

/// Whether it is an element of the derivative itself that was compared.
fn is_measured(spot: &Spot) -> bool {
    spot.order == 1 && spot.method.is_elementwise()
}

/// Each of some things with how often it comes, in the order of first appearance.
fn counted<T: PartialEq>(things: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut counts: Vec<(T, usize)> = Vec::new();
    for thing in things {
        match counts.iter_mut().find(|(other, _)| *other == thing) {
            Some((_, count)) => *count += 1,
            None => counts.push((thing, 1)),
        }
    }
    counts
}

/// How many findings are printed.
const SHOWN: usize = 5;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} comparisons agree, {} fail", self.passed, self.failures.len())?;
        write!(f, ", {} unchecked; relative error {:.1e}", self.unchecked.len(), self.relative_error())?;
        let (looked_at, all) = self.sampled();
        if looked_at < all {
            write!(f, "; {looked_at} of {all} elements were looked at, chosen at random")?;
        }
        let same = |a: &Failure, b: &Failure| a.spot.operation == b.spot.operation && a.spot.place == b.spot.place;
        let mut findings: Vec<&Failure> = Vec::new();
        for failure in &self.failures {
            // One wrong rule fails by every method and at every order: what it is a finding about is an operand.
            let known = |finding: &&&Failure| {
                let other = failure.spot.operand != finding.spot.operand;
                same(finding, failure) && !(other && failure.spot.order == 1 && failure.spot.method.is_elementwise())
            };
            if !findings.iter().any(|finding| known(&finding)) {
                findings.push(failure);
            }
        }
        for (i, finding) in findings.iter().take(SHOWN).enumerate() {
            write!(f, "\n{finding}")?;
            let first = !findings.iter().take(i).any(|earlier| same(earlier, finding));
            let others = self.failures.iter().filter(|other| same(other, finding) && !std::ptr::eq(*other, *finding));
            let others = counted(others.map(|other| (other.spot.order, other.spot.method)));
            if first && !others.is_empty() {
                let list: Vec<String> = others
                    .into_iter()
                    .map(|((order, method), count)| format!("{count}× order {order}, {method}"))
                    .collect();
                write!(f, "\n  also fail {}", list.join("; "))?;
            }
        }
        if findings.len() > SHOWN {
            write!(f, "\nand {} more findings", findings.len() - SHOWN)?;
        }
        let reasons = counted(self.unchecked.iter().map(|unchecked| &unchecked.reason));
        reasons.iter().try_for_each(|(reason, count)| write!(f, "\nunchecked {count}×: {reason}"))?;
        match &self.run {
            Some(_) => {
                f.write_str("\nthis report holds the trace of the run: `stepper::save(&report, path)` writes it")
            }
            None => Ok(()),
        }
    }
}

impl std::error::Error for Report {}
