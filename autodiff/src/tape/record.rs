//! Recording: an operation becomes a node, with its value, or an error with everything the user needs.

use crate::base::error::{Error, ErrorKind, Mismatch, Place, Refusal};
use crate::base::ids::NodeId;
use crate::base::kind::{Kind, Type};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Kernel, PrimitiveRef, Types};
use crate::tape::evaluate::{Values, contiguous_view, elementwise, evaluate};
use crate::tape::failure::Failure;
use crate::tape::node::{Node, Op, Operands, describe};
use crate::tape::query::with_shapes;
use crate::tape::value::Value;
use crate::tape::var::Var;
use crate::tape::{Arg, State, Tape};
use smallvec::SmallVec;
use std::panic::Location;

impl<F: Real> Tape<F> {
    /// Applies `primitive`, which has one result, an array of reals, to `inputs`: shape rule, evaluation, one node.
    ///
    /// This is what every method of [`Var`] does; it is public so that primitives of other crates can do it too.
    #[track_caller]
    pub fn record<'t>(&'t self, primitive: impl Into<PrimitiveRef<F>>, inputs: &[Arg<'t, F>]) -> Var<'t, F> {
        self.recorded(primitive.into(), inputs, &[Kind::Real], Location::caller())
    }

    /// Applies `primitive`, whose results are of these kinds, to `inputs`: the results, in order. Where the operands do not
    /// fit, or the results are of other kinds, all of them are the error.
    ///
    /// ```
    /// use autodiff::prelude::*;
    /// use autodiff::primitive::*;
    ///
    /// /// y₀ = sin x, y₁ = cos x
    /// #[derive(Debug)]
    /// struct SinCos;
    ///
    /// impl<F: Real> Primitive<F> for SinCos {
    ///     fn name(&self) -> &'static str { "doc::sin_cos" }
    ///     fn formula(&self) -> &'static str { "y₀ = sin x, y₁ = cos x" }
    ///     fn results(&self, inputs: &[Type]) -> Result<Types, Mismatch> {
    ///         let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
    ///         Ok([x.clone(), x.clone()].into_iter().collect())
    ///     }
    ///     fn kernel(&self, _: &[&Shape]) -> Kernel<F> { Kernel::general() }
    ///     fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
    ///         let (x, mut sin, mut cos) = (call.x(0)?, call.y(0)?, call.y(1)?);
    ///         for ((x, sin), cos) in x.iter().zip(sin.as_mut_slice()).zip(cos.as_mut_slice()) {
    ///             (*sin, *cos) = x.sin_cos();
    ///         }
    ///         Ok(())
    ///     }
    ///     // x̄ = ȳ₀·cos x − ȳ₁·sin x
    ///     fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
    ///         let (sin, cos) = (at.y(), at.result(1).var());
    ///         at.one(|| at.scaled(at.dy_of(0), cos) - at.scaled(at.dy_of(1), sin))
    ///     }
    ///     // ẏ₀ = ẋ·cos x, ẏ₁ = −ẋ·sin x
    ///     fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
    ///         let (sin, cos) = (at.y(), at.result(1).var());
    ///         let of_sin = at.tangent(dx, |_, dx| at.scaled(dx, cos));
    ///         let of_cos = at.tangent(dx, |_, dx| -at.scaled(dx, sin));
    ///         of_sin.into_iter().chain(of_cos).collect()
    ///     }
    /// }
    ///
    /// let tape = Tape::<f64>::new();
    /// let x = tape.input([0.0, 0.5]);
    /// let [sin, cos] = tape.record_all(&SinCos, &[x.into()], [Kind::Real, Kind::Real]);
    /// let y = (sin.var() * cos.var()).sum(..);
    /// let slope = y.backward()?.get(x)?.to_owned();
    /// assert!((slope[[1]] - 1f64.cos()).abs() < 1e-15); // sin x·cos x = ½·sin 2x
    ///
    /// let entry = Entry::fixed(&SinCos).sampled(|g| Sample::elementwise(&SinCos, g, &[Domain::between(-6.0, 6.0)]));
    /// assert_eq!(autodiff::check::primitive(&entry, 20)?.verdict(), autodiff::check::Verdict::Pass);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn record_all<'t, const N: usize>(
        &'t self,
        primitive: impl Into<PrimitiveRef<F>>,
        inputs: &[Arg<'t, F>],
        kinds: [Kind; N],
    ) -> [Arg<'t, F>; N] {
        std::array::from_fn(self.recorded_all(primitive.into(), inputs, &kinds, Location::caller()))
    }

    /// As [`record_all`](Self::record_all), for a number of results that is known when the program runs.
    #[track_caller]
    pub fn record_list<'t>(
        &'t self,
        primitive: impl Into<PrimitiveRef<F>>,
        inputs: &[Arg<'t, F>],
        kinds: &[Kind],
    ) -> Vec<Arg<'t, F>> {
        let result = self.recorded_all(primitive.into(), inputs, kinds, Location::caller());
        (0..kinds.len()).map(result).collect()
    }

