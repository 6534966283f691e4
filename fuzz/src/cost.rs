//! What running a program would take: a text may ask for any amount.

use autodiff::primitive::Kernel;
use autodiff::{Program, Real, Shape};

/// The most numbers that all values of a program may have together.
const MEMORY: f64 = 1e6;

/// The most operations on numbers, roughly.
const WORK: f64 = 1e7;

/// Whether a program takes more memory or work than is spent on one text.
pub(crate) fn is_large<F: Real>(program: &Program<F>) -> bool {
    let (memory, work) = of(program);
    // A number that is not finite is too large, too.
    !(memory <= MEMORY && work <= WORK)
}

/// The elements of a shape; more than can be counted is some number.
fn size(shape: &Shape) -> f64 {
    shape.iter().map(|length| *length as f64).product()
}

fn of<F: Real>(program: &Program<F>) -> (f64, f64) {
    let (mut memory, mut work) = (0.0, 0.0);
    for node in program.nodes() {
        let own = size(node.shape());
        memory += own;
        work += own;
        let Some(primitive) = node.primitive() else { continue };
        let shapes: Vec<&Shape> =
            node.operands().iter().filter_map(|id| program.node(*id)).map(|node| node.shape()).collect();
        let sizes = shapes.iter().map(|shape| size(shape));
        match primitive.kernel(&shapes) {
            Kernel::Elementwise(_) | Kernel::View | Kernel::Sum => {}
            Kernel::Program | Kernel::Scan(_) => {}
            // Products, windows: at the most each element of the result takes each of the largest operand.
            Kernel::General(general) => {
                memory += general.workspace() as f64;
                work += own * sizes.fold(1.0, f64::max);
            }
        }
        let steps = match primitive.kernel(&shapes) {
            Kernel::Scan(steps) => steps.count as f64,
            _ => 1.0,
        };
        for body in primitive.bodies() {
            let (in_body, of_body) = of(body);
            memory += in_body;
            work += steps * (1.0 + of_body);
        }
    }
    (memory, work)
}
