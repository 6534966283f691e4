//! What a rule is given, and what it may answer.

use super::rearrange::broadcast_to::BROADCAST_TO;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::tape::Arg;
use crate::tape::Tape;
use crate::tape::node::{Node, Op};
use crate::tape::value::Value;
use crate::tape::var::{Index, Key, Var};
use smallvec::SmallVec;

/// What a rule answers for one operand (reverse), or for one result (tangent): three different nothings, never confused.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Derivative<'t, F: Real> {
    /// The derivative, recorded.
    Of(Var<'t, F>),
    /// There is a derivative and it is zero everywhere.
    Zero,
    /// No derivative flows: the operand is not wanted, is an index, a key or a condition, or is cut off on purpose.
    None,
    /// Not differentiable, because of this reason. Whoever needs the derivative gets the reason as an error.
    Refused(&'static str),
}

/// The cotangents of a primitive's operands, in order: what [`RuleContext::one`] and [`RuleContext::two`] make, or a list that
/// is collected.
pub type Cotangents<'t, F> = SmallVec<[Derivative<'t, F>; 2]>;

/// The tangents of a primitive's results, in order: what [`RuleContext::tangent`] makes of one result, or a list that is
/// collected.
pub type Tangents<'t, F> = SmallVec<[Derivative<'t, F>; 1]>;