    /// As [`record_list`](Self::record_list), whatever the results are; the error alone where there is one.
    #[track_caller]
    pub(crate) fn record_any<'t>(
        &'t self,
        primitive: impl Into<PrimitiveRef<F>>,
        inputs: &[Arg<'t, F>],
    ) -> Vec<Arg<'t, F>> {
        let primitive = primitive.into();
        let typed = |arg: &Arg<'t, F>| Some(Type { kind: arg.kind(), shape: arg.shape().ok()? });
        let types = inputs.iter().map(typed).collect::<Option<Vec<Type>>>();
        let fits = |types: &Vec<Type>| primitive.signature().fits(types.iter().map(|operand| operand.kind));
        let results = types.filter(fits).and_then(|types| primitive.results(&types).ok());
        let kinds: Vec<Kind> = results.map_or(vec![Kind::Real], |types| types.iter().map(|y| y.kind).collect());
        self.record_list(primitive, inputs, &kinds)
    }

    /// Result `i` of the application whose first result is `first`; an error where there is none.
    pub(crate) fn result(&self, first: NodeId, i: usize) -> Arg<'_, F> {
        let id = NodeId::new(first.index() + i);
        let there = self.with_nodes(|nodes, _| match nodes.find(id).map(|node| &node.op) {
            Some(Op::Result) => NodeId::all(id.index()).rev().take(i).all(|id| match nodes[id].op {
                Op::Result => id > first,
                _ => id == first,
            }),
            Some(_) => i == 0,
            None => false,
        });
        if there { self.arg(id) } else { self.broken_rule(format!("there is no result {i}")).into() }
    }

    /// The results by number; all of them the error where there is one.
    fn recorded_all<'t>(
        &'t self,
        primitive: PrimitiveRef<F>,
        inputs: &[Arg<'t, F>],
        kinds: &[Kind],
        location: &'static Location<'static>,
    ) -> impl Fn(usize) -> Arg<'t, F> {
        let first = self.recorded(primitive, inputs, kinds, location).id;
        let failed = self.with_node(first, |node| matches!(node.op, Op::Error(_)));
        move |i| {
            let id = if failed { first } else { NodeId::new(first.index() + i) };
            Arg::of(self, id, kinds.get(i).copied().unwrap_or(Kind::Real))
        }
    }

    /// The first result, or the error.
    fn recorded<'t>(
        &'t self,
        primitive: PrimitiveRef<F>,
        inputs: &[Arg<'t, F>],
        kinds: &[Kind],
        location: &'static Location<'static>,
    ) -> Var<'t, F> {
        let evaluates = self.evaluates.get();
        let mut state = self.state.borrow_mut();
        // Almost all operations have one or two operands: compiled for each number, loops over them are straight lines.
        let applied = match inputs {
            [a] if a.is_on(self) => state.applied(&primitive, &[a.id()], kinds, evaluates, location),
            [a, b] if a.is_on(self) && b.is_on(self) => {
                state.applied(&primitive, &[a.id(), b.id()], kinds, evaluates, location)
            }
            _ if inputs.iter().all(|arg| arg.is_on(self)) => {
                let ids = inputs.iter().map(Arg::id).collect::<SmallVec<[_; 8]>>();
                state.applied(&primitive, &ids, kinds, evaluates, location)
            }
            _ => {
                drop(state);
                return self.mixed_tapes(primitive.name(), inputs, location);
            }
        };
        self.var(match applied {
            Ok(Applied { inputs, active, shape, value }) => {
                let (scope, location) = state.here(location);
                let op = Op::Apply(primitive);
                state.push(Node { op, inputs, shape, kind: Kind::Real, active, scope, location }, value)
            }
            Err(node) => node,
        })
    }

    /// Records that `operation` does not fit its operands: for methods that check before they apply a primitive.
    #[track_caller]
    pub fn refuse<'t>(&'t self, operation: &str, inputs: &[Arg<'t, F>], mismatch: Mismatch) -> Var<'t, F> {
        let location = Location::caller();
        let mut state = self.state.borrow_mut();
        let known = inputs.iter().filter(|arg| arg.is_on(self));
        let ids: SmallVec<[NodeId; 2]> = known.map(Arg::id).collect();
        if let Some(error) = ids.iter().find(|id| matches!(state.nodes[**id].op, Op::Error(_))) {
            return self.var(*error);
        }
        let roles: &[&str] = if ids.len() == 1 { &["x"] } else { &["a", "b", "c"] };
        let lines = ids.iter().zip(roles).map(|(id, role)| describe(&state.nodes, &state.labels, *id, role)).collect();
        let error = state.report(ErrorKind::Mismatch, operation, mismatch, lines, location);
        let id = state.push_error(error, location);
        drop(state);
        self.var(id)
    }

    /// Records that `primitive` does not fit its operands, which are all on this tape.
    #[track_caller]
    pub(crate) fn mismatched<'t>(
        &'t self,
        primitive: &PrimitiveRef<F>,
        inputs: &[Arg<'t, F>],
        mismatch: Mismatch,
    ) -> Var<'t, F> {
        let location = Location::caller();
        let mut state = self.state.borrow_mut();
        let ids: SmallVec<[NodeId; 2]> = inputs.iter().map(Arg::id).collect();
        let id = state.push_failure(primitive, &ids, Failure::Shapes(mismatch), location);
        self.var(id)
    }

    /// An error var.
    #[track_caller]
    pub(crate) fn failed(&self, error: Error) -> Var<'_, F> {
        let id = self.state.borrow_mut().push_error(error, Location::caller());
        self.var(id)
    }

    pub(crate) fn broken_rule(&self, message: String) -> Var<'_, F> {
        self.failed(Error::new(ErrorKind::FaultyRule, "rule", message))
    }

    #[cold]
    pub(crate) fn mixed_tapes<'t>(
        &'t self,
        operation: &str,
        inputs: &[Arg<'t, F>],
        location: &'static Location<'static>,
    ) -> Var<'t, F> {
        let mut error = Error::new(
            ErrorKind::TapesMixed,
            operation,
            "the operands are on different tapes; an operation needs all its operands on one",
        );
        for (i, arg) in inputs.iter().enumerate() {
            let (tape, id) = arg.parts();
            let whose = if arg.is_on(self) { "this tape" } else { "another tape" };
            let state = tape.state.borrow();
            error = error.with_operand(describe(&state.nodes, &state.labels, id, &format!("operand {i}, of {whose}")));
        }
        let mut state = self.state.borrow_mut();
        let error = error.at(state.place(location)).with_help(BRING_OVER);
        let id = state.push_error(error, location);
        drop(state);
        self.var(id)
    }
}

