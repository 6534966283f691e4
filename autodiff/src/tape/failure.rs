//! Operations that could not be recorded: what is wrong, with which operands, and what would fit.

use super::State;
use super::node::describe_operands;
use crate::base::error::{Error, ErrorKind, Mismatch, Refusal};
use crate::base::ids::NodeId;
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{PrimitiveRef, Signature};
use std::panic::Location;

/// Why an operation could not be recorded.
pub(super) enum Failure {
    Shapes(Mismatch),
    Values(Refusal),
}

impl<F: Real> State<F> {
    /// Why the nodes `ids` are not, in number and kind, the operands of `signature`.
    #[cold]
    pub(super) fn arity_or_kinds(&self, signature: Signature, ids: &[NodeId], operands: Option<usize>) -> Mismatch {
        let expected = match signature.count() {
            Some(1) if ids.len() != 1 => "1 operand".into(),
            Some(count) if ids.len() != count => format!("{count} operands"),
            None if ids.is_empty() => "one or more operands".into(),
            _ => {
                let wrong = |(i, id): (usize, &NodeId)| {
                    let (role, expected) = signature.operand(i)?;
                    let got = self.nodes[*id].kind;
                    (!expected.kind(got)).then(|| format!("{role} should be {}, not {}", expected.words(), got.words()))
                };
                let own =
                    || format!("its function takes {} operands, its signature {}", operands.unwrap_or(0), ids.len());
                return Mismatch::new(ids.iter().enumerate().find_map(wrong).unwrap_or_else(own));
            }
        };
        Mismatch::new(format!("takes {expected}, got {}", ids.len()))
    }

    /// Records an error node: `primitive` could not be applied to the nodes `ids`.
    #[cold]
    pub(super) fn push_failure(
        &mut self,
        primitive: &PrimitiveRef<F>,
        ids: &[NodeId],
        failure: Failure,
        location: &'static Location<'static>,
    ) -> NodeId {
        let lines = describe_operands(&self.nodes, &self.labels, &**primitive, ids);
        let (kind, mismatch) = match failure {
            Failure::Values(refusal) => (ErrorKind::Refused, Mismatch::new(refusal.message)),
            Failure::Shapes(mut mismatch) => {
                mismatch.help = mismatch.help.or_else(|| self.suggestion(primitive, ids));
                (ErrorKind::Mismatch, mismatch)
            }
        };
        let error = self.report(kind, primitive.name(), mismatch, lines, location);
        self.push_error(error, location)
    }

    pub(super) fn report(
        &self,
        kind: ErrorKind,
        operation: &str,
        mismatch: Mismatch,
        lines: Vec<String>,
        location: &'static Location<'static>,
    ) -> Error {
        let error = Error::new(kind, operation, mismatch.message).at(self.place(location));
        let error = lines.into_iter().fold(error, Error::with_operand);
        match mismatch.help {
            Some(help) => error.with_help(help),
            None => error,
        }
    }

    /// A remedy found by trying: would the operation fit with an operand transposed, or with the two exchanged?
    fn suggestion(&self, primitive: &PrimitiveRef<F>, ids: &[NodeId]) -> Option<String> {
        let signature = primitive.signature();
        // Indices cannot be transposed, nor stand where reals belong; and an operand alone has nothing to fit to.
        let last = ids.len().checked_sub(1).and_then(|last| signature.operand(last));
        if ids.len() < 2 || last.is_none() || ids.iter().any(|id| self.nodes[*id].kind() != Kind::Real) {
            return None;
        }
        let shapes: Vec<Shape> = ids.iter().map(|id| self.nodes[*id].shape.clone()).collect();
        let fits = |shapes: &[Shape]| primitive.shape(&shapes.iter().collect::<Vec<_>>()).ok();
        for (i, shape) in shapes.iter().enumerate().filter(|(_, shape)| shape.rank() == 2) {
            let mut trial = shapes.clone();
            if let Some(slot) = trial.get_mut(i) {
                *slot = shape.transposed();
            }
            if let Some(result) = fits(&trial) {
                let name = signature.operand(i).map_or("?", |(name, _)| name);
                return Some(format!("`{name}.transpose()` would fit and give {result}"));
            }
        }
        if let [a, b] = shapes.as_slice()
            && let Some(result) = fits(&[b.clone(), a.clone()])
        {
            return Some(format!("the operands exchanged would fit and give {result}"));
        }
        None
    }
}
