//! The answer of a reverse pass, and why a gradient is missing.

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::differentiate::reverse::{Mark, Reached};
use crate::tape::Tape;
use crate::tape::query::{applied, needed_for, same_tape};
use crate::tape::value::Value;
use crate::tape::var::{Var, refused};
use ndarray::{ArrayD, ArrayViewD};
use std::fmt;

/// Gradients by variable, as [`Var::backward`] found them.
///
/// An absent gradient is an error that says why, never a silent zero: what is asked for by hand is most often meant to have
/// one. Functions and programs ([`grad`](crate::grad), [`Program::grad`](crate::Program::grad) and their relatives) answer 0,
/// which is its value.
pub struct Gradients<'t, F: Real> {
    root: Var<'t, F>,
    /// What was found, in the order of the nodes; unknown once it is taken out.
    cotangents: Vec<(NodeId, Value<F>)>,
    zero: Value<F>,
    reached: Reached,
    taken: Vec<NodeId>,
}

impl<'t, F: Real> Gradients<'t, F> {
    pub(crate) fn new(root: Var<'t, F>, cotangents: Vec<(NodeId, Value<F>)>, reached: Reached) -> Self {
        Gradients { root, cotangents, zero: Value::Splat(F::zero()), reached, taken: Vec::new() }
    }

    fn find(&self, id: NodeId) -> Option<&Value<F>> {
        match self.cotangents.binary_search_by_key(&id, |(id, _)| *id) {
            Ok(place) => self.cotangents.get(place).map(|(_, value)| value),
            Err(_) => (self.reached.mark(id) == Mark::Zero && !self.taken.contains(&id)).then_some(&self.zero),
        }
    }

    /// The gradient of `x`, as a view. A number times it is `0.1 * &gradients.get(x)?`: ndarray multiplies numbers and
    /// references.
    ///
    /// # Errors
    /// [`ErrorKind::NoGradient`] with the reason if none reached it: never used, not on the way to the result, cut off
    /// by `stop_gradient` at a line, recorded as data, or an intermediate result, whose cotangent is freed.
    /// [`ErrorKind::NotDifferentiable`] if a path leads through an operation without a derivative.
    pub fn get(&self, x: Var<'t, F>) -> Result<ArrayViewD<'_, F>> {
        let root = self.root;
        same_tape(root.tape(), x, "gradient", "variable")
            .map_err(|error| error.with_operand(root.tape().describe(root.id(), "result")))?;
        let shape = x.shape()?;
        self.find(x.id()).and_then(|value| value.array(&shape)).ok_or_else(|| self.explain(x))
    }

    /// The gradient of `x` as a number.
    ///
    /// # Errors
    /// As [`get`](Self::get); [`ErrorKind::NotScalar`] if `x` does not have exactly one element.
    pub fn item(&self, x: Var<'t, F>) -> Result<F> {
        let gradient = self.get(x)?;
        match gradient.first() {
            Some(number) if gradient.len() == 1 => Ok(*number),
            _ => Err(Error::new(ErrorKind::NotScalar, "item", "expected a gradient with exactly one element")
                .at(x.origin())
                .with_operand(x.tape().describe(x.id(), "x"))
                .with_help("read the array with `get(x)`")),
        }
    }

    /// Takes the gradient of `x` out, without copying it.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn take(&mut self, x: Var<'t, F>) -> Result<ArrayD<F>> {
        self.get(x)?;
        let shape = x.shape()?;
        let place = self.cotangents.binary_search_by_key(&x.id(), |(id, _)| *id);
        let value = match place.ok().and_then(|place| self.cotangents.get_mut(place)) {
            Some((_, value)) => std::mem::replace(value, Value::Unknown),
            None => self.zero.clone(),
        };
        self.taken.push(x.id());
        value.into_array(&shape).map_err(|refusal| refused(refusal, "gradient", x))?.ok_or_else(|| self.explain(x))
    }

    /// As [`take`](Self::take), and zeros where no path of derivatives leads to `x`.
    pub(crate) fn take_or_zeros(&mut self, x: Var<'t, F>) -> Result<ArrayD<F>> {
        match self.take(x) {
            Err(error) if error.kind() == ErrorKind::NoGradient => {
                let zeros = Value::Splat(F::zero()).into_array(&x.shape()?);
                zeros.map_err(|refusal| refused(refusal, "gradient", x))?.ok_or(error)
            }
            answer => answer,
        }
    }

    /// Why `x` has no gradient; `None` if it has one.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (x, w) = (tape.input(2.0).named("x"), tape.input(3.0).named("w"));
    /// let y = x * 2.0 + w.stop_gradient();
    /// let gradients = y.backward().unwrap();
    /// assert!(gradients.why_no_gradient(x).is_none());
    /// assert!(gradients.why_no_gradient(w).unwrap().to_string().contains("stop_gradient"));
    /// ```
    pub fn why_no_gradient(&self, x: Var<'t, F>) -> Option<Error> {
        self.get(x).err()
    }

    fn explain(&self, x: Var<'t, F>) -> Error {
        if self.taken.contains(&x.id()) {
            let error = Error::new(ErrorKind::NoGradient, "gradient", "it was taken out with `take` before");
            return error.at(x.origin()).with_operand(x.tape().describe(x.id(), "x"));
        }
        explain(self.root.tape(), &[self.root.id()], x, &self.reached, false)
    }
}