/// What to do about a var of another tape.
pub(crate) const BRING_OVER: &str = "bring the value over with `tape.input(x.value()?)` or `tape.constant(x.value()?)`";

#[cold]
fn other_results(types: &Types, asked: &[Kind]) -> Mismatch {
    let listed = |kinds: Vec<Kind>| {
        let words: Vec<&str> = kinds.iter().map(|kind| kind.words()).collect();
        let plural = if kinds.len() == 1 { "" } else { "s" };
        format!("{} result{plural} ({})", kinds.len(), words.join(", "))
    };
    let (own, wanted) = (listed(types.iter().map(|result| result.kind).collect()), listed(asked.to_vec()));
    let help = match types.len() == 1 && asked.len() > 1 {
        true => "a `Kernel::Elementwise` has one result, whatever `results` says: several need a `Kernel::General`",
        false => "`tape.record` is for one array of reals; `tape.record_all` for results of any number and kind",
    };
    Mismatch::new(format!("it has {own}, not {wanted} as asked for")).with_help(help)
}

/// What an application gives: almost always one array of reals.
enum Made<F> {
    One(Shape, Value<F>),
    List(Types, Values<F>),
}

/// An elementwise primitive applied to operands: a node to be appended.
struct Applied<F> {
    inputs: Operands,
    active: bool,
    shape: Shape,
    value: Value<F>,
}

