//! The reverse walk: r(h∘g∘f) = rf ∘ rg ∘ rh, one rule after the other, and nothing else.

use super::application::{Application, apply_rule};
use super::pullback::{Unreached, pullback};

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::differentiate::gradients::Gradients;
use crate::kernels::{Arithmetic, Elementwise};
use crate::primitive::Derivative;
use crate::tape::Tape;
use crate::tape::node::{Node, Op};
use crate::tape::query::results_of;
use crate::tape::value::{self, IntoArray, Value};
use crate::tape::var::Var;
use smallvec::SmallVec;

/// Where the walk keeps cotangents: as values that are freed after their last use ([`Freed`], which may be watched), or as
/// recorded vars ([`Recorded`]).
pub(crate) trait Ledger<F: Real> {
    /// Whether the cotangent of node `id` is wanted.
    fn wants(&self, id: NodeId, node: &Node<F>) -> bool;

    /// Whether a cotangent has arrived at `id`, or at a further result of the same application.
    fn has(&self, tape: &Tape<F>, id: NodeId) -> bool;

    /// Runs the rule of `id`, unless it is a further result, on its cotangents and credits the operands; answers that are no
    /// cotangent go to `reached`.
    fn visit(&mut self, tape: &Tape<F>, id: NodeId, reached: &mut Reached) -> Result<()>;

    /// Drops the cotangent of `id`, which is of no use.
    fn forget(&mut self, id: NodeId);
}

/// What came of a walk besides cotangents.
#[derive(Clone, Debug)]
pub(crate) struct Reached {
    /// Empty until there is something to note, which is rare.
    marks: IdVec<Mark>,
    length: usize,
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
    pub(crate) fn mark(&self, id: NodeId) -> Mark {
        self.marks.find(id).copied().unwrap_or(Mark::Untouched)
    }

    pub(crate) fn marks(&self) -> impl Iterator<Item = (NodeId, &Mark)> {
        self.marks.iter()
    }

    pub(crate) fn set(&mut self, id: NodeId, mark: Mark) {
        if self.mark(id) != mark {
            self.marks.extend_to(self.length, || Mark::Untouched);
            self.marks[id] = mark;
        }
    }

    /// Notes the answer of node `id` for its operand `slot`, unless it is a cotangent, which is returned.
    #[inline]
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
            Derivative::Refused(reason) => self.set(operand, Mark::Refused { by: id, reason }),
        }
        None
    }

    fn zero(&mut self, operand: NodeId) {
        if self.mark(operand) == Mark::Untouched {
            self.set(operand, Mark::Zero);
        }
    }
}

/// Walks back from `last`: asks each node that a cotangent has reached for its operands' cotangents.
pub(crate) fn walk<F: Real>(tape: &Tape<F>, last: NodeId, ledger: &mut impl Ledger<F>) -> Result<Reached> {
    // A rule runs at the first of its results, where the cotangents of all have arrived.
    let last = tape.with_nodes(|nodes, _| last_result(nodes, last));
    let length = last.index() + 1;
    let mut reached = Reached { marks: IdVec::new(), length, cuts: Vec::new() };
    for id in NodeId::all(length).rev() {
        match reached.mark(id) {
            // What lies behind a refusal is refused: a gradient that misses one of its paths would be wrong.
            mark @ Mark::Refused { .. } => {
                ledger.forget(id);
                wanted_operands(tape, id, ledger).for_each(|operand| reached.set(operand, mark));
            }
            mark if ledger.has(tape, id) => {
                // With a cotangent of its own it is not zero, also where one of the ways to it is.
                if mark == Mark::Zero {
                    reached.set(id, Mark::Untouched);
                }
                ledger.visit(tape, id, &mut reached)?;
            }
            Mark::Zero => wanted_operands(tape, id, ledger).for_each(|operand| reached.zero(operand)),
            Mark::Untouched => {}
        }
    }
    Ok(reached)
}

/// The last result of the application that node `id` is a result of.
fn last_result<F: Real>(nodes: &IdVec<Node<F>>, id: NodeId) -> NodeId {
    results_of(nodes, id).last().unwrap_or(id)
}

/// The operands of node `id` whose cotangents are wanted.
fn wanted_operands<F: Real>(tape: &Tape<F>, id: NodeId, ledger: &impl Ledger<F>) -> impl Iterator<Item = NodeId> {
    let operands = tape.with_node(id, |node| SmallVec::<[NodeId; 8]>::from_slice(&node.inputs));
    operands.into_iter().filter(|operand| tape.with_node(*operand, |node| ledger.wants(*operand, node)))
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
    cotangents: IdVec<Option<Value<F>>>,
    /// The cotangents of nodes that have no use for them: inputs. Last ones first.
    left: Vec<(NodeId, Value<F>)>,
    /// How cotangents are added.
    add: Elementwise<F>,
    watch: W,
}

