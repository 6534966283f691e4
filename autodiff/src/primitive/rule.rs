//! What a rule is given, and what it may answer.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::tape::Arg;
use crate::tape::var::{Index, Key, Var};
use smallvec::SmallVec;

/// What a rule answers for one operand (reverse), or for the result (tangent): three different nothings, never confused.
#[derive(Clone, Copy, Debug)]
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

/// The cotangents of a primitive's operands, in order.
pub type Cotangents<'t, F> = SmallVec<[Derivative<'t, F>; 2]>;

/// One application of a primitive, as its rules see it: operands, result, and which derivatives are wanted.
///
/// Rules may combine the handles with any `Var` operation; they never read values.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a, 't, F: Real> {
    pub(crate) inputs: &'a [Arg<'t, F>],
    pub(crate) output: Var<'t, F>,
    pub(crate) wants: &'a [bool],
}

impl<'t, F: Real> Site<'_, 't, F> {
    /// Operand `i`, an array of reals. Asking for an operand there is not gives an error, reported by the walk.
    pub fn x(&self, i: usize) -> Var<'t, F> {
        match self.inputs.get(i) {
            Some(Arg::Real(x)) => *x,
            _ => self.output.tape().broken_rule(format!("a rule asked for real operand {i}, which there is not")),
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

    /// The result y = f(x): a rule that can be written with it computes nothing twice.
    pub fn y(&self) -> Var<'t, F> {
        self.output
    }

    /// The operands, all kinds.
    pub fn inputs(&self) -> &[Arg<'t, F>] {
        self.inputs
    }

    /// The shape of operand `i`; that of a scalar where there is none.
    pub fn shape(&self, i: usize) -> Shape {
        match self.inputs.get(i) {
            Some(operand) => self.output.tape().with_node(operand.parts().1, |node| node.shape.clone()),
            None => Shape::scalar(),
        }
    }

    /// Whether the cotangent of operand `i` is wanted.
    pub fn wants(&self, i: usize) -> bool {
        self.wants.get(i).copied().unwrap_or(false)
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
        self.output.number(0.0).broadcast_to(self.shape(i))
    }

    /// The tangent of the result as the sum over operands of `term(i, ẋᵢ)`, where ẋᵢ is not zero.
    pub fn tangent(
        &self,
        dx: &[Option<Var<'t, F>>],
        term: impl Fn(usize, Var<'t, F>) -> Var<'t, F>,
    ) -> Derivative<'t, F> {
        let terms = dx.iter().enumerate().filter_map(|(i, dx)| dx.map(|dx| term(i, dx)));
        terms.reduce(|sum, term| sum + term).map_or(Derivative::Zero, Derivative::Of)
    }
}
