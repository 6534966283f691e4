//! The reverse walk: r(h∘g∘f) = rf ∘ rg ∘ rh, one rule after the other, and nothing else.

use crate::arena::{Arena, NodeId};
use crate::error::{Error, ErrorKind, Result};
use crate::gradients::Gradients;
use crate::node::Op;
use crate::primitive::{Cotangents, Derivative, PrimitiveRef, Site, add::Add};
use crate::real::Real;
use crate::record::BRING_OVER;
use crate::shape::Shape;
use crate::tape::{Arg, Tape};
use crate::value::{self, IntoArray, Value};
use crate::var::Var;
use smallvec::SmallVec;

/// Where the walk keeps cotangents: as values that are freed after their last use ([`Freed`], which may be watched), or as
/// recorded vars ([`Recorded`]).
pub(crate) trait Ledger<F: Real> {
    /// Whether a cotangent has arrived at `id`.
    fn has(&self, id: NodeId) -> bool;

    /// Runs the rule of `id` on its cotangent and credits the operands; answers that are no cotangent go to `reached`.
    fn visit(&mut self, tape: &Tape<F>, id: NodeId, wants: &[bool], reached: &mut Reached) -> Result<()>;
}

/// What came of a walk besides cotangents.
#[derive(Clone, Debug)]
pub(crate) struct Reached {
    pub(crate) marks: Arena<Mark>,
    /// Operands through which no derivative flows: the node and the operand's number.
    pub(crate) cuts: Vec<(NodeId, usize)>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Mark {
    Untouched,
    /// The derivative exists and is zero.
    Zero,
    /// A path leads through `by`, which has no derivative, because of `reason`.
    Refused {
        by: NodeId,
        reason: &'static str,
    },
}

impl Reached {
    /// Notes the answer of node `id` for its operand `slot`, unless it is a cotangent, which is returned.
    pub(crate) fn note<'t, F: Real>(
        &mut self,
        id: NodeId,
        slot: usize,
        operand: NodeId,
        answer: Derivative<'t, F>,
    ) -> Option<Var<'t, F>> {
        match answer {
            Derivative::Of(dx) => return Some(dx),
            Derivative::Zero => self.zero(operand),
            Derivative::None => self.cuts.push((id, slot)),
            Derivative::Refused(reason) => self.marks[operand] = Mark::Refused { by: id, reason },
        }
        None
    }

    fn zero(&mut self, operand: NodeId) {
        if self.marks[operand] == Mark::Untouched {
            self.marks[operand] = Mark::Zero;
        }
    }
}

/// Walks back from `last`: asks each node that a cotangent has reached for its operands' cotangents.
pub(crate) fn walk<F: Real>(
    tape: &Tape<F>,
    last: NodeId,
    wanted: &dyn Fn(NodeId) -> bool,
    ledger: &mut dyn Ledger<F>,
) -> Result<Reached> {
    let length = last.index() + 1;
    let mut reached = Reached { marks: Arena::filled(length, || Mark::Untouched), cuts: Vec::new() };
    for id in NodeId::all(length).rev().filter(|id| wanted(*id)) {
        let operands: SmallVec<[NodeId; 2]> = tape.with_node(id, |node| SmallVec::from_slice(&node.inputs));
        let mut wants: SmallVec<[bool; 8]> = SmallVec::new();
        operands.iter().for_each(|operand| wants.push(wanted(*operand)));
        if !wants.contains(&true) {
            continue;
        }
        let wanted_operands = operands.iter().zip(&wants).filter(|(_, wanted)| **wanted).map(|(id, _)| *id);
        match reached.marks[id] {
            // What lies behind a refusal is refused: a gradient that misses one of its paths would be wrong.
            mark @ Mark::Refused { .. } => wanted_operands.for_each(|operand| reached.marks[operand] = mark),
            _ if ledger.has(id) => {
                // With a cotangent of its own it is not zero, also where one of the ways to it is.
                reached.marks[id] = Mark::Untouched;
                ledger.visit(tape, id, &wants, &mut reached)?;
            }
            Mark::Zero => wanted_operands.for_each(|operand| reached.zero(operand)),
            Mark::Untouched => {}
        }
    }
    Ok(reached)
}