impl<F: Real, W: FnMut(Sight<'_, F>)> Freed<F, W> {
    /// Takes the cotangent of `node`, as an input of its rule; `None` if it has none.
    #[inline(always)]
    fn take<'t>(&mut self, tape: &'t Tape<F>, node: NodeId) -> Option<Var<'t, F>> {
        let cotangent = self.cotangents[node].take()?;
        (self.watch)(Sight::Visit { node, cotangent: &cotangent });
        let shape = tape.with_node(node, |node| node.shape.clone());
        Some(tape.data_value(cotangent, shape))
    }
}

impl<F: Real, W: FnMut(Sight<'_, F>)> Ledger<F> for Freed<F, W> {
    #[inline]
    fn wants(&self, _: NodeId, node: &Node<F>) -> bool {
        node.active
    }

    #[inline]
    fn has(&self, tape: &Tape<F>, id: NodeId) -> bool {
        self.cotangents[id].is_some() || tape.with_nodes(|nodes, _| any_of_results(nodes, &self.cotangents, id))
    }

    fn visit(&mut self, tape: &Tape<F>, id: NodeId, reached: &mut Reached) -> Result<()> {
        tape.scratch(id, |tape| {
            let Some(application) = Application::of(tape, id, |operand, node| self.wants(operand, node)) else {
                tape.with_nodes(|nodes, _| match nodes[id].op {
                    // The rule of a further result runs at the first, on the cotangents of all.
                    Op::Result => {}
                    Op::Apply(_) => results_of(nodes, id).for_each(|result| self.forget(result)),
                    _ => self.left.extend(self.cotangents[id].take().map(|cotangent| (id, cotangent))),
                });
                return Ok(());
            };
            let dy = application.of_results(|result| self.take(tape, result));
            apply_rule(&application, &dy, |slot, operand, answer| {
                let Some(dx) = reached.note(id, slot, operand, answer) else { return Ok(()) };
                tape.with_value(dx.id, |contribution, shape| {
                    // The first contribution is taken as it is, not added to zeros.
                    let sum = match &mut self.cotangents[operand] {
                        Some(sum) => {
                            sum.accumulate(contribution, shape, &self.add).map_err(|refusal| {
                                Error::new(ErrorKind::NoValue, "backward", refusal.message).at(tape.place_of(id))
                            })?;
                            sum
                        }
                        empty => empty.insert(contribution.clone()),
                    };
                    (self.watch)(Sight::Credit { node: id, slot, contribution, sum, shape });
                    Ok(())
                })
            })
        })
    }

    fn forget(&mut self, id: NodeId) {
        self.cotangents[id] = None;
    }
}

/// Whether a further result of the application at `id` has an entry.
fn any_of_results<F: Real, T>(nodes: &IdVec<Node<F>>, table: &IdVec<Option<T>>, id: NodeId) -> bool {
    match nodes.behind(id) {
        [Node { op: Op::Result, .. }, ..] => {
            results_of(nodes, id).any(|result| table.find(result).is_some_and(Option::is_some))
        }
        _ => false,
    }
}

/// Cotangents as recorded vars, which differentiate again.
struct Recorded<'t, F: Real> {
    tape: &'t Tape<F>,
    cotangents: IdVec<Option<Var<'t, F>>>,
    /// The nodes that a variable whose gradient is wanted leads to.
    led: IdVec<bool>,
}

impl<F: Real> Ledger<F> for Recorded<'_, F> {
    fn wants(&self, id: NodeId, _: &Node<F>) -> bool {
        self.led[id]
    }

    fn has(&self, tape: &Tape<F>, id: NodeId) -> bool {
        self.cotangents[id].is_some() || tape.with_nodes(|nodes, _| any_of_results(nodes, &self.cotangents, id))
    }

    fn visit(&mut self, _: &Tape<F>, id: NodeId, reached: &mut Reached) -> Result<()> {
        let Some(application) = Application::of(self.tape, id, |operand, node| self.wants(operand, node)) else {
            return Ok(());
        };
        let dy = application.of_results(|result| self.cotangents[result]);
        self.tape.on_behalf(id, || {
            apply_rule(&application, &dy, |slot, operand, answer| {
                if let Some(dx) = reached.note(id, slot, operand, answer) {
                    let sum = self.cotangents[operand].map_or(dx, |sum| sum + dx);
                    self.cotangents[operand] = Some(sum);
                }
                Ok(())
            })
        })
    }

    fn forget(&mut self, id: NodeId) {
        self.cotangents[id] = None;
    }
}

