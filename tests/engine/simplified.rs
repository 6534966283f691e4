//! What simplifying leaves out, and what it has to leave.

use autodiff::{Input, Program, Tape, Var};

fn bits(program: &Program<f64>, inputs: &[Input<f64>]) -> Vec<Vec<u64>> {
    program.run(inputs).unwrap().iter().map(|y| y.iter().map(|y| y.to_bits()).collect()).collect()
}

/// How often `operation` is left in the program simplified, which has the bits of the program.
#[track_caller]
fn left<'t>(tape: &'t Tape<f64>, outputs: &[Var<'t, f64>], inputs: &[Input<f64>], operation: &str) -> usize {
    let program = tape.program(outputs).unwrap();
    let simple = program.simplified();
    assert_eq!(bits(&simple, inputs), bits(&program, inputs), "{program}\n{simple}");
    simple.nodes().filter(|node| node.operation() == operation).count()
}

/// Zero plus −0 is 0: of the four additions and subtractions of a zero, two change no bit.
#[test]
fn zeros_have_a_sign() {
    let given = [-0.0, 0.0, 1.0, f64::NEG_INFINITY];
    let tape = Tape::<f64>::new();
    let x = tape.input(given);
    let sums = [x + 0.0, x + -0.0, x - 0.0, x - -0.0];
    let inputs = [Input::real(given)];
    assert_eq!(sums.map(|y| left(&tape, &[y], &inputs, "add") + left(&tape, &[y], &inputs, "sub")), [1, 0, 0, 1]);
    // Nor are the constants one.
    assert_eq!(
        left(&tape, &[1.0 / tape.constant(0.0), 1.0 / tape.constant(-0.0)], &[Input::real(given)], "constant"),
        2
    );
    assert_eq!(left(&tape, &[x * tape.constant(0.0), x * tape.constant(-0.0)], &inputs, "constant"), 2);
}

#[test]
fn only_the_permutation_that_moves_nothing_is_left_out() {
    let tape = Tape::<f64>::new();
    let x = tape.input(ndarray::Array::from_iter((0..18).map(f64::from)).into_shape_with_order((2, 3, 3)).unwrap());
    let inputs = [Input::Real(x.value().unwrap())];
    for (axes, expected) in [([0, 1, 2], 0), ([0, 2, 1], 1)] {
        assert_eq!(left(&tape, &[x.permute(axes)], &inputs, "transpose"), expected, "{axes:?}");
    }
}

#[test]
fn constants_of_up_to_1024_elements_are_folded() {
    for (length, expected) in [(1, 0), (1024, 0), (1025, 1)] {
        let tape = Tape::<f64>::new();
        let constant = tape.constant((0..length).map(|i| i as f64 / 1e3).collect::<Vec<_>>());
        assert_eq!(left(&tape, &[constant.exp()], &[], "exp"), expected, "{length}");
        // However large, an array of one number is a number; a sum of a large one has the bits of its kernel.
        let tape = Tape::<f64>::new();
        assert_eq!(left(&tape, &[tape.constant(0.5).broadcast_to([length]).exp()], &[], "exp"), 0, "{length}");
    }
    // The result counts, too.
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.constant([[0.1], [0.2]]), tape.constant(vec![[0.3; 600], [0.4; 600]]));
    assert_eq!(left(&tape, &[a + b], &[], "add"), 1);
}

/// A number that occurs twice is one constant, if the shapes are one, too.
#[test]
fn equal_numbers_are_one_constant() {
    let tape = Tape::<f64>::new();
    let (x, y) = (tape.input(2.0), tape.input([1.0, 3.0]));
    let inputs = [Input::real(2.0), Input::real([1.0, 3.0])];
    let two = || tape.constant(2.0);
    assert_eq!(left(&tape, &[x * two(), x + two(), x - two().square()], &inputs, "constant"), 2);
    assert_eq!(left(&tape, &[x * two(), y * tape.constant([2.0, 2.0])], &inputs, "constant"), 2);
}

#[test]
fn nodes_keep_their_scopes() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 3.0]);
    let y = tape.scope("gone", || x.reshape([2]));
    let z = tape.scope("kept", || y.exp());
    let w = tape.scope("last", || z.sum(..));
    let simple = tape.program(&[w]).unwrap().simplified();
    let scopes: Vec<(&str, &str)> = simple.nodes().map(|node| (node.operation(), node.scope())).collect();
    assert_eq!(scopes, [("input", ""), ("exp", "kept"), ("sum", "last")]);
}