/// Runs the reverse rule of node `id` on the cotangent `dy`, and holds the rule to its contract.
pub(crate) fn apply_rule<'t, F: Real>(
    tape: &'t Tape<F>,
    id: NodeId,
    dy: Var<'t, F>,
    wants: &[bool],
) -> Result<Cotangents<'t, F>> {
    let Some(application) = Application::of(tape, id) else { return Ok(Cotangents::new()) };
    let site = application.site(tape, id, wants);
    let mut answers = tape.on_behalf(id, || application.primitive.reverse(&site, dy));
    if answers.len() != wants.len() {
        let message = format!("the reverse rule answered for {} operands of {}", answers.len(), wants.len());
        return Err(faulty(tape, id, &application.primitive, message));
    }
    for ((answer, operand), wanted) in answers.iter_mut().zip(&application.inputs).zip(wants) {
        if !*wanted {
            *answer = Derivative::None;
        }
        if let Derivative::Of(dx) = answer {
            check_shape(tape, id, &application.primitive, *dx, operand.parts().1)?;
        }
    }
    Ok(answers)
}

/// The error of a derivative that is itself an error, or has another shape than `like`, which it is the derivative of.
pub(crate) fn check_shape<F: Real>(
    tape: &Tape<F>,
    id: NodeId,
    primitive: &PrimitiveRef<F>,
    derivative: Var<'_, F>,
    like: NodeId,
) -> Result<()> {
    if !std::ptr::eq(derivative.tape, tape) {
        return Err(faulty(tape, id, primitive, "a rule answered with a var of another tape".into()));
    }
    let fits = tape.with_nodes(|nodes, _| {
        let node = &nodes[derivative.id];
        node.shape == nodes[like].shape && !matches!(node.op, Op::Error(_))
    });
    if fits {
        return Ok(());
    }
    let message = match derivative.shape() {
        Ok(shape) => {
            let expected = tape.with_node(like, |node| node.shape.clone());
            format!("a rule answered with a derivative of shape {shape} where {expected} belongs")
        }
        Err(error) if error.operation() == "rule" => error.message().into(),
        Err(error) => format!("a rule failed in `{}`: {}", error.operation(), error.message()),
    };
    Err(faulty(tape, id, primitive, message))
}

pub(crate) fn faulty<F: Real>(tape: &Tape<F>, id: NodeId, primitive: &PrimitiveRef<F>, message: String) -> Error {
    Error::new(ErrorKind::FaultyRule, primitive.name(), message)
        .at(tape.place_of(id))
        .with_operand(tape.describe(id, "y"))
}

/// A node that applies a primitive, with what its rules need.
pub(crate) struct Application<'t, F: Real> {
    pub(crate) primitive: PrimitiveRef<F>,
    pub(crate) inputs: SmallVec<[Arg<'t, F>; 2]>,
}

impl<'t, F: Real> Application<'t, F> {
    pub(crate) fn of(tape: &'t Tape<F>, id: NodeId) -> Option<Self> {
        tape.with_nodes(|nodes, _| {
            let node = &nodes[id];
            let Op::Apply(primitive) = &node.op else { return None };
            let mut inputs = SmallVec::new();
            node.inputs.iter().for_each(|operand| inputs.push(Arg::of(tape, *operand, nodes[*operand].kind())));
            Some(Application { primitive: primitive.clone(), inputs })
        })
    }

    pub(crate) fn site<'a>(&'a self, tape: &'t Tape<F>, id: NodeId, wants: &'a [bool]) -> Site<'a, 't, F> {
        Site { inputs: &self.inputs, output: tape.var(id), wants }
    }
}