/// The nodes that one of `from` leads to, up to `last`.
fn led_to<F: Real>(tape: &Tape<F>, from: impl Iterator<Item = NodeId>, last: NodeId) -> IdVec<bool> {
    let mut led = IdVec::filled(last.index() + 1, || false);
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

/// The walk with recorded cotangents: the cotangents of `wanted`, where they have one.
pub(super) fn walk_recorded<'t, F: Real>(
    tape: &'t Tape<F>,
    seeds: &[(Var<'t, F>, Var<'t, F>)],
    wanted: &[Var<'t, F>],
) -> Result<(Reached, Vec<Option<Var<'t, F>>>)> {
    let last = seeds.iter().map(|(y, _)| tape.with_nodes(|nodes, _| last_result(nodes, y.id))).max();
    let Some(last) = last else {
        return Ok((Reached { marks: IdVec::new(), length: 0, cuts: Vec::new() }, vec![None; wanted.len()]));
    };
    let led = led_to(tape, wanted.iter().map(|x| x.id), last);
    let mut ledger = Recorded { tape, cotangents: IdVec::filled(last.index() + 1, || None), led };
    for (y, seed) in seeds {
        ledger.cotangents[y.id] = match ledger.cotangents[y.id] {
            Some(sum) => Some(sum + *seed),
            None => Some(*seed),
        };
    }
    let reached = walk(tape, last, &mut ledger)?;
    let found = wanted.iter().map(|x| ledger.cotangents.find(x.id).copied().flatten()).collect();
    Ok((reached, found))
}

/// The walk with cotangents as values, from seeds at several nodes (each at most once), with someone watching: the
/// cotangents that are left, of the inputs, in order.
pub(crate) fn walk_back<F: Real>(
    tape: &Tape<F>,
    seeds: &[(NodeId, Value<F>)],
    watch: impl FnMut(Sight<'_, F>),
) -> Result<(Vec<(NodeId, Value<F>)>, Reached)> {
    let last = seeds.iter().map(|(id, _)| *id).max().unwrap_or(NodeId::new(0));
    let end = tape.with_nodes(|nodes, _| last_result(nodes, last));
    let add = Elementwise::arithmetic(Arithmetic::Add);
    let mut ledger = Freed { cotangents: tape.lend_table(end), left: Vec::new(), add, watch };
    seeds.iter().for_each(|(id, seed)| ledger.cotangents[*id] = Some(seed.clone()));
    let reached = walk(tape, last, &mut ledger)?;
    tape.return_table(ledger.cotangents);
    ledger.left.reverse();
    Ok((ledger.left, reached))
}

pub(super) fn bad_seed<F: Real>(operation: &str, y: Var<'_, F>, shape: &Shape, given: &Shape) -> Error {
    let message = format!("the seed has shape {given}, the result {shape}; a cotangent has the shape of its result");
    Error::new(ErrorKind::Mismatch, operation, message).at(y.origin()).with_operand(y.tape.describe(y.id, "result"))
}

/// # Derivatives, from the result back
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

    /// The walk of [`backward`](Self::backward), with someone watching: see [`walk_back`].
    pub(crate) fn walk_back(
        self,
        seed: Value<F>,
        watch: impl FnMut(Sight<'_, F>),
    ) -> Result<(Vec<(NodeId, Value<F>)>, Reached)> {
        self.read(|_| ())?;
        walk_back(self.tape, &[(self.id, seed)], watch)
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
        self.gradient_or(wanted, Unreached::Reason)
    }

    #[track_caller]
    pub(crate) fn gradient_or(self, wanted: &[Var<'t, F>], unreached: Unreached) -> Result<Vec<Var<'t, F>>> {
        let shape = self.scalar_shape("gradient", "pullback(seed, …)")?;
        let one = self.number(1.0);
        let seed = if shape.rank() == 0 { one } else { one.broadcast_to(shape) };
        pullback(self.tape, &[(self, seed)], wanted, unreached)
    }

    /// The gradient of this number with respect to one var, recorded, as [`gradient`](Self::gradient) with the error kept in
    /// the var: for where the result of an operation has to be a var, such as a layer that computes with a derivative. Where this
    /// number does not depend on `x`, the gradient is 0; [`gradient`](Self::gradient) says why instead.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(2.0);
    /// let dy = x.powi(4).gradient_of(x);
    /// assert_eq!((dy.item().unwrap(), dy.gradient_of(x).item().unwrap()), (32.0, 48.0));
    /// assert_eq!((x * 2.0).gradient_of(dy).item().unwrap(), 0.0); // 2x does not depend on dy
    /// assert!(x.sign().gradient_of(x).error().is_some()); // sign has no derivative
    /// ```
    #[track_caller]
    pub fn gradient_of(self, x: Var<'t, F>) -> Var<'t, F> {
        match self.gradient_or(&[x], Unreached::Zero).map(|gradients| gradients.first().copied()) {
            Ok(Some(gradient)) => gradient,
            // One gradient is asked for, so one is there, or an error.
            Ok(None) => self,
            Err(error) => self.tape.failed(error),
        }
    }

    /// The reverse derivative rF(ζ) at the cotangent `seed`, recorded: see [`gradient`](Self::gradient) and
    /// [`backward_from`](Self::backward_from).
    ///
    /// # Errors
    /// As [`gradient`](Self::gradient); [`ErrorKind::Mismatch`] if the seed has another shape than this array.
    #[track_caller]
    pub fn pullback(self, seed: Var<'t, F>, wanted: &[Var<'t, F>]) -> Result<Vec<Var<'t, F>>> {
        pullback(self.tape, &[(self, seed)], wanted, Unreached::Reason)
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
