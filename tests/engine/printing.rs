//! Tapes and programs as text.

use autodiff::{Kind, Tape};
use expect_test::{Expect, expect};
use ndarray::array;

fn check(text: impl std::fmt::Display, expected: Expect) {
    expected.assert_eq(&text.to_string());
}

#[test]
fn a_tape_prints_one_typed_line_per_node() {
    let tape = Tape::<f64>::new();
    let x = tape.data([[0.5, -1.0]]).named("x");
    let w = tape.input([[0.15, 0.25], [0.2, 0.3]]).named("w");
    let h = tape.scope("hidden", || {
        let bias = tape.input([0.35, 0.35]).named("bias");
        x.matmul(w).add_bias(bias).tanh()
    });
    let labels = tape.index(array![1]);
    let mask = tape.key(7).uniform([1, 2], 3).named("mask");
    let _loss = (h * mask * 0.5).log_softmax(1).pick(labels).sum(..);
    check(
        &tape,
        expect![[r#"
            %0 x    : f64[1, 2] = data                                              # tests/engine/printing.rs:14
            %1 w    : f64[2, 2] = input                                             # tests/engine/printing.rs:15
            %2 bias : f64[2]    = input                                 in hidden   # tests/engine/printing.rs:17
            %3      : f64[1, 2] = matmul(%0, %1)                        in hidden   # tests/engine/printing.rs:18
            %4      : f64[1, 2] = add_bias(%3, %2)                      in hidden   # tests/engine/printing.rs:18
            %5      : f64[1, 2] = tanh(%4)                              in hidden   # tests/engine/printing.rs:18
            %6      : index[1]  = index                                             # tests/engine/printing.rs:20
            %7      : key       = key                                               # tests/engine/printing.rs:21
            %8 mask : f64[1, 2] = uniform(%7; shape=[1, 2], stream=3)               # tests/engine/printing.rs:21
            %9      : f64[1, 2] = mul(%5, %8)                                       # tests/engine/printing.rs:22
            %10     : f64[]     = constant(0.5)                                     # tests/engine/printing.rs:22
            %11     : f64[1, 2] = broadcast_to(%10; shape=[1, 2])                   # tests/engine/printing.rs:22
            %12     : f64[1, 2] = mul(%9, %11)                                      # tests/engine/printing.rs:22
            %13     : f64[1, 2] = log_softmax(%12; axis=1)                          # tests/engine/printing.rs:22
            %14     : f64[1]    = pick(%13, %6)                                     # tests/engine/printing.rs:22
            %15     : f64[]     = sum(%14; axes=[0], keep=false)                    # tests/engine/printing.rs:22
        "#]],
    );
    check(
        format!("{tape:#}"),
        expect![[r#"
            %0 x    : f64[1, 2] = data                                              # tests/engine/printing.rs:14   v=[[0.5, -1]]
            %1 w    : f64[2, 2] = input                                             # tests/engine/printing.rs:15   v=[[0.15, 0.25], [0.2, 0.3]]
            %2 bias : f64[2]    = input                                 in hidden   # tests/engine/printing.rs:17   v=[0.35, 0.35]
            %3      : f64[1, 2] = matmul(%0, %1)                        in hidden   # tests/engine/printing.rs:18   v=[[-0.125, -0.175]]
            %4      : f64[1, 2] = add_bias(%3, %2)                      in hidden   # tests/engine/printing.rs:18   v=[[0.225, 0.175]]
            %5      : f64[1, 2] = tanh(%4)                              in hidden   # tests/engine/printing.rs:18   v=[[0.2213, 0.1732]]
            %6      : index[1]  = index                                             # tests/engine/printing.rs:20   v=[1]
            %7      : key       = key                                               # tests/engine/printing.rs:21   v=7
            %8 mask : f64[1, 2] = uniform(%7; shape=[1, 2], stream=3)               # tests/engine/printing.rs:21   v=[[0.5255, 0.1815]]
            %9      : f64[1, 2] = mul(%5, %8)                                       # tests/engine/printing.rs:22   v=[[0.1163, 0.0314]]
            %10     : f64[]     = constant(0.5)                                     # tests/engine/printing.rs:22   v=0.5
            %11     : f64[1, 2] = broadcast_to(%10; shape=[1, 2])                   # tests/engine/printing.rs:22   v=[[0.5, 0.5]]
            %12     : f64[1, 2] = mul(%9, %11)                                      # tests/engine/printing.rs:22   v=[[0.0581, 0.0157]]
            %13     : f64[1, 2] = log_softmax(%12; axis=1)                          # tests/engine/printing.rs:22   v=[[-0.6722, -0.7146]]
            %14     : f64[1]    = pick(%13, %6)                                     # tests/engine/printing.rs:22   v=[-0.7146]
            %15     : f64[]     = sum(%14; axes=[0], keep=false)                    # tests/engine/printing.rs:22   v=-0.7146
        "#]],
    );
}

#[test]
fn an_error_prints_its_message() {
    let tape = Tape::<f64>::new();
    let _ = tape.input([1.0, 2.0]) + tape.input([1.0, 2.0, 3.0]);
    check(
        &tape,
        expect![[r#"
            %0 : f64[2] = input   # tests/engine/printing.rs:70
            %1 : f64[3] = input   # tests/engine/printing.rs:70
            %2 : error  = add: [2] and [3] do not broadcast: axis −1 is 2 in a and 3 in b, and neither is 1   # tests/engine/printing.rs:70
        "#]],
    );
}

#[test]
fn a_program_and_its_gradient_print() {
    let tape = Tape::<f32>::new();
    let x = tape.scope("points", || tape.input([1.0, 2.0]).named("x"));
    let _unused = tape.key(3);
    let program = tape.program(&[(x * x + 0.1).sum(..)]).unwrap();
    check(
        &program,
        expect![[r#"
            program 2 f32   # (x: f32[2], %1: key) -> (f32[])
              %0 x : f32[2] = input                           in points   # tests/engine/printing.rs:84
              %1   : key    = key                                         # tests/engine/printing.rs:85
              %2   : f32[2] = mul(%0, %0)                                 # tests/engine/printing.rs:86
              %3   : f32[]  = constant(0.1)                               # tests/engine/printing.rs:86
              %4   : f32[2] = broadcast_to(%3; shape=[2])                 # tests/engine/printing.rs:86
              %5   : f32[2] = add(%2, %4)                                 # tests/engine/printing.rs:86
              %6   : f32[]  = sum(%5; axes=[0], keep=false)               # tests/engine/printing.rs:86
              return %6
        "#]],
    );
    check(
        program.grad(&[0]).unwrap(),
        expect![[r#"
            program 2 f32   # (x: f32[2], %1: key) -> (f32[2])
              %0 x : f32[2] = input                         in points   # tests/engine/printing.rs:84
              %1   : key    = key                                       # tests/engine/printing.rs:85
              %2   : f32[]  = constant(1.0)                             # tests/engine/printing.rs:102
              %3   : f32[1] = reshape(%2; shape=[1])                    # tests/engine/printing.rs:86
              %4   : f32[2] = broadcast_to(%3; shape=[2])               # tests/engine/printing.rs:86
              %5   : f32[2] = strong_mul(%4, %0)                        # tests/engine/printing.rs:86
              %6   : f32[2] = strong_mul(%4, %0)                        # tests/engine/printing.rs:86
              %7   : f32[2] = add(%5, %6)                               # tests/engine/printing.rs:86
              return %7
        "#]],
    );
}

#[test]
fn every_node_of_a_derivative_has_a_line_of_the_caller() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]);
    let program = tape.program(&[(x.tanh() * x + 0.1).sum(..)]).unwrap();
    let derivatives = [program.grad(&[0]), program.value_and_grad(&[0]), program.vjp(&[0]), program.jvp(&[0])];
    for node in derivatives.iter().flat_map(|program| program.as_ref().unwrap().nodes()) {
        assert_eq!(node.place().location.map(|location| location.file()), Some(file!()), "{}", node.operation());
    }
}

#[test]
fn constants_print_exactly_and_large_ones_say_that_they_are_cut() {
    let tape = Tape::<f64>::new();
    let small = tape.constant([[0.1 + 0.2, f64::NEG_INFINITY], [-0.0, 1e-300]]);
    let large = tape.constant(ndarray::Array1::from_iter((0..9).map(f64::from)));
    let program = tape.program(&[small.sum(..), large.sum(..)]).unwrap();
    let text = program.to_string();
    assert!(text.contains("constant([[0.30000000000000004, -inf], [-0.0, 1e-300]])"), "{text}");
    assert!(text.contains("constant([0.0, 1.0, 2.0, 3.0, … 9 numbers])"), "{text}");
}

#[test]
fn a_name_cannot_break_a_line() {
    let tape = Tape::<f64>::new();
    let x = tape.input(1.0).named("two\nlines");
    assert_eq!(tape.to_string().lines().count(), 1);
    assert_eq!(tape.program(&[x]).unwrap().to_string().lines().count(), 3);
}

#[test]
fn a_tape_without_values_prints_none() {
    let tape = Tape::<f64>::symbolic();
    tape.placeholder(Kind::Real, [2]);
    assert!(!format!("{tape:#}").contains("v="));
    assert_eq!(format!("{tape:#}"), tape.to_string());
}

#[test]
fn nodes_can_be_read() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]).named("x");
    let y = tape.scope("head", || x.sum(..).named("y"));
    let line = line!() - 1;
    let program = tape.program(&[y]).unwrap();
    let node = program.node(y.id()).unwrap();
    assert_eq!((node.operation(), node.name(), node.scope()), ("sum", Some("y"), "head"));
    assert_eq!((node.operands(), node.shape(), node.kind()), (&[x.id()][..], &[].into(), Kind::Real));
    assert_eq!(node.attributes().to_string(), "axes=[0], keep=false");
    assert_eq!(node.place().location.map(|location| location.line()), Some(line));
    assert!(node.is_active() && node.primitive().is_some());
    assert_eq!(program.nodes().len(), 2);
    assert_eq!((program.input_ids(), program.output_ids()), (&[x.id()][..], &[y.id()][..]));
    assert!(program.node(autodiff::NodeId::new(2)).is_none());
}