/// What happens on the way back, for whoever watches it: the stepper, and the search for numbers that are not finite.
pub(crate) enum Sight<'a, F: Real> {
    /// The cotangent of this node is complete, and its rule runs.
    Visit { node: NodeId, cotangent: &'a Value<F> },
    /// The rule of `node` gave `contribution` to the operand in `slot`, whose cotangent is `sum` now.
    Credit { node: NodeId, slot: usize, contribution: &'a Value<F>, sum: &'a Value<F>, shape: &'a Shape },
}

/// Cotangents as values, each freed after its last use; what the rules record is forgotten node by node.
struct Freed<F: Real, W> {
    cotangents: Arena<Option<Value<F>>>,
    watch: W,
}

impl<F: Real, W: FnMut(Sight<'_, F>)> Ledger<F> for Freed<F, W> {
    fn has(&self, id: NodeId) -> bool {
        self.cotangents[id].is_some()
    }

    fn visit(&mut self, tape: &Tape<F>, id: NodeId, wants: &[bool], reached: &mut Reached) -> Result<()> {
        let Some(cotangent) = self.cotangents[id].take() else { return Ok(()) };
        (self.watch)(Sight::Visit { node: id, cotangent: &cotangent });
        tape.scratch(|tape| {
            let (operands, shape) =
                tape.with_node(id, |node| (SmallVec::<[NodeId; 2]>::from_slice(&node.inputs), node.shape.clone()));
            let dy = tape.constant_value(cotangent, shape);
            let answers = apply_rule(tape, id, dy, wants)?;
            for (slot, (operand, answer)) in operands.iter().zip(answers).enumerate() {
                if !wants.get(slot).is_some_and(|wanted| *wanted) {
                    continue;
                }
                let Some(dx) = reached.note(id, slot, *operand, answer) else { continue };
                tape.with_value(dx.id, |contribution, shape| {
                    // The first contribution is taken as it is, not added to zeros.
                    let sum = match &mut self.cotangents[*operand] {
                        Some(sum) => {
                            sum.accumulate(contribution, shape, &Add).map_err(|refusal| {
                                Error::new(ErrorKind::NoValue, "backward", refusal.message).at(tape.place_of(id))
                            })?;
                            sum
                        }
                        empty => empty.insert(contribution.clone()),
                    };
                    (self.watch)(Sight::Credit { node: id, slot, contribution, sum, shape });
                    Ok(())
                })?;
            }
            Ok(())
        })
    }
}

/// Cotangents as recorded vars, which differentiate again.
struct Recorded<'t, F: Real> {
    tape: &'t Tape<F>,
    cotangents: Arena<Option<Var<'t, F>>>,
}

impl<F: Real> Ledger<F> for Recorded<'_, F> {
    fn has(&self, id: NodeId) -> bool {
        self.cotangents[id].is_some()
    }

    fn visit(&mut self, _: &Tape<F>, id: NodeId, wants: &[bool], reached: &mut Reached) -> Result<()> {
        let Some(dy) = self.cotangents[id] else { return Ok(()) };
        let answers = apply_rule(self.tape, id, dy, wants)?;
        let operands = self.tape.with_node(id, |node| node.inputs.clone());
        for (slot, (operand, answer)) in operands.iter().zip(answers).enumerate() {
            if !wants.get(slot).is_some_and(|wanted| *wanted) {
                continue;
            }
            let Some(dx) = reached.note(id, slot, *operand, answer) else { continue };
            let sum = match self.cotangents[*operand] {
                Some(sum) => self.tape.on_behalf(id, || sum + dx),
                None => dx,
            };
            self.cotangents[*operand] = Some(sum);
        }
        Ok(())
    }
}

/// The nodes that one of `from` leads to, up to `last`.
fn led_to<F: Real>(tape: &Tape<F>, from: impl Iterator<Item = NodeId>, last: NodeId) -> Arena<bool> {
    let mut led = Arena::filled(last.index() + 1, || false);
    from.filter(|id| *id <= last).for_each(|id| led[id] = true);
    tape.with_nodes(|nodes, _| {
        for id in led.ids() {
            if !led[id] {
                led[id] = nodes[id].inputs.iter().any(|operand| led[*operand]);
            }
        }
    });
    led
}

