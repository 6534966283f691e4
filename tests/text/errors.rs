//! Errors show the place and suggest what was meant.

use crate::read;
use autodiff::Registry;
use expect_test::{Expect, expect};

fn fails(lines: &str, expected: Expect) {
    let error = read::<f64>(lines).expect_err("an error");
    expected.assert_eq(&format!("{error}\n"));
}

fn line_fails(line: &str, expected: Expect) {
    fails(&format!("program 2 f64\nx : f64[2] = input\nw : f64[3] = input\n{line}\nreturn y"), expected);
}

#[test]
fn a_text_begins_with_its_version() {
    fails(
        "",
        expect![[r#"
        parse: line 1, column 1: expected `program`, found the end of the text
          1 | 
            | ^
          help: a program begins with `program 2 f64`
    "#]],
    );
    fails(
        "x : f64[2] = input",
        expect![[r#"
        parse: line 1, column 1: expected `program`, found `x`
          1 | x : f64[2] = input
            | ^
          help: a program begins with `program 2 f64`
    "#]],
    );
    fails(
        "program 3 f64\nreturn",
        expect![[r#"
        parse: line 1, column 9: version 3 is not known; this is version 2, which reads 1, too
          1 | program 3 f64
            |         ^
    "#]],
    );
    fails(
        "program f64 (x: f64[2])\nreturn",
        expect![[r#"
        parse: line 1, column 9: expected the version of the text, found `f64`
          1 | program f64 (x: f64[2])
            |         ^^^
          help: a program begins with `program 2 f64`
    "#]],
    );
    fails(
        "program 2 f32\nreturn",
        expect![[r#"
        parse: line 1, column 11: the program is of f32 numbers and was to be read as f64
          1 | program 2 f32
            |           ^^^
          help: read it as a `Program::<f32>`, and `cast` that
    "#]],
    );
    fails(
        "program 2 f64\nx : f64[2] = input",
        expect![[r#"
        parse: line 2, column 19: the text ends without a `return`
          2 | x : f64[2] = input
            |                   ^
          help: the last line says what is computed: `return y`
    "#]],
    );
    fails(
        "program 2 f64\nx : f64[2] = input\nretrun x",
        expect![[r#"
        parse: line 3, column 8: expected `:` or `=`, found `x`
          3 | retrun x
            |        ^
          help: did you mean `return`?
    "#]],
    );
}

#[test]
fn an_operation_that_is_like_none_is_answered_with_all_of_them() {
    let error = read::<f64>("program 2 f64\nx : f64[2] = input\ny = frobnicate(x)\nreturn y").expect_err("an error");
    let registry = Registry::<f64>::standard();
    let names: Vec<&str> = registry.entries().map(|entry| entry.example().name()).collect();
    let help = format!("help: the operations are {}", names.join(", "));
    assert!(error.to_string().ends_with(&help), "{error}");
}

#[test]
fn an_error_shows_the_place_and_suggests() {
    line_fails(
        "y = tahn(x)",
        expect![[r#"
            parse: line 4, column 5: there is no operation `tahn`
              4 | y = tahn(x)
                |     ^^^^
              help: did you mean `tan`?
        "#]],
    );
    line_fails(
        "y = mine::tanh(x)",
        expect![[r#"
            parse: line 4, column 5: there is no operation `mine::tanh`
              4 | y = mine::tanh(x)
                |     ^^^^^^^^^^
              help: a primitive of another crate is read with a registry that has it: `registry.with(entry)`
        "#]],
    );
    line_fails(
        "y = input",
        expect![[r#"
        parse: line 4, column 5: input needs a type before it: `x : f64[2, 3] = input`
          4 | y = input
            |     ^^^^^
    "#]],
    );
    line_fails(
        "y = add(x, w)",
        expect![[r#"
        add: line 4, column 5: the operands have different shapes, [2] and [3]
          4 | y = add(x, w)
            |     ^^^
          a: x (line 2) : f64[2]
          b: w (line 3) : f64[3]
    "#]],
    );
    line_fails(
        "y = add(x)",
        expect![[r#"
        add: line 4, column 5: takes 2 operands, got 1
          4 | y = add(x)
            |     ^^^
          a: x (line 2) : f64[2]
    "#]],
    );
    line_fails(
        "y = tanh(X)",
        expect![[r#"
        parse: line 4, column 10: there is no `X` above this line
          4 | y = tanh(X)
            |          ^
          help: did you mean `x`?
    "#]],
    );
    line_fails(
        "y = tanh(%4)",
        expect![[r#"
        parse: line 4, column 10: there is no %4 above this line
          4 | y = tanh(%4)
            |          ^^
          help: operands stand before what is computed from them
    "#]],
    );
    line_fails(
        "x = tanh(x)",
        expect![[r#"
        parse: line 4, column 1: `x` is defined in line 2
          4 | x = tanh(x)
            | ^
    "#]],
    );
    line_fails(
        "y = sum(x; axis=[0], keep=false)",
        expect![[r#"
        parse: line 4, column 12: `sum` has no attribute `axis`
          4 | y = sum(x; axis=[0], keep=false)
            |            ^^^^
          help: did you mean `axes`?
    "#]],
    );
    line_fails(
        "y = sum(x, axes=[0])",
        expect![[r#"
        parse: line 4, column 12: `axes` is an attribute and stands after a `;`
          4 | y = sum(x, axes=[0])
            |            ^^^^
          help: operands come first: `sum(x; axes=[0], keep=false)`
    "#]],
    );
    line_fails(
        "y = sum(x; axes=[0])",
        expect![[r#"
        parse: line 4, column 5: `sum` needs the attribute `keep`
          4 | y = sum(x; axes=[0])
            |     ^^^
          help: such as `sum(…; axes=[0], keep=false)`
    "#]],
    );
    line_fails(
        "y = sum(x; axes=0, keep=false)",
        expect![[r#"
        parse: line 4, column 17: `axes` should be a list such as `[0, 1]`, not `0`
          4 | y = sum(x; axes=0, keep=false)
            |                 ^
    "#]],
    );
    line_fails(
        "y = sum(x; axes=[1], keep=false)",
        expect![[r#"
        sum: line 4, column 5: there is no axis 1 in x [2]; it has axis 0 only
          4 | y = sum(x; axes=[1], keep=false)
            |     ^^^
          x: x (line 2) : f64[2]
    "#]],
    );
    line_fails(
        "y = powi(x; n=1.5)",
        expect![[r#"
        parse: line 4, column 15: `n` should be an integer, not `1.5`
          4 | y = powi(x; n=1.5)
            |               ^^^
    "#]],
    );
    line_fails(
        "y : f64[3] = tanh(x)",
        expect![[r#"
        parse: line 4, column 5: the type should be f64[2], which the operation gives, not f64[3]
          4 | y : f64[3] = tanh(x)
            |     ^^^^^^
    "#]],
    );
    line_fails(
        "y = constant(1.2.3)",
        expect![[r#"
        parse: line 4, column 14: `1.2.3` is not a number
          4 | y = constant(1.2.3)
            |              ^^^^^
    "#]],
    );
    line_fails(
        "y = constant([[1, 2], [3]])",
        expect![[r#"
        parse: line 4, column 23: this row is of length 1, those before of length 2
          4 | y = constant([[1, 2], [3]])
            |                       ^
    "#]],
    );
    line_fails(
        "y = mul(x, 1e999)",
        expect![[r#"
        parse: line 4, column 12: 1e999 is larger than any f64
          4 | y = mul(x, 1e999)
            |            ^^^^^
          help: infinity is `inf`
    "#]],
    );
    line_fails(
        "y = mul(x, -1.5e-999)",
        expect![[r#"
        parse: line 4, column 12: -1.5e-999 is smaller than any f64 but 0
          4 | y = mul(x, -1.5e-999)
            |            ^^^^^^^^^
    "#]],
    );
    line_fails(
        "y = mul(x, x",
        expect![[r#"
        parse: line 4, column 8: this `(` is not closed
          4 | y = mul(x, x
            |        ^
    "#]],
    );
    line_fails(
        "y = 2.5",
        expect![[r#"
        parse: line 4, column 5: expected `input`, `data`, `index`, `key`, `constant(…)` or an operation such as `tanh(x)`, found `2.5`
          4 | y = 2.5
            |     ^^^
          help: a constant is written `constant(0.5)`
    "#]],
    );
    line_fails(
        "y : f64[99999999999, 99999999999] = input",
        expect![[r#"
        parse: line 4, column 5: the array would be too large: [99999999999, 99999999999]
          4 | y : f64[99999999999, 99999999999] = input
            |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#]],
    );
    line_fails(
        "y = tanh(x) * 2",
        expect![[r#"
        parse: line 4, column 13: `*` means nothing here
          4 | y = tanh(x) * 2
            |             ^
          help: operations are called by their names: `mul(a, b)`
    "#]],
    );
}

#[test]
fn a_name_that_two_nodes_share_is_no_operand() {
    let text = "program 2 f64\n%0 b : f64[] = input in one\n%1 b : f64[] = input in two\nreturn b";
    fails(
        text,
        expect![[r#"
        parse: line 4, column 8: `b` is the name of several nodes, in lines 2, 3
          4 | return b
            |        ^
          help: write the id of one of them, such as `%3`
    "#]],
    );
    assert!(read::<f64>(&text.replace("return b", "return %1")).is_ok());
}

/// An id or a name belongs to one line, whatever the number.
#[test]
fn what_is_defined_twice() {
    for id in ["%0", "%1", "%9", "%10", "%11", "y"] {
        let text = format!("program 2 f64\nx : f64[2] = input\n{id} = exp(x)\n{id} = exp(x)\nreturn {id}");
        let error = read::<f64>(&text).unwrap_err();
        assert!(error.message().contains("is defined in line 3"), "{error}");
    }
}

/// The name of an operation of another crate ends where its word ends, however short that is.
#[test]
fn a_short_name_of_another_crate() {
    for name in ["mine::f", "m::f", "m::long", "a::b::c"] {
        let error = read::<f64>(&format!("program 2 f64\nx : f64[2] = input\ny = {name}(x)\nreturn y")).unwrap_err();
        assert!(error.message().ends_with(&format!("there is no operation `{name}`")), "{error}");
    }
}

/// Operators of other languages, and axes that are counted from the end.
#[test]
fn habits_of_other_languages() {
    for (line, found, name) in [
        ("y = x - w", "-", "sub"),
        ("y = x + w", "+", "add"),
        ("y = tanh(x) - w", "-", "sub"),
        ("y = tanh(x -w)", "-w", "sub"),
    ] {
        let error = read::<f64>(&format!("program 2 f64\nx : f64[2] = input\nw : f64[2] = input\n{line}\nreturn y"));
        let error = error.expect_err("an error");
        assert!(error.message().contains(&format!("found `{found}`")), "{error}");
        let help = format!("operations are called by their names: `{name}(a, b)`");
        assert_eq!(error.help(), Some(help.as_str()), "{error}");
    }
    line_fails(
        "y = sum(x; axes=[-1], keep=false)",
        expect![[r#"
        parse: line 4, column 18: `-1` is not an integer from 0 to 18446744073709551615
          4 | y = sum(x; axes=[-1], keep=false)
            |                  ^^
          help: axes, lengths and indices count from 0
    "#]],
    );
}

/// The place of a bad escape is its backslash.
#[test]
fn an_escape_that_is_none_is_underlined() {
    line_fails(
        r#"y "abcd\qe" : f64[2] = x"#,
        expect![[r#"
        parse: line 4, column 8: after `\` stands one of n r t 0 \ " ' or u{…} with a character's number
          4 | y "abcd\qe" : f64[2] = x
            |        ^
    "#]],
    );
}

/// The rows of an array are all numbers or all arrays, empty ones included.
#[test]
fn a_number_beside_empty_rows() {
    line_fails(
        "y : f64[2, 0] = constant([[], 3])",
        expect![[r#"
        parse: line 4, column 31: a number stands where the rows before have an array
          4 | y : f64[2, 0] = constant([[], 3])
            |                               ^
    "#]],
    );
}

/// Who begins a line with something like `return` and declares a type did not mean `return`.
#[test]
fn a_result_that_is_called_nearly_return() {
    line_fails(
        "retrun x",
        expect![[r#"
        parse: line 4, column 8: expected `:` or `=`, found `x`
          4 | retrun x
            |        ^
          help: did you mean `return`?
    "#]],
    );
    line_fails(
        "retrun : f64[2] x",
        expect![[r#"
        parse: line 4, column 17: expected `=`, found `x`
          4 | retrun : f64[2] x
            |                 ^
    "#]],
    );
}

#[test]
fn lengths_are_numbers_or_free() {
    fails(
        "program 2 f64\nx : f64[2, rows] = input\nreturn x",
        expect![[r#"
        parse: line 2, column 12: expected a number, found `rows`
          2 | x : f64[2, rows] = input
            |            ^^^^
          help: lengths are numbers, or `n` for axes of any length
    "#]],
    );
    fails(
        "program 2 f64\nx : f64 = input\nreturn x",
        expect![[r#"
        parse: line 2, column 9: expected `[` and the lengths of the axes, found `=`
          2 | x : f64 = input
            |         ^
    "#]],
    );
}