/// The partial derivative ∂y/∂xᵢ of an elementwise primitive, as what it does to a cotangent or tangent d. Given once, it
/// yields both rules.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Partial<'t, F: Real> {
    /// 1: d itself.
    One,
    /// −1: −d.
    MinusOne,
    /// A factor f: d·f, and 0 where one of them is 0.
    Times(Var<'t, F>),
    /// A divisor f: d/f, and 0 where d is 0.
    Over(Var<'t, F>),
    /// 1 where this condition is not 0, else 0: d there, and 0 elsewhere.
    Where(Var<'t, F>),
    /// 0 where this condition is not 0, else 1: 0 there, and d elsewhere.
    Unless(Var<'t, F>),
    /// 0 everywhere.
    Zero,
    /// No derivative flows through this operand.
    None,
    /// Not differentiable, because of this reason.
    Refused(&'static str),
    /// The primitive does not say: it has rules of its own, or it lacks them.
    Missing,
}

impl<'t, F: Real> Partial<'t, F> {
    /// ∂y/∂xᵢ · d. All products of a derivative with a factor are made here.
    #[track_caller]
    #[inline(always)]
    fn times(self, d: Var<'t, F>) -> Derivative<'t, F> {
        Derivative::Of(match self {
            Partial::One => d,
            Partial::MinusOne => -d,
            Partial::Times(factor) => scaled(d, factor),
            Partial::Over(divisor) => divided(d, divisor),
            Partial::Where(condition) => d.masked(condition),
            Partial::Unless(condition) => condition.select(0.0, d),
            Partial::Zero => return Derivative::Zero,
            Partial::None => return Derivative::None,
            Partial::Refused(reason) => return Derivative::Refused(reason),
            Partial::Missing => {
                d.tape().broken_rule("it has neither `partial` nor rules of its own (`reverse`, `tangent`)".into())
            }
        })
    }
}

/// A cotangent or tangent d times a factor: every rule's product goes through here. A path on which one of them is 0
/// contributes 0, even if the other is infinite or NaN.
#[track_caller]
pub(crate) fn scaled<'t, F: Real>(d: Var<'t, F>, factor: Var<'t, F>) -> Var<'t, F> {
    if is_ordinary(factor) || is_ordinary(d) { d * factor } else { d.strong_mul(factor) }
}

/// A cotangent or tangent d over a divisor, which is 0 where d is.
#[track_caller]
pub(crate) fn divided<'t, F: Real>(d: Var<'t, F>, divisor: Var<'t, F>) -> Var<'t, F> {
    if is_ordinary(divisor) || is_ordinary(d) { d / divisor } else { d.strong_div(divisor) }
}

/// Whether x is known to be one number, neither 0 nor infinite nor NaN: then an ordinary product does the same, bit for bit.
#[inline]
fn is_ordinary<F: Real>(x: Var<'_, F>) -> bool {
    x.tape.with_nodes(|nodes, _| {
        let node = &nodes[x.id];
        let is_ordinary = |node: &Node<F>| match node.op {
            Op::Constant(Value::Splat(number)) => number.is_finite() && number != F::zero(),
            _ => false,
        };
        match (&node.op, &*node.inputs) {
            (Op::Constant(_), _) => is_ordinary(node),
            // A number that is broadcast to an array. A scalar is never the result of that.
            (Op::Apply(primitive), [number]) if node.shape.rank() > 0 => {
                is_ordinary(&nodes[*number]) && primitive.name() == BROADCAST_TO
            }
            _ => false,
        }
    })
}

/// One application of a primitive, as its rules see it: operands, results, which derivatives are wanted, and in the reverse
/// rule the cotangents of the results.
///
/// Rules may combine the handles with any `Var` operation; they never read values.
#[derive(Clone, Copy, Debug)]
pub struct RuleContext<'a, 't, F: Real> {
    pub(crate) inputs: &'a [Arg<'t, F>],
    /// The first result; the others are the nodes after it.
    pub(crate) output: Var<'t, F>,
    pub(crate) wants: &'a [bool],
    /// The cotangent of each result, in the reverse rule; of those that have one.
    pub(crate) cotangents: &'a [Option<Var<'t, F>>],
}

impl<'t, F: Real> RuleContext<'_, 't, F> {
    /// The tape that the rule records on.
    pub fn tape(&self) -> &'t Tape<F> {
        self.output.tape()
    }

    /// Operand `i`, an array of reals. Asking for an operand there is not gives an error, reported by the walk.
    pub fn x(&self, i: usize) -> Var<'t, F> {
        match self.inputs.get(i) {
            Some(Arg::Real(x)) => *x,
            _ => self.broken(format!("a rule asked for real operand {i}, which there is not")),
        }
    }

    /// The index operand `i`, if it is one.
    pub fn index(&self, i: usize) -> Option<Index<'t, F>> {
        match self.inputs.get(i) {
            Some(Arg::Index(index)) => Some(*index),
            _ => None,
        }
    }

    /// The key operand `i`, if it is one.
    pub fn key(&self, i: usize) -> Option<Key<'t, F>> {
        match self.inputs.get(i) {
            Some(Arg::Key(key)) => Some(*key),
            _ => None,
        }
    }

    /// The result y = f(x), the first if there are several: a rule that can be written with it computes nothing twice.
    pub fn y(&self) -> Var<'t, F> {
        self.output
    }

    /// Result `i` of a primitive with several, as what it is.
    pub fn result(&self, i: usize) -> Arg<'t, F> {
        self.tape().result(self.output.id(), i)
    }

    /// The cotangent ȳ of the result; where there are several, of the first, and zeros if it has none.
    #[inline(always)]
    pub fn dy(&self) -> Var<'t, F> {
        match self.cotangents.first() {
            Some(Some(dy)) => *dy,
            _ => self.dy_of(0),
        }
    }

    /// The cotangent of result `i`, an array of reals; zeros if it has none.
    pub fn dy_of(&self, i: usize) -> Var<'t, F> {
        match (self.cotangents.get(i), self.result(i)) {
            (Some(Some(dy)), _) => *dy,
            (Some(None), Arg::Real(y)) => self.zeros_like(&y.shape().unwrap_or_default()),
            _ => self.broken(format!("a rule asked for the cotangent of real result {i}, which there is not")),
        }
    }

    /// The cotangents of all results; `None` for those that have none: indices and keys, and what the result of the walk does
    /// not depend on. At least one is `Some`.
    pub fn cotangents(&self) -> &[Option<Var<'t, F>>] {
        self.cotangents
    }

    /// The operands, all kinds.
    pub fn inputs(&self) -> &[Arg<'t, F>] {
        self.inputs
    }

    /// The shape of operand `i`; that of a scalar where there is none.
    pub fn shape(&self, i: usize) -> Shape {
        match self.inputs.get(i) {
            Some(operand) => self.tape().with_node(operand.parts().1, |node| node.shape.clone()),
            None => Shape::scalar(),
        }
    }

    /// Whether the derivative by operand `i` is wanted.
    pub fn wants(&self, i: usize) -> bool {
        self.wants.get(i).copied().unwrap_or(false)
    }

    /// d·factor, for a cotangent or tangent d: 0 where one of them is 0, even if the other is infinite or NaN.
    #[track_caller]
    pub fn scaled(&self, d: Var<'t, F>, factor: Var<'t, F>) -> Var<'t, F> {
        scaled(d, factor)
    }

    /// d/divisor, for a cotangent or tangent d: 0 where d is 0, whatever the divisor.
    #[track_caller]
    pub fn divided(&self, d: Var<'t, F>, divisor: Var<'t, F>) -> Var<'t, F> {
        divided(d, divisor)
    }

    /// The cotangent of operand `i`, recorded only if it is wanted.
    pub fn operand(&self, i: usize, rule: impl FnOnce() -> Var<'t, F>) -> Derivative<'t, F> {
        if self.wants(i) { Derivative::Of(rule()) } else { Derivative::None }
    }

    /// The cotangents of a primitive with one operand.
    pub fn one(&self, rule: impl FnOnce() -> Var<'t, F>) -> Cotangents<'t, F> {
        SmallVec::from_buf_and_len([self.operand(0, rule), Derivative::None], 1)
    }

    /// The cotangents of a primitive with two operands.
    pub fn two(&self, a: impl FnOnce() -> Var<'t, F>, b: impl FnOnce() -> Var<'t, F>) -> Cotangents<'t, F> {
        SmallVec::from_buf([self.operand(0, a), self.operand(1, b)])
    }

    /// Zeros in the shape of operand `i`.
    pub fn zeros(&self, i: usize) -> Var<'t, F> {
        self.zeros_like(&self.shape(i))
    }

    /// A number on the tape of the rule.
    pub(crate) fn y_number(&self, number: f64) -> Var<'t, F> {
        self.tape().var(self.output.id()).number(number)
    }

    fn zeros_like(&self, shape: &Shape) -> Var<'t, F> {
        self.output.number(0.0).broadcast_to(shape.clone())
    }

    /// The tangent of the one result as the sum over operands of `term(i, ẋᵢ)`, where ẋᵢ is not zero.
    pub fn tangent(
        &self,
        dx: &[Option<Var<'t, F>>],
        term: impl Fn(usize, Var<'t, F>) -> Var<'t, F>,
    ) -> Tangents<'t, F> {
        let terms = dx.iter().enumerate().filter_map(|(i, dx)| dx.map(|dx| term(i, dx)));
        let sum = terms.reduce(|sum, term| sum + term).map_or(Derivative::Zero, Derivative::Of);
        SmallVec::from_buf([sum])
    }

    fn broken(&self, message: String) -> Var<'t, F> {
        self.tape().broken_rule(message)
    }

    /// The reverse rule that `partial` yields: x̄ᵢ = ȳ·∂y/∂xᵢ.
    #[inline]
    pub(crate) fn reverse_by(&self, partial: impl Fn(usize) -> Partial<'t, F>) -> Cotangents<'t, F> {
        if self.cotangents.len() > 1 {
            return self.of_several();
        }
        let dy = self.dy();
        let answer = |i: usize, wanted: bool| if wanted { partial(i).times(dy) } else { Derivative::None };
        match *self.wants {
            [a] => SmallVec::from_buf_and_len([answer(0, a), Derivative::None], 1),
            [a, b] => SmallVec::from_buf([answer(0, a), answer(1, b)]),
            ref wants => wants.iter().enumerate().map(|(i, wanted)| answer(i, *wanted)).collect(),
        }
    }

    /// Partial derivatives of one result say nothing about the others.
    #[cold]
    fn of_several(&self) -> Cotangents<'t, F> {
        let count = self.cotangents.len();
        let message = format!("it has {count} results, and `partial` is of one: write `reverse` and `tangent`");
        self.inputs.iter().map(|_| Derivative::Of(self.broken(message.clone()))).collect()
    }

    /// The tangent rule that `partial` yields: ẏ = Σᵢ ẋᵢ·∂y/∂xᵢ.
    pub(crate) fn tangent_by(
        &self,
        dx: &[Option<Var<'t, F>>],
        partial: impl Fn(usize) -> Partial<'t, F>,
    ) -> Tangents<'t, F> {
        let mut sum: Option<Var<'t, F>> = None;
        let mut flows = false;
        for (i, dx) in dx.iter().enumerate() {
            let Some(dx) = dx else { continue };
            match partial(i).times(*dx) {
                Derivative::Of(term) => sum = Some(sum.map_or(term, |sum| sum + term)),
                Derivative::Zero => flows = true,
                Derivative::None => {}
                Derivative::Refused(reason) => return SmallVec::from_buf([Derivative::Refused(reason)]),
            }
        }
        let nothing = if flows { Derivative::Zero } else { Derivative::None };
        SmallVec::from_buf([sum.map_or(nothing, Derivative::Of)])
    }
}
