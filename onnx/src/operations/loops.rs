//! Loops with a fixed number of steps.

use super::Written;
use crate::application::Application;
use crate::wire::Attribute;
use autodiff::Real;
use autodiff::primitive::{Kernel, Made};

pub(super) fn write<F: Real>(at: &mut Application<'_, '_, F>) -> Written {
    let Kernel::Scan(steps) = at.kernel() else { return Ok(None) };
    if steps.made != Made::All {
        return Err(at.refused("a loop whose number of steps depends on values is not written"));
    }
    let (first, second) = match (at.primitive.bodies(), at.other.primitive().map(|other| other.bodies())) {
        ([first], Some([second])) => (first, second),
        _ => return Ok(None),
    };
    // The body takes the number of the step first; a graph takes what goes from step to step first, and then the rows of
    // this step, of which the number is one.
    let (carries, inputs) = (steps.carries, steps.inputs);
    let names = at.names.clone();
    let captured = names.iter().skip(carries + inputs).cloned().collect();
    let graph = at.writer.subgraph_of_step([first, second], (carries, inputs), captured)?;
    let numbers: Vec<i64> = (0..steps.count as i64).collect();
    let numbers = at.integers(&numbers);
    let mut operands: Vec<&str> = names.iter().take(carries).map(String::as_str).collect();
    operands.push(&numbers);
    operands.extend(names.iter().skip(carries).take(inputs).map(String::as_str));
    let backwards = i64::from(steps.reversed);
    let outputs = first.outputs().count();
    let attributes = [
        Attribute::graph("body", &graph),
        Attribute::integer("num_scan_inputs", inputs as i64 + 1),
        Attribute::integers("scan_input_directions", vec![backwards; inputs + 1]),
        Attribute::integers("scan_output_directions", vec![backwards; outputs.saturating_sub(carries)]),
    ];
    Ok(Some(at.writer.ops("Scan", &operands, outputs, &attributes)))
}
