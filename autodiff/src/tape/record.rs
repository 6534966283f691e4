//! Recording: an operation becomes a node, with its value, or an error with everything the user needs.

use crate::base::error::{Error, ErrorKind, Mismatch, Place, Refusal};
use crate::base::ids::NodeId;
use crate::base::kind::{Kind, Type};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::Elementwise;
use crate::primitive::{Kernel, PrimitiveRef, Types};
use crate::tape::evaluate::{Values, contiguous_view, elementwise, evaluate};
use crate::tape::failure::Failure;
use crate::tape::node::{Node, Op, Operands, describe};
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
        let first = self.recorded(primitive.into(), inputs, &kinds, Location::caller());
        let failed = self.with_node(first.id, |node| matches!(node.op, Op::Error(_)));
        std::array::from_fn(|i| {
            let id = if failed { first.id } else { NodeId::new(first.id.index() + i) };
            Arg::of(self, id, kinds.get(i).copied().unwrap_or(Kind::Real))
        })
    }

    /// As [`record_all`](Self::record_all), for a number of results that is known when the program runs.
    #[track_caller]
    pub fn record_list<'t>(
        &'t self,
        primitive: impl Into<PrimitiveRef<F>>,
        inputs: &[Arg<'t, F>],
        kinds: &[Kind],
    ) -> Vec<Arg<'t, F>> {
        let first = self.recorded(primitive.into(), inputs, kinds, Location::caller());
        let failed = self.with_node(first.id, |node| matches!(node.op, Op::Error(_)));
        let id = |i: usize| if failed { first.id } else { NodeId::new(first.id.index() + i) };
        kinds.iter().enumerate().map(|(i, kind)| Arg::of(self, id(i), *kind)).collect()
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

    /// The first result, or the error.
    fn recorded<'t>(
        &'t self,
        primitive: PrimitiveRef<F>,
        inputs: &[Arg<'t, F>],
        kinds: &[Kind],
        location: &'static Location<'static>,
    ) -> Var<'t, F> {
        // Almost all operations have one or two operands: compiled for each number, loops over them are straight lines.
        match inputs {
            [a] => self.append(primitive, &[*a], &[a.id()], kinds, location),
            [a, b] => self.append(primitive, &[*a, *b], &[a.id(), b.id()], kinds, location),
            _ => {
                let ids = inputs.iter().map(Arg::id).collect::<SmallVec<[_; 8]>>();
                self.append(primitive, inputs, &ids, kinds, location)
            }
        }
    }

    #[inline(always)]
    fn append<'t>(
        &'t self,
        primitive: PrimitiveRef<F>,
        inputs: &[Arg<'t, F>],
        ids: &[NodeId],
        kinds: &[Kind],
        location: &'static Location<'static>,
    ) -> Var<'t, F> {
        if inputs.iter().any(|arg| !std::ptr::eq(arg.parts().0, self)) {
            return self.mixed_tapes(primitive.name(), inputs, location);
        }
        let mut guard = self.state.borrow_mut();
        let state = &mut *guard;
        let mut active = false;
        for id in ids {
            let node = &state.nodes[*id];
            // An error is passed on as it is: the first one is what the user has to see.
            if matches!(node.op, Op::Error(_)) {
                return self.var(*id);
            }
            active |= node.active;
        }
        let made = match ids {
            [a] => state.made(&primitive, ids, &[&state.nodes[*a].shape], self.evaluates),
            [a, b] => state.made(&primitive, ids, &[&state.nodes[*a].shape, &state.nodes[*b].shape], self.evaluates),
            _ => {
                let shapes = ids.iter().map(|id| &state.nodes[*id].shape).collect::<SmallVec<[_; 8]>>();
                state.made(&primitive, ids, &shapes, self.evaluates)
            }
        };
        let made = match made {
            Ok(made) => made,
            Err(failure) => return self.var(state.push_failure(&primitive, ids, failure, location)),
        };
        let (scope, line) = state.here(location);
        match made {
            Made::One(shape, value) if kinds == [Kind::Real] => {
                let (op, inputs) = (Op::Apply(primitive), Operands::from(ids));
                let node = Node { op, inputs, shape, kind: Kind::Real, active, scope, location: line };
                self.var(state.push(node, value))
            }
            made => {
                let (types, values) = made.list();
                if !types.iter().map(|result| result.kind).eq(kinds.iter().copied()) {
                    let failure = Failure::Shapes(other_results(&types, kinds));
                    return self.var(state.push_failure(&primitive, ids, failure, location));
                }
                self.var(state.push_results(&primitive, ids, types, values, active, (scope, line)))
            }
        }
    }

    /// Records that `operation` does not fit its operands: for methods that check before they apply a primitive.
    #[track_caller]
    pub fn refuse<'t>(&'t self, operation: &str, inputs: &[Arg<'t, F>], mismatch: Mismatch) -> Var<'t, F> {
        let location = Location::caller();
        let mut state = self.state.borrow_mut();
        let known = inputs.iter().filter(|arg| std::ptr::eq(arg.parts().0, self));
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
    pub(crate) fn misfit<'t>(
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
            let whose = if std::ptr::eq(tape, self) { "this tape" } else { "another tape" };
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

/// What an application gives: almost always one array of reals.
enum Made<F> {
    One(Shape, Value<F>),
    List(Types, Values<F>),
}

impl<F: Real> Made<F> {
    fn list(self) -> (Types, Values<F>) {
        match self {
            Made::One(shape, value) => (Types::from_buf([Type { kind: Kind::Real, shape }]), Values::from_buf([value])),
            Made::List(types, values) => (types, values),
        }
    }
}

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

impl<F: Real> State<F> {
    /// The results of `primitive` applied to the nodes `ids`, which have these shapes.
    #[inline(always)]
    fn made(
        &self,
        primitive: &PrimitiveRef<F>,
        ids: &[NodeId],
        shapes: &[&Shape],
        evaluates: bool,
    ) -> Result<Made<F>, Failure> {
        let kernel = primitive.kernel(shapes);
        if let Kernel::Elementwise(function) = &kernel {
            let shape = self.elementwise_shape(primitive, function, ids, shapes).map_err(Failure::Shapes)?;
            let value = match evaluates {
                true => elementwise(&self.nodes, &self.values, function, ids, &shape).map_err(Failure::Values)?,
                false => Value::Unknown,
            };
            return Ok(Made::One(shape, value));
        }
        let types = self.result_types(primitive, ids).map_err(Failure::Shapes)?;
        if let (Kernel::Sum, Some(result)) = (&kernel, types.first().filter(|result| result.shape.size() != 1)) {
            let message = format!("the primitive is the sum of all elements, its shape rule says {}", result.shape);
            return Err(Failure::Values(Refusal::new(message)));
        }
        let values = match evaluates {
            true => evaluate(&self.nodes, &self.values, &**primitive, &kernel, ids, &types).map_err(Failure::Values)?,
            false => {
                if let (Kernel::View, [from], [result]) = (&kernel, shapes, types.as_slice()) {
                    contiguous_view(&**primitive, from, &result.shape).map_err(Failure::Values)?;
                }
                types.iter().map(|_| Value::Unknown).collect()
            }
        };
        Ok(Made::List(types, values))
    }

    /// The shape of an elementwise result, to which every operand broadcasts.
    #[inline(always)]
    fn elementwise_shape(
        &self,
        primitive: &PrimitiveRef<F>,
        function: &Elementwise<F>,
        ids: &[NodeId],
        shapes: &[&Shape],
    ) -> Result<Shape, Mismatch> {
        if function.operands() != ids.len() || ids.iter().any(|id| self.nodes[*id].kind != Kind::Real) {
            return Err(self.arity_or_kinds(primitive.signature(), ids, Some(function.operands())));
        }
        let shape = primitive.shape(shapes)?;
        match shapes.iter().all(|from| **from == shape) {
            true => Ok(shape),
            false => broadcasts::<F>(shapes, shape),
        }
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
        (scope, location): (u32, Option<&'static Location<'static>>),
    ) -> NodeId {
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

    pub(super) fn place(&self, location: &'static Location<'static>) -> Place {
        let (scope, location) = self.here(location);
        Place { location, scope: self.labels.scope(scope).into() }
    }

    pub(crate) fn push_error(&mut self, error: Error, location: &'static Location<'static>) -> NodeId {
        let (scope, location) = self.here(location);
        let (op, inputs, shape) = (Op::Error(error), Operands::NONE, Shape::scalar());
        self.push(Node { op, inputs, shape, kind: Kind::Real, active: false, scope, location }, Value::Unknown)
    }
}

/// The shape, if all operands of an elementwise primitive broadcast to it.
#[cold]
fn broadcasts<F: Real>(shapes: &[&Shape], to: Shape) -> Result<Shape, Mismatch> {
    match shapes.iter().find(|from| from.broadcast(&to).as_ref() != Some(&to)) {
        None => match fits_memory::<F>(Kind::Real, &to) {
            true => Ok(to),
            false => Err(Mismatch::new(format!("the result would be too large: {to}"))),
        },
        Some(from) => Err(Mismatch::new(format!(
            "the shape rule says {to}, to which an operand of shape {from} does not broadcast"
        ))),
    }
}

/// Whether a machine can hold such an array.
fn fits_memory<F: Real>(kind: Kind, shape: &Shape) -> bool {
    match kind {
        Kind::Real => shape.is_addressable::<F>(),
        Kind::Index => shape.is_addressable::<usize>(),
        Kind::Key => shape.rank() == 0,
    }
}

/// That there are results, and that no machine is too small for them.
fn check_results<F: Real>(types: &Types) -> Result<(), Mismatch> {
    if types.is_empty() {
        return Err(Mismatch::new("a primitive has at least one result"));
    }
    for Type { kind, shape } in types {
        if !fits_memory::<F>(*kind, shape) {
            return Err(Mismatch::new(format!("the result would be too large: {shape}")));
        }
    }
    Ok(())
}
