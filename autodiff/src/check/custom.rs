//! A custom rule against the composition it stands for.

use super::comparison::{choose, unravel};
use super::judge::{Outcome, REACH, digits};
use super::nodes::application;
use super::noise::Noise;
use super::report::Report;
use super::spot::{Method, Reason, SEED, Spot};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::primitive::{Generator, Kernel, PrimitiveRef};
use crate::program::Input;
use crate::tape::Tape;
use crate::tape::node::Op;
use crate::tape::var::Var;
use ndarray::{ArrayD, IxDyn};

/// How many elements of each operand are compared.
const ELEMENTS: usize = 64;

/// Compares a rule given to [`Tape::with_rule`] with the reverse derivative of the composition it replaces, at the
/// operands where `y`, the result of `with_rule`, was recorded.
///
/// They agree to 1e-8 relative in f64 and 1e-4 in f32. Where the composition's own derivative is not finite, or a zero met a
/// factor that is not, or its digits drown in rounding (often the reason to have a rule), it is *unchecked*: check at
/// operands where it is accurate. Of each operand up to 64 elements are compared, chosen at random.
///
/// ```
/// use autodiff::{Tape, check};
/// let tape = Tape::<f64>::new();
/// let x = tape.input([-1.0, 0.5]);
/// let softplus = tape.with_rule(
///     "doc::softplus",
///     &[x],
///     |x| (x[0].exp() + 1.0).log(),
///     |at, dy| at.one(|| dy * at.x(0).sigmoid()),
/// )?;
/// assert_eq!(check::custom_rule(softplus)?.verdict(), check::Verdict::Pass);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Mismatch`] if `y` is not the result of [`Tape::with_rule`]; otherwise as
/// [`check::program`](super::program).
pub fn custom_rule<F: Real>(y: Var<'_, F>) -> Result<Report> {
    y.shape()?;
    let not_custom = || {
        Error::new(ErrorKind::Mismatch, "custom_rule", "this is not the result of `with_rule`")
            .at(y.origin())
            .with_operand(y.tape.describe(y.id, "y"))
    };
    let (primitive, operands) = y.tape.with_node(y.id, |node| match &node.op {
        Op::Apply(primitive) => Ok((primitive.clone(), node.inputs.clone())),
        _ => Err(not_custom()),
    })?;
    let composed = match primitive.bodies() {
        [body] if matches!(primitive.kernel(&[]), Kernel::Program) => body,
        _ => return Err(not_custom()),
    };
    let inputs = operands.iter().map(|id| recorded(y.tape, *id)).collect::<Result<Vec<_>>>()?;
    let wrt: Vec<usize> = (0..inputs.len()).collect();
    let place = y.origin();
    let (given, own) = (application(&primitive, &inputs, Some(&place))?.vjp(&wrt)?, composed.vjp(&wrt)?);
    let mut generator = Generator::new(0);
    let shape = y.shape()?;
    let zeta = ArrayD::from_shape_simple_fn(IxDyn(&shape), || F::of(generator.uniform(0.5, 1.5)));
    let seeded: Vec<Input<F>> = inputs.iter().cloned().chain([Input::Real(zeta.clone())]).collect();
    let conventional = own.after_strong_zeros(&seeded)?;
    let (given, composed) = (given.run(&seeded)?, own.run(&seeded)?);
    let mut report = Report::default();
    let relative = F::epsilon().double().powf(0.5).clamp(1e-8, 1e-4);
    let seed: Vec<f64> = zeta.iter().take(SEED).map(|x| x.double()).collect();
    let mut before = 0;
    for (i, (given, composed)) in given.iter().zip(&composed).enumerate() {
        let chosen = choose(given.len(), ELEMENTS, &mut generator);
        report.looked_at(chosen.len(), given.len());
        let positions: Vec<usize> = chosen.iter().map(|element| before + element).collect();
        before += given.len();
        let noise = Noise::of(&own, &seeded, &[], &positions).map(|noise| noise.watched).unwrap_or_default();
        for (at, element) in chosen.into_iter().enumerate() {
            let number = |x: &ArrayD<F>| x.iter().nth(element).map_or(f64::NAN, |x| x.double());
            let (analytic, numeric) = (number(given), number(composed));
            let noise = noise.get(at).copied().filter(|noise| noise.is_finite()).unwrap_or(0.0);
            let is_conventional = conventional.get(i).and_then(|elements| elements.get(element)) == Some(&true);
            let (apart, size) = ((analytic - numeric).abs(), analytic.abs().max(numeric.abs()));
            let tolerance = relative * (analytic.abs() + numeric.abs());
            let outcome = if !numeric.is_finite() {
                Outcome::Unchecked(Reason::NotFinite)
            } else if is_conventional {
                Outcome::Unchecked(Reason::StrongZero)
            } else if apart <= tolerance && noise <= REACH * relative * size {
                Outcome::Pass
            } else if apart <= tolerance + 4.0 * noise {
                Outcome::Unchecked(Reason::Digits(digits(noise, size)))
            } else {
                Outcome::Fail(tolerance)
            };
            report.enter(outcome, [analytic, numeric], || Spot {
                order: 1,
                of: "F".to_owned(),
                method: Method::Rule,
                operation: primitive.name().to_owned(),
                place: Some(place.clone()),
                operand: operand_name(y.tape, &primitive, &operands, i),
                element: unravel(element, given.shape()),
                at: match inputs.get(i) {
                    Some(Input::Real(x)) => number(x),
                    _ => f64::NAN,
                },
                seed: seed.clone(),
            });
        }
    }
    Ok(report)
}

/// What operand `i` is called: by its own name, or else by the primitive.
fn operand_name<F: Real>(tape: &Tape<F>, primitive: &PrimitiveRef<F>, operands: &[NodeId], i: usize) -> String {
    let named =
        operands.get(i).and_then(|id| tape.with_nodes(|_, labels| labels.name(*id).map(|name| name.to_string())));
    named.unwrap_or_else(|| primitive.signature().operand(i).map_or(i.to_string(), |(name, _)| name.to_string()))
}

fn recorded<F: Real>(tape: &Tape<F>, id: NodeId) -> Result<Input<F>> {
    let missing = || Error::new(ErrorKind::NoValue, "check", "this tape is symbolic: its nodes have no values");
    tape.with_value(id, Input::known).ok_or_else(|| missing().at(tape.place_of(id)))
}
