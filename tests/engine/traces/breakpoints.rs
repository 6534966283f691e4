//! The language of breakpoints.

use super::{descent, varied};
use autodiff::inspect::{Breakpoint, Stepper, Trace};
use autodiff::{ErrorKind, Tape};
use expect_test::expect;

/// The times at which a breakpoint stops.
fn stops(trace: &Trace<f64>, text: &str) -> Vec<usize> {
    let breakpoint: Breakpoint = text.parse().unwrap();
    let mut stepper = Stepper::new(trace);
    let mut times = Vec::new();
    while stepper.run_until(&breakpoint).is_some() {
        times.push(stepper.time());
    }
    let mut back = Vec::new();
    while stepper.back_until(&breakpoint).is_some() {
        back.push(stepper.time());
    }
    // On the way back the last stop is where one stands.
    back.reverse();
    if times.last() == Some(&trace.len()) {
        back.push(trace.len());
    }
    assert_eq!(times, back, "{text}");
    times
}

#[test]
fn each_test_holds_where_it_should() {
    // push w, push loss, seed loss, visit loss, accumulate, accumulate, update; and the same again.
    let trace = descent();
    let cases: [(&str, &[usize]); 22] = [
        ("op == \"mul\"", &[2, 4, 9, 11]),
        ("op ~ \"m*l\" && phase == reverse", &[4, 11]),
        ("op != \"mul\"", &[1, 8]),
        ("%0", &[1, 5, 6, 7]),
        ("name == \"loss\" && phase == forward", &[2, 9]),
        ("name ~ \"l*s\" && phase != forward", &[3, 4, 10, 11]),
        ("event == update", &[7, 14]),
        ("phase == update", &[7, 14]),
        ("event == accumulate && !(|grad|.max < 5)", &[5, 6, 13]),
        ("value.max > 5", &[1, 2, 3, 4, 5, 6, 7, 9, 10, 11]),
        ("time >= 13", &[13, 14]),
        ("time == 3 || time == 5", &[3, 5]),
        ("time == 3 || time == 5 && phase == forward", &[3]),
        ("(time == 3 || time == 5) && phase == forward", &[]),
        ("rank == 0 && size == 1 && time < 2", &[1]),
        ("shape[0] == 3", &[]),
        ("nan || nan(grad)", &[]),
        ("grad.max >= 16 && event == visit", &[]),
        ("grad.min == 1 && event == visit", &[4, 11]),
        ("  grad.mean == 1&&event==visit ", &[4, 11]),
        ("scope == \"\" && time <= 1", &[1]),
        ("value.max > 1e1 && time < 4", &[2, 3]),
    ];
    for (text, expected) in cases {
        assert_eq!(stops(&trace, text), expected, "{text}");
    }
}

#[test]
fn numbers_that_are_not_finite_and_shapes() {
    let tape = Tape::<f64>::new();
    let x = tape.input([[1.0, 0.0, -1.0]]).named("x");
    let trace = x.log().sum(..).trace().unwrap();
    assert_eq!(stops(&trace, "nan && op == \"log\"").len(), 1);
    assert_eq!(stops(&trace, "shape[1] == 3 && event == push"), [1, 2]);
    // √x − √x at 0: ∞ − ∞, which the rule of the square root brings.
    let x = tape.input(0.0).named("x");
    let trace = (x.sqrt() - x.sqrt()).trace().unwrap();
    assert!(stops(&trace, "nan").is_empty());
    let first = stops(&trace, "nan(grad)")[0];
    let node = trace.at(first).node().unwrap();
    assert_eq!(trace.node(node).unwrap().operation(), "sqrt");
    // Scopes are stops of their own sort.
    let trace = varied(&tape).trace().unwrap();
    assert_eq!(stops(&trace, "event == enter").len(), 1);
    assert!(stops(&trace, "scope == \"a\" && op == \"tanh\"").len() == 2);
}

#[test]
fn errors_say_where_and_what_could_stand_there() {
    let message = |text: &str| {
        let error = text.parse::<Breakpoint>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Text);
        format!("{error}\n")
    };
    let texts = ["op = \"x\"", "op == matmul", "nan(", "phase == backward", "|grad|.max > big", "nan nan", "op == \"x"];
    let all: String = texts.into_iter().map(message).collect();
    expect![[r#"
        breakpoint: column 4: expected `==`, `!=` or `~`, found `= "x"`
          op = "x"
             ^
        breakpoint: column 7: expected a text in quotes, such as `"matmul"`, found `matmul`
          op == matmul
                ^
        breakpoint: column 5: expected `grad` or `value`, found the end
          nan(
              ^
        breakpoint: column 10: expected `forward`, `reverse` or `update`, found `backward`
          phase == backward
                   ^
        breakpoint: column 14: expected a number, found `big`
          |grad|.max > big
                       ^
        breakpoint: column 5: expected `&&`, `||` or the end, found `nan`
          nan nan
              ^
        breakpoint: column 7: the text has no closing `"`
          op == "x
                ^
    "#]]
    .assert_eq(&all);
    assert!("".parse::<Breakpoint>().unwrap_err().message().starts_with("column 1: expected a test"));
    for text in ["(".repeat(100_000), "!".repeat(100_000), "é == 3".into(), "%x".into(), "op ~ \"\\".into()] {
        assert!(text.parse::<Breakpoint>().is_err());
    }
}