impl<F: Real> State<F> {
    /// `primitive` applied to the nodes `ids`, where the result is one array of reals, element by element; otherwise the node
    /// of the first result, or of the error, which was appended.
    #[inline(always)]
    fn applied(
        &mut self,
        primitive: &PrimitiveRef<F>,
        ids: &[NodeId],
        kinds: &[Kind],
        evaluates: bool,
        location: &'static Location<'static>,
    ) -> Result<Applied<F>, NodeId> {
        let mut active = false;
        for id in ids {
            let node = &self.nodes[*id];
            // An error is passed on as it is: the first one is what the user has to see.
            if matches!(node.op, Op::Error(_)) {
                return Err(*id);
            }
            active |= node.active;
        }
        let made = with_shapes!(self.nodes, ids, |shapes| self.made(primitive, ids, shapes, kinds, evaluates));
        match made {
            Ok(Made::One(shape, value)) => Ok(Applied { inputs: Operands::from(ids), active, shape, value }),
            Ok(Made::List(types, values)) => Err(self.push_results(primitive, ids, types, values, active, location)),
            Err(failure) => Err(self.push_failure(primitive, ids, failure, location)),
        }
    }

    /// The results of `primitive` applied to the nodes `ids`, which have these shapes.
    #[inline(always)]
    fn made(
        &self,
        primitive: &PrimitiveRef<F>,
        ids: &[NodeId],
        shapes: &[&Shape],
        kinds: &[Kind],
        evaluates: bool,
    ) -> Result<Made<F>, Failure> {
        let kernel = primitive.kernel(shapes);
        let (Kernel::Elementwise(function), [Kind::Real]) = (&kernel, kinds) else {
            return self.results(primitive, &kernel, ids, kinds, evaluates);
        };
        let mut fits = function.operands() == ids.len();
        for id in ids {
            fits &= self.nodes[*id].kind == Kind::Real;
        }
        if !fits {
            let mismatch = self.arity_or_kinds(primitive.signature(), ids, Some(function.operands()));
            return Err(Failure::Shapes(mismatch));
        }
        let shape = elementwise_shape(primitive, shapes).map_err(Failure::Shapes)?;
        let value = match evaluates {
            true => elementwise(&self.nodes, &self.values, function, ids, &shape).map_err(Failure::Values)?,
            false => Value::Unknown,
        };
        Ok(Made::One(shape, value))
    }

    /// The results of `primitive`, which runs as `kernel` says, applied to the nodes `ids`; they have to be of these kinds.
    #[inline(never)]
    fn results(
        &self,
        primitive: &PrimitiveRef<F>,
        kernel: &Kernel<F>,
        ids: &[NodeId],
        kinds: &[Kind],
        evaluates: bool,
    ) -> Result<Made<F>, Failure> {
        if let Kernel::Elementwise(_) = kernel {
            let one = Types::from_buf([Type::real(Shape::scalar())]);
            return Err(Failure::Shapes(other_results(&one, kinds)));
        }
        let types = self.result_types(primitive, ids).map_err(Failure::Shapes)?;
        if !types.iter().map(|result| result.kind).eq(kinds.iter().copied()) {
            return Err(Failure::Shapes(other_results(&types, kinds)));
        }
        let refused = |message: String| Err(Failure::Values(Refusal::new(message)));
        if let (Kernel::Sum, [result, ..]) = (kernel, types.as_slice())
            && result.shape.size() != 1
        {
            let shape = &result.shape;
            return refused(format!("the primitive is the sum of all elements, its shape rule says {shape}"));
        }
        let values = match evaluates {
            true => evaluate(&self.nodes, &self.values, &**primitive, kernel, ids, &types).map_err(Failure::Values)?,
            false => {
                if let (Kernel::View, [from], [result]) = (kernel, ids, types.as_slice()) {
                    let from = &self.nodes[*from].shape;
                    contiguous_view(&**primitive, from, &result.shape).map_err(Failure::Values)?;
                }
                types.iter().map(|_| Value::Unknown).collect()
            }
        };
        Ok(Made::List(types, values))
    }

