//! Reverse-mode automatic differentiation on a tape of composable primitives.
//!
//! One idea: **a tape is a program**. Calls on [`Var`]s record primitive operations; the reverse derivative of a
//! composition is the composition of reverse derivatives, r(h∘g∘f) = rf ∘ rg ∘ rh, so differentiation walks the tape
//! backwards and asks each primitive to *record* its own, with the same operations everybody uses. The gradient is a
//! tape too: it prints, steps, is checked, and differentiates again.
//!
//! ```
//! use autodiff::Tape;
//!
//! let tape = Tape::<f64>::new();
//! let x = tape.input([1.0, 2.0]).named("x");
//! let y = (x * x).sum(..);
//! let gradients = y.backward()?;
//! assert_eq!(gradients.get(x)?, ndarray::array![2.0, 4.0].into_dyn());
//! # Ok::<(), autodiff::Error>(())
//! ```
//!
//! | word | means |
//! |---|---|
//! | tape | the list of operations in the order they were recorded (a Wengert list); a node is one of them |
//! | primitive | an operation that a tape records, with its rules for derivatives |
//! | cotangent of a value, x̄ | how much the result changes per change of the value: ∂y/∂x for a number y |
//! | seed | the cotangent of the result, which a reverse pass starts with: 1, unless said otherwise |
//! | tangent of a value, ẋ | how the value changes where the inputs change along a direction |
//! | pullback, pushforward | from the result's cotangent to those of operands; from tangents of operands to the result's |
//! | program, plan | a tape frozen without values; a program compiled to run many times |

#![deny(missing_docs)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(all(feature = "self-tests", debug_assertions))]
#[macro_use]
pub mod self_tests;

// Documentation lists the methods of a type in the order of the modules: what every user of a `Var` needs comes first.
mod base;
mod tape;

mod differentiate;

pub mod check;
pub mod inspect;
#[cfg(all(feature = "instances", debug_assertions))]
mod instances;
pub mod kernels;
pub mod plan;
pub mod primitive;
mod program;
pub mod text;

pub use base::attributes::{Attribute, Attributes};
pub use base::elementary::Elementary;
pub use base::error::{Error, ErrorKind, Mismatch, Place, Refusal, Result};
pub use base::ids::NodeId;
pub use base::kind::Kind;
pub use base::real::{Element, Real};
pub use base::shape::{Layout, Shape};
pub use differentiate::custom_rule::Rule;
pub use differentiate::functions::{grad, hessian, hvp, jacobian, jvp, value_and_grad};
pub use differentiate::gradients::Gradients;
pub use ndarray;
pub use plan::{Feed, Plan, Planner};
pub use primitive::index::operand::IndexOrNumber;
pub use primitive::{Axes, Axis, Conv, PerAxis, Pooling, Primitive, PrimitiveRef, Registry};
pub use program::{Input, NodeView, Program};
pub use tape::value::IntoArray;
pub use tape::var::{Index, Key, Var, VarOrNumber};
pub use tape::{Arg, Tape};

/// Kinks, ties and edges: what value and what slope is taken where mathematics leaves a choice.
#[doc = include_str!("conventions.md")]
pub mod conventions {}

/// What most programs need: `use autodiff::prelude::*`.
pub mod prelude {
    pub use crate::kernels::{self, Elementwise, Operand, ViewMut};
    pub use crate::{Attributes, Error, Gradients, Index, Key, Mismatch, Real, Refusal, Result, Shape, Tape, Var};
}