/// The recorded cotangents of `wanted` for seeds at several nodes of one tape.
#[track_caller]
pub(crate) fn pullback<'t, F: Real>(
    tape: &'t Tape<F>,
    seeds: &[(Var<'t, F>, Var<'t, F>)],
    wanted: &[Var<'t, F>],
) -> Result<Vec<Var<'t, F>>> {
    for (y, seed) in seeds {
        check_seed(tape, *y, *seed)?;
    }
    for x in wanted {
        same_tape(tape, *x, "gradient", "variable").map_err(|error| match seeds.first() {
            Some((y, _)) => error.with_operand(tape.describe(y.id, "result")),
            None => error,
        })?;
        x.shape()?;
    }
    let mut answers = Vec::with_capacity(wanted.len());
    let Some(last) = seeds.iter().map(|(y, _)| y.id).max() else {
        for x in wanted {
            answers.push(x.number(0.0).broadcast_to(x.shape()?));
        }
        return Ok(answers);
    };
    let led = led_to(tape, wanted.iter().map(|x| x.id), last);
    let mut ledger = Recorded { tape, cotangents: Arena::filled(last.index() + 1, || None) };
    for (y, seed) in seeds {
        ledger.cotangents[y.id] = match ledger.cotangents[y.id] {
            Some(sum) => Some(sum + *seed),
            None => Some(*seed),
        };
    }
    let reached = walk(tape, last, &|id| led[id], &mut ledger)?;
    let roots: Vec<NodeId> = seeds.iter().map(|(y, _)| y.id).collect();
    // No closures here: what they record would be attributed to this file.
    for x in wanted {
        let mark = reached.marks.find(x.id).copied().unwrap_or(Mark::Untouched);
        answers.push(match (mark, ledger.cotangents.find(x.id).copied().flatten()) {
            (Mark::Zero, None) => x.number(0.0).broadcast_to(x.shape()?),
            (Mark::Untouched | Mark::Zero, Some(dx)) => dx,
            _ => return Err(crate::gradients::explain(tape, &roots, *x, &reached, true)),
        });
    }
    Ok(answers)
}

/// The error of asking `tape` about `x`, the `role` of `operation`, if it is on another tape.
pub(crate) fn same_tape<F: Real>(tape: &Tape<F>, x: Var<'_, F>, operation: &str, role: &str) -> Result<()> {
    if std::ptr::eq(tape, x.tape) {
        return Ok(());
    }
    let error = Error::new(ErrorKind::TapesMixed, operation, format!("the {role} is on another tape"));
    Err(error.at(x.origin()).with_operand(x.tape.describe(x.id, role)).with_help(BRING_OVER))
}

fn check_seed<F: Real>(tape: &Tape<F>, y: Var<'_, F>, seed: Var<'_, F>) -> Result<()> {
    same_tape(tape, y, "pullback", "result")?;
    same_tape(tape, seed, "pullback", "seed").map_err(|error| error.with_operand(tape.describe(y.id, "result")))?;
    let (shape, given) = (y.shape()?, seed.shape()?);
    if shape == given {
        return Ok(());
    }
    Err(bad_seed("pullback", y, &shape, &given).with_operand(tape.describe(seed.id, "seed")))
}

fn bad_seed<F: Real>(operation: &str, y: Var<'_, F>, shape: &Shape, given: &Shape) -> Error {
    let message = format!("the seed has shape {given}, the result {shape}; a cotangent has the shape of its result");
    Error::new(ErrorKind::Mismatch, operation, message).at(y.origin()).with_operand(y.tape.describe(y.id, "result"))
}

