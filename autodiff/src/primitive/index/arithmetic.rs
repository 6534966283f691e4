//! Arithmetic of indices.

use super::operand::IndexOrNumber;
use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::kind::{Kind, Type};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{self, IndexOperation};
use crate::primitive::{Call, Entry, Kernel, Primitive, Sample, SampleOperand, Signature, Types, one_result};
use crate::tape::var::Index;
use std::sync::Arc;

/// y = a ∘ b for an operation ∘ on indices
#[derive(Debug)]
pub struct IndexArithmetic {
    operation: IndexOperation,
}

/// The operations and their words.
const OPERATIONS: [(&str, IndexOperation); 5] = [
    ("add", IndexOperation::Add),
    ("subtract", IndexOperation::Subtract),
    ("multiply", IndexOperation::Multiply),
    ("divide", IndexOperation::Divide),
    ("remainder", IndexOperation::Remainder),
];

impl IndexArithmetic {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(IndexArithmetic { operation: attributes.one_of("operation", &OPERATIONS)? })
    }
}

impl<F: Real> Primitive<F> for IndexArithmetic {
    fn name(&self) -> &'static str {
        "index_arithmetic"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with_one_of("operation", &OPERATIONS, &self.operation)
    }

    fn signature(&self) -> Signature {
        Signature::INDICES
    }

    fn formula(&self) -> &'static str {
        "y = a ∘ b for an operation ∘ on indices"
    }

    fn results(&self, inputs: &[Type]) -> Result<Types, Mismatch> {
        one_result::<F, _>(self, inputs, Kind::Index)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::index_arithmetic(self.operation, call.index(0)?, call.index(1)?, call.index_result(0)?)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    let example = Arc::new(IndexArithmetic { operation: IndexOperation::Add });
    Entry::new(example, |a| Ok(Arc::new(IndexArithmetic::parse(a)?).into())).sampled(|generator| {
        // Of the indices below a bound any may be added, multiplied, and divided into 0; only 0 may always be subtracted.
        let (operation, bounds) = match generator.integer(0, 2) {
            0 => (IndexOperation::Add, [100, 100]),
            1 => (IndexOperation::Multiply, [100, 100]),
            _ => (IndexOperation::Subtract, [100, 1]),
        };
        let shape = generator.shape(0, 3);
        let operands = bounds.map(|bound| SampleOperand::Index(shape.clone(), bound));
        Sample::new(Arc::new(IndexArithmetic { operation }), operands.into())
    })
}

impl<'t, F: Real> Index<'t, F> {
    #[track_caller]
    fn arithmetic(self, operation: IndexOperation, other: Self) -> Self {
        self.broadcasting(Arc::new(IndexArithmetic { operation }), other, Kind::Index).as_index()
    }
}

/// An operator on indices, and on indices and a number.
macro_rules! operator {
    ($trait:ident, $method:ident, $operation:expr, $text:expr) => {
        impl<'t, F: Real> std::ops::$trait for Index<'t, F> {
            type Output = Self;

            #[doc = $text]
            #[track_caller]
            fn $method(self, other: Self) -> Self {
                self.arithmetic($operation, other)
            }
        }

        impl<'t, F: Real> std::ops::$trait<usize> for Index<'t, F> {
            type Output = Self;

            #[doc = $text]
            #[track_caller]
            fn $method(self, number: usize) -> Self {
                self.arithmetic($operation, number.on(self.tape()))
            }
        }

        impl<'t, F: Real> std::ops::$trait<Index<'t, F>> for usize {
            type Output = Index<'t, F>;

            #[doc = $text]
            #[track_caller]
            fn $method(self, i: Index<'t, F>) -> Index<'t, F> {
                self.on(i.tape()).arithmetic($operation, i)
            }
        }
    };
}

operator!(Add, add, IndexOperation::Add, "`a + b`, element by element, broadcasting as NumPy does.");
operator!(Sub, sub, IndexOperation::Subtract, "`a − b`, element by element; a negative difference is refused.");
operator!(Mul, mul, IndexOperation::Multiply, "`a·b`, element by element, broadcasting as NumPy does.");
operator!(Div, div, IndexOperation::Divide, "The quotient of a by b without its fraction; division by 0 is refused.");
operator!(Rem, rem, IndexOperation::Remainder, "The remainder of a divided by b; division by 0 is refused.");