impl<F: Real> fmt::Debug for Gradients<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_known = |id: &NodeId| self.find(*id).is_some_and(|value| !matches!(value, Value::Unknown));
        let found = NodeId::all(self.root.id().index() + 1).filter(is_known);
        write!(f, "Gradients of {} at ", self.root.id())?;
        f.debug_list().entries(found).finish()
    }
}

/// Says why no gradient of `roots` reached `x`. `recorded` walks keep intermediate cotangents and ask for `x` by name.
pub(crate) fn explain<F: Real>(
    tape: &Tape<F>,
    roots: &[NodeId],
    x: Var<'_, F>,
    reached: &Reached,
    recorded: bool,
) -> Error {
    // By its name, which is the path of a parameter in its model.
    let it = tape.with_nodes(|_, labels| labels.name(x.id()).map_or("x".to_owned(), |name| format!("`{name}`")));
    let error = |kind, message: String| {
        Error::new(kind, "gradient", message).at(x.origin()).with_operand(tape.describe(x.id(), "x"))
    };
    if let Mark::Refused { by, reason } = reached.mark(x.id()) {
        let operation = tape.with_node(by, |node| node.operation());
        return error(ErrorKind::NotDifferentiable, format!("a path to {it} leads through `{operation}`: {reason}"))
            .with_operand(tape.describe(by, "through"));
    }
    let no = |message: String| error(ErrorKind::NoGradient, message);
    let last = roots.iter().copied().max().unwrap_or(x.id());
    let (active, leaf, used, led) = tape.with_nodes(|nodes, _| {
        let node = &nodes[x.id()];
        let mut led = IdVec::filled(nodes.len(), || false);
        led[x.id()] = true;
        let mut used = false;
        for (id, node) in nodes.iter() {
            if id > x.id() && node.inputs.iter().any(|operand| led[*operand]) {
                led[id] = true;
                used |= node.inputs.contains(&x.id());
            }
        }
        (node.active, node.inputs.is_empty(), used, led)
    });
    let reaches = roots.iter().any(|root| led[*root]);
    if !used && !reaches {
        return no(format!("{it} was never used")).with_help("is it the variable that was meant?");
    }
    if !reaches {
        return no(format!("{it} is used, but not on the way to the result"))
            .with_operand(tape.describe(last, "result"));
    }
    if let Some(node) = only_through_indices(tape, roots, x.id()) {
        let (operation, kind) = tape.with_nodes(|nodes, _| (applied(nodes, node).operation(), nodes[node].kind()));
        let (is_index, kind) = (kind == Kind::Index, kind.words());
        let place = tape.place_of(node).suffix();
        let message = format!(
            "{it} reaches the result only through `{operation}`{place}, which gives {kind}: no derivative flows through it"
        );
        let error = no(message).with_operand(tape.describe(node, "through"));
        return match is_index {
            true => error.with_help(
                "indices are constant where they do not jump; forward mode (`pushforward`, `hvp`, `hessian`) takes their \
                 derivative as 0",
            ),
            false => error,
        };
    }
    let behind_x = |node: NodeId, slot: usize| {
        tape.with_node(node, |node| node.inputs.get(slot).copied()).is_some_and(|operand| led[operand])
    };
    if let Some((node, slot)) = reached.cuts.iter().find(|(node, slot)| behind_x(*node, *slot)) {
        let operation = tape.with_node(*node, |node| node.operation());
        let message = match operation {
            "stop_gradient" => format!("{it} is cut off by `stop_gradient`{}", tape.place_of(*node).suffix()),
            _ => {
                format!("no derivative flows through operand {slot} of `{operation}`{}", tape.place_of(*node).suffix())
            }
        };
        return no(message).with_operand(tape.describe(*node, "cut"));
    }
    if !active && !recorded {
        return no(format!("{it} was recorded as data, or made of data and constants only"))
            .with_help("record it with `tape.input(…)`, or ask for it: `y.gradient(&[x])`");
    }
    if !leaf && !recorded {
        return no(format!("{it} is an intermediate result, whose cotangent is freed after its last use"))
            .with_help("ask for it: `y.gradient(&[x])`");
    }
    no(format!("no path of derivatives leads to {it}"))
}

/// The first node without reals on the way from x to the roots, if all ways lead through such nodes.
fn only_through_indices<F: Real>(tape: &Tape<F>, roots: &[NodeId], x: NodeId) -> Option<NodeId> {
    tape.with_nodes(|nodes, _| {
        let needed = needed_for(nodes, roots.iter().copied());
        let mut led = IdVec::filled(nodes.len(), || false);
        led[x] = true;
        let mut found = None;
        for (id, node) in nodes.iter() {
            if id <= x || !applied(nodes, id).inputs.iter().any(|operand| led[*operand]) {
                continue;
            }
            match node.kind() {
                Kind::Real => led[id] = true,
                Kind::Index | Kind::Key if needed[id] => found = found.or(Some(id)),
                Kind::Index | Kind::Key => {}
            }
        }
        found.filter(|_| !roots.iter().any(|root| led[*root]))
    })
}
