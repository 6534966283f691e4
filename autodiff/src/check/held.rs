//! What a derivative takes as a constant on purpose, held still while the rest moves.

use crate::base::error::{Error, ErrorKind, Result};
use crate::primitive::Kind;
use crate::program::{Input, Program};
use crate::tape::node::Op;

/// The name of the primitive whose operand is a constant of the derivative.
const CUT: &str = "stop_gradient";

/// A program in which each `stop_gradient` keeps the value it has at the point: what the derivative is a derivative of. The
/// values held are further inputs, behind the others; they are data.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) program: Program<f64>,
    pub(super) inputs: Vec<Input<f64>>,
}

impl Held {
    /// Holds them, where there are any.
    pub(super) fn at(program: &Program<f64>, inputs: &[Input<f64>]) -> Result<Option<Held>> {
        let is_cut = |op: &Op<f64>| matches!(op, Op::Apply(primitive) if primitive.name() == CUT);
        if !program.nodes.iter().any(|(_, node)| is_cut(&node.op)) {
            return Ok(None);
        }
        let mut values = program.bind(inputs)?;
        for id in program.nodes.ids() {
            program.evaluate(id, &mut values)?;
        }
        let mut held = inputs.to_vec();
        for (id, node) in program.nodes.iter().filter(|(_, node)| is_cut(&node.op)) {
            let missing = || Error::new(ErrorKind::NoValue, "check", format!("{id} has no value"));
            held.push(Input::known(&values[id], &node.shape).ok_or_else(missing)?);
        }
        let program = program.rewritten(|id, primitive, tape, _| {
            let shape = program.nodes[id].shape.clone();
            Ok((primitive.name() == CUT).then(|| vec![tape.unknown(Kind::Real, shape, false)]))
        })?;
        Ok(Some(Held { program, inputs: held }))
    }

    /// Whether the body of a loop or of a custom rule has one: those are not held.
    pub(super) fn misses(program: &Program<f64>) -> bool {
        let within =
            |body: &Program<f64>| Held::misses(body) || body.nodes.iter().any(|(_, node)| node.operation() == CUT);
        program.nodes.iter().any(|(_, node)| match &node.op {
            Op::Apply(primitive) => primitive.bodies().iter().any(within),
            _ => false,
        })
    }
}