    fn result_types(&self, primitive: &PrimitiveRef<F>, ids: &[NodeId]) -> Result<Types, Mismatch> {
        let signature = primitive.signature();
        if !signature.fits(ids.iter().map(|id| self.nodes[*id].kind)) {
            return Err(self.arity_or_kinds(signature, ids, None));
        }
        let mut inputs: SmallVec<[Type; 4]> = SmallVec::new();
        for id in ids {
            let node = &self.nodes[*id];
            inputs.push(Type { kind: node.kind, shape: node.shape.clone() });
        }
        let types = primitive.results(&inputs)?;
        check_results::<F>(&types).map(|()| types)
    }

    /// Appends the results of one application: consecutive nodes.
    fn push_results(
        &mut self,
        primitive: &PrimitiveRef<F>,
        ids: &[NodeId],
        types: Types,
        values: Values<F>,
        active: bool,
        location: &'static Location<'static>,
    ) -> NodeId {
        let (scope, location) = self.here(location);
        let first = NodeId::new(self.nodes.len());
        for (i, (Type { kind, shape }, value)) in types.into_iter().zip(values).enumerate() {
            let (op, inputs) = match i {
                0 => (Op::Apply(primitive.clone()), Operands::from(ids)),
                _ => (Op::Result, Operands::from(&[first][..])),
            };
            let active = active && kind == Kind::Real;
            self.push(Node { op, inputs, shape, kind, active, scope, location }, value);
        }
        first
    }

    /// The scope, and the line that what `location` records is attributed to.
    #[inline(always)]
    pub(crate) fn here(&self, location: &'static Location<'static>) -> (u32, Option<&'static Location<'static>>) {
        (self.scope, self.attributed.unwrap_or(Some(location)))
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, node: Node<F>, value: Value<F>) -> NodeId {
        // The larger one first: while memory grows, what is still to come waits on the stack.
        let id = self.nodes.push(node);
        self.values.push(value);
        id
    }

    pub(crate) fn place(&self, location: &'static Location<'static>) -> Place {
        let (scope, location) = self.here(location);
        Place { location, scope: self.labels.scope(scope).into() }
    }

    pub(crate) fn push_error(&mut self, error: Error, location: &'static Location<'static>) -> NodeId {
        let (scope, location) = self.here(location);
        let (op, inputs, shape) = (Op::Error(error), Operands::NONE, Shape::scalar());
        self.push(Node { op, inputs, shape, kind: Kind::Real, active: false, scope, location }, Value::Unknown)
    }
}

/// The shape of an elementwise result, to which every operand broadcasts.
#[inline(always)]
fn elementwise_shape<F: Real>(primitive: &PrimitiveRef<F>, shapes: &[&Shape]) -> Result<Shape, Mismatch> {
    let shape = primitive.shape(shapes)?;
    for from in shapes {
        if **from != shape {
            return broadcasts::<F>(shapes, shape);
        }
    }
    Ok(shape)
}

/// The shape, if all operands of an elementwise primitive broadcast to it.
#[cold]
fn broadcasts<F: Real>(shapes: &[&Shape], to: Shape) -> Result<Shape, Mismatch> {
    match shapes.iter().find(|from| from.broadcast(&to).as_ref() != Some(&to)) {
        None => to.check::<F>("the result").map(|()| to),
        Some(from) => Err(Mismatch::new(format!(
            "the shape rule says {to}, to which an operand of shape {from} does not broadcast"
        ))),
    }
}

/// That there are results, and that no machine is too small for them.
fn check_results<F: Real>(types: &Types) -> Result<(), Mismatch> {
    if types.is_empty() {
        return Err(Mismatch::new("a primitive has at least one result"));
    }
    for Type { kind, shape } in types {
        match kind {
            Kind::Real => shape.check::<F>("the result")?,
            Kind::Index => shape.check::<usize>("the result")?,
            Kind::Key if shape.rank() == 0 => {}
            Kind::Key => return Err(Mismatch::new(format!("a key has no axes, the result would have shape {shape}"))),
        }
    }
    Ok(())
}