impl<'t, F: Real> Var<'t, F> {
    /// The gradient of this number with respect to every [`Tape::input`] it depends on.
    ///
    /// Keeps no recording: what the rules record is forgotten node by node, and a cotangent is freed after its last use.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (x, y) = (tape.input(2.0), tape.input(1.0));
    /// let e = (x + y) * (y + 1.0);
    /// let gradients = e.backward().unwrap();
    /// assert_eq!((gradients.item(x).unwrap(), gradients.item(y).unwrap()), (2.0, 5.0));
    /// ```
    ///
    /// # Errors
    /// The error of the operation this comes from; [`ErrorKind::NotScalar`] for an array, which needs a seed;
    /// [`ErrorKind::NoValue`] on a tape that records without values.
    pub fn backward(self) -> Result<Gradients<'t, F>> {
        self.scalar_shape("backward", "backward_from(seed)")?;
        self.backward_value(Value::Splat(F::one()))
    }

    /// The reverse derivative at an arbitrary cotangent: rF(ζ) for the seed ζ, which has the shape of this array.
    ///
    /// With the learning rate α as the seed of a loss, the answer is the update itself: W := W − rJ(α)
    /// (Matt R, *Neural Networks*, June 2022, §3.4).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0]);
    /// let y = x * x;
    /// let gradients = y.backward_from([10.0, 100.0]).unwrap();
    /// assert_eq!(gradients.get(x).unwrap(), ndarray::array![20.0, 400.0].into_dyn());
    /// ```
    ///
    /// # Errors
    /// As [`backward`](Self::backward); [`ErrorKind::Mismatch`] if the seed has another shape.
    pub fn backward_from(self, seed: impl IntoArray<F>) -> Result<Gradients<'t, F>> {
        let shape = self.shape()?;
        let (seed, given) = value::take(seed);
        if given != shape {
            return Err(bad_seed("backward_from", self, &shape, &given));
        }
        self.backward_value(seed)
    }

    fn backward_value(self, seed: Value<F>) -> Result<Gradients<'t, F>> {
        let (cotangents, reached) = self.walk_back(seed, |_| ())?;
        Ok(Gradients::new(self, cotangents, reached))
    }

    /// The walk of [`backward`](Self::backward), with someone watching: the cotangents that are left, of the inputs.
    pub(crate) fn walk_back(
        self,
        seed: Value<F>,
        watch: impl FnMut(Sight<'_, F>),
    ) -> Result<(Arena<Option<Value<F>>>, Reached)> {
        self.read(|_| ())?;
        let tape = self.tape;
        let mut ledger = Freed { cotangents: Arena::filled(self.id.index() + 1, || None), watch };
        ledger.cotangents[self.id] = Some(seed);
        let active: Arena<bool> = tape.with_nodes(|nodes, _| {
            let mut active = Arena::new();
            for id in NodeId::all(self.id.index() + 1) {
                active.push(nodes[id].active);
            }
            active
        });
        let reached = walk(tape, self.id, &|id| active[id], &mut ledger)?;
        Ok((ledger.cotangents, reached))
    }

    /// The gradient of this number with respect to `wanted`, recorded on the tape: it prints, is checked, and
    /// differentiates again, to any order.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(2.0);
    /// let y = x.powi(4);
    /// let dy = y.gradient(&[x]).unwrap()[0];
    /// let ddy = dy.gradient(&[x]).unwrap()[0];
    /// assert_eq!((dy.item().unwrap(), ddy.item().unwrap()), (32.0, 48.0));
    /// ```
    ///
    /// # Errors
    /// As [`backward`](Self::backward); [`ErrorKind::NoGradient`] or [`ErrorKind::NotDifferentiable`] with the reason
    /// if no gradient reaches one of `wanted`.
    #[track_caller]
    pub fn gradient(self, wanted: &[Var<'t, F>]) -> Result<Vec<Var<'t, F>>> {
        let shape = self.scalar_shape("gradient", "pullback(seed, …)")?;
        let one = self.number(1.0);
        let seed = if shape.rank() == 0 { one } else { one.broadcast_to(shape) };
        self.pullback(seed, wanted)
    }

    /// The reverse derivative rF(ζ) at the cotangent `seed`, recorded: see [`gradient`](Self::gradient) and
    /// [`backward_from`](Self::backward_from).
    ///
    /// # Errors
    /// As [`gradient`](Self::gradient); [`ErrorKind::Mismatch`] if the seed has another shape than this array.
    #[track_caller]
    pub fn pullback(self, seed: Var<'t, F>, wanted: &[Var<'t, F>]) -> Result<Vec<Var<'t, F>>> {
        pullback(self.tape, &[(self, seed)], wanted)
    }

    fn scalar_shape(self, operation: &str, instead: &str) -> Result<Shape> {
        let shape = self.shape()?;
        if shape.size() == 1 {
            return Ok(shape);
        }
        Err(Error::new(ErrorKind::NotScalar, operation, format!("the gradient of an array {shape} needs a seed"))
            .at(self.origin())
            .with_operand(self.tape.describe(self.id, "y"))
            .with_help(format!("reduce it to a number with `sum(..)` or `mean(..)`, or give a seed: `{instead}`")))
    }
}
