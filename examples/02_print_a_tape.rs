//! A tape is a program, and a program is text.
//!
//! Run it with `cargo run --example 02_print_a_tape`.

use autodiff::{Error, Registry, Tape, inspect};

fn main() -> Result<(), Error> {
    // Every operation is one line of the tape: `w · x + b`, squashed, and how far that is from a target.
    let tape = Tape::<f64>::new();
    let x = tape.data([1.0, 2.0]).named("x");
    let loss = tape.scope("unit", || {
        let w = tape.input([0.5, -0.25]).named("w");
        let b = tape.input(0.1).named("b");
        let y = (w.dot(x) + b).tanh().named("y");
        (y - 0.5).square()
    });

    println!("The tape, with the values it computed on the way:\n\n{tape:#}");

    // Frozen, the tape is a program: the same lines without values, to be run on other inputs.
    let program = tape.program(&[loss])?;
    println!("The program:\n\n{program}");

    // The reverse rules record what they do with the same operations, so a gradient is a program too.
    let gradient = program.grad(&[1, 2])?;
    println!("Its gradient with respect to w and b:\n\n{gradient}");

    // What a rule records can be read as mathematics. This is not documentation: the rule is run on symbols.
    for entry in Registry::<f64>::standard().entries() {
        if ["tanh", "matmul"].contains(&entry.example().name()) {
            println!("{}", inspect::rule(entry)?);
        }
    }
    Ok(())
}
