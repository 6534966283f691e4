//! Programs as text: what is written is read back, whatever the program; what cannot be read is answered with an error
//! that shows the place, whatever the text.

use autodiff::check::strategy::{self, Recipe};
use autodiff::primitive::*;
use autodiff::{Error, ErrorKind, Input, Program, Real, Registry, Tape};
use expect_test::{Expect, expect};
use ndarray::{ArrayD, array};
use proptest::prelude::*;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn read<F: Real>(text: &str) -> Result<Program<F>, Error> {
    Program::parse(text, &Registry::standard())
}

fn same_bits<F: Real>(a: &[ArrayD<F>], b: &[ArrayD<F>]) -> bool {
    let same = |(a, b): (&F, &F)| {
        let (a, b) = (a.double(), b.double());
        a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
    };
    let arrays = |(a, b): (&ArrayD<F>, &ArrayD<F>)| a.shape() == b.shape() && a.iter().zip(b).all(same);
    a.len() == b.len() && a.iter().zip(b).all(arrays)
}

/// The text without what is for people: comments, and the spaces that align the columns.
fn bare(text: &str) -> String {
    let line = |line: &str| line.split('#').next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Read back it is the same program: the same text, node by node the same, the same results.
fn returns<F: Real>(program: &Program<F>, inputs: &[Input<F>]) -> Result<(), TestCaseError> {
    let text = program.to_text();
    let back = read::<F>(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
    prop_assert_eq!(&back.to_text(), &text);
    prop_assert_eq!(back.len(), program.len());
    for (a, b) in program.nodes().zip(back.nodes()) {
        prop_assert_eq!((a.name(), a.scope(), a.type_name()), (b.name(), b.scope(), b.type_name()));
        prop_assert_eq!((a.operation(), a.operands(), a.attributes()), (b.operation(), b.operands(), b.attributes()));
        prop_assert_eq!(a.is_active(), b.is_active(), "{}", a.id());
        prop_assert!(b.place().location.is_none(), "a text has no lines of code");
    }
    prop_assert_eq!((program.input_ids(), program.output_ids()), (back.input_ids(), back.output_ids()));
    match (program.run(inputs), back.run(inputs)) {
        (Ok(a), Ok(b)) => prop_assert!(same_bits(&a, &b), "{}", text),
        (Err(a), Err(b)) => prop_assert_eq!(a.message(), b.message()),
        (a, b) => prop_assert!(false, "{a:?} and {b:?} of\n{text}"),
    }
    Ok(())
}

fn recipes_return<F: Real>(recipe: &Recipe) -> Result<(), TestCaseError> {
    let (program, inputs) = recipe.program::<F>().unwrap();
    returns(&program, &inputs)?;
    let all: Vec<usize> = (0..recipe.inputs.len()).collect();
    let (gradient, tangent) = (program.value_and_grad(&all), program.jvp(&all));
    if let Ok(gradient) = gradient {
        returns(&gradient, &inputs)?;
    }
    if let Ok(tangent) = tangent {
        let directions = recipe.inputs.iter().map(|x| Input::Real(x.mapv(|x| F::of(x * 0.5 - 1.0))));
        returns(&tangent, &inputs.iter().cloned().chain(directions).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Any number, the odd ones often.
fn number() -> impl Strategy<Value = f64> {
    let odd = [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 5e-324, f64::MAX, 0.1];
    prop_oneof![any::<f64>(), prop::sample::select(odd.to_vec())]
}

/// Any name: words, and what is none.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9_.]{0,6}",
        "\\PC{0,8}",
        any::<String>(),
        prop::sample::select(vec!["return", "in", "NaN", "", "0.bias", "program"]).prop_map(String::from),
    ]
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn random_programs_and_their_derivatives_return(recipe in strategy::programs(60)) {
        recipes_return::<f64>(&recipe)?;
        recipes_return::<f32>(&recipe)?;
    }

    #[test]
    fn names_scopes_and_all_kinds_of_inputs_return(
        names in prop::collection::vec(name(), 5),
        scopes in prop::collection::vec(name(), 2),
        key in any::<u64>(),
        rows in prop::collection::vec(0usize..3, 1..12),
    ) {
        let tape = Tape::<f64>::new();
        let table = tape.data([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).named(&names[0]);
        let rows = ndarray::Array1::from_vec(rows);
        let y = tape.scope(&scopes[0], || {
            let picked = table.gather(tape.index(rows.clone()).named(&names[1])).named(&names[2]);
            let noise = tape.scope(&scopes[1], || tape.key(key).named(&names[3]).uniform([rows.len(), 2], 7));
            (picked * noise).sum(..).named(&names[4])
        });
        let program = tape.program(&[y, y]).unwrap();
        returns(&program, &[Input::real(array![[0.5, 1.5], [2.5, 3.5], [4.5, 5.5]]), Input::index(rows), Input::Key(key)])?;
    }

    #[test]
    fn constants_return_to_the_bit(
        numbers in prop::collection::vec(number(), 1..40), wide in 1usize..5, repeated in number(),
    ) {
        let (all, wide) = (numbers.len(), wide.min(numbers.len()));
        let rows = ArrayD::from_shape_vec(vec![all / wide, 1, wide], numbers[..all / wide * wide].to_vec()).unwrap();
        let outputs = |tape: &Tape<f64>| {
            let same = tape.constant(ArrayD::from_elem(vec![300, 2], repeated));
            let empty = tape.constant(ArrayD::zeros(vec![0, 3]));
            tape.program(&[tape.constant(&rows), tape.constant(repeated), same, empty]).unwrap()
        };
        let program = outputs(&Tape::new());
        returns(&program, &[])?;
        returns(&program.cast::<f32>(&Registry::standard()).unwrap(), &[])?;
        let text = program.to_text();
        let line = text.lines().find(|line| line.contains("f64[300, 2]")).unwrap();
        prop_assert!(line.len() < 60, "one number for 600 of the same: {line}");
    }
}

// ---- what a hand writes ----------------------------------------------------------------------------------------------

/// What `x` gives at [3, 4], of a text whose other lines are these.
fn at_3_4(lines: &str) -> Vec<ArrayD<f64>> {
    let text = format!("program 1 f64\nx : f64[2] = input\n{lines}");
    read::<f64>(&text).unwrap_or_else(|error| panic!("{error}")).run(&[Input::real([3.0, 4.0])]).unwrap()
}

#[test]
fn names_ids_comments_blank_lines_and_open_brackets() {
    let lines = "
        # the sum of the squares

        %7 square = mul(x, x)   # may be called by either
        total = sum(%7; keep=false,
            axes=[0])
        %3 = add(square, constant_of_one)
        return %3, total
    ";
    let text = lines.replace("%3 =", "constant_of_one : f64[2] = constant([1.0,\n  1])\n %3 : f64[2] =");
    assert_eq!(at_3_4(&text), [array![10.0, 17.0].into_dyn(), ndarray::arr0(25.0).into_dyn()]);
}

#[test]
fn numbers_and_calls_are_operands_and_elementwise_operations_broadcast() {
    let short = at_3_4("y = mul(add(x, 1), [[10], [inf]])\nreturn y, -2.5");
    assert_eq!(short[0], array![[40.0, 50.0], [f64::INFINITY, f64::INFINITY]].into_dyn());
    assert_eq!(short[1], ndarray::arr0(-2.5).into_dyn());
    let long = "
        one = constant(1.0)
        ones = broadcast_to(one; shape=[2])
        more = add(x, ones)
        column = constant([[10.0], [inf]])
        a = broadcast_to(more; shape=[2, 2])
        b = broadcast_to(column; shape=[2, 2])
        y = mul(a, b)
        two = constant(-2.5)
        return y, two
    ";
    let texts = [long, "y = mul(add(x, 1), [[10], [inf]])\nreturn y, -2.5"]
        .map(|lines| read::<f64>(&format!("program 1 f64\nx : f64[2] = input\n{lines}")).unwrap().to_text());
    let unnamed = |text: &str| bare(text).split(' ').filter(|word| !word.chars().all(char::is_alphabetic)).count();
    assert_eq!(unnamed(&texts[0]), unnamed(&texts[1]), "the same nodes:\n{}\n{}", texts[0], texts[1]);
}

#[test]
fn attributes_of_every_kind_in_any_order() {
    let results = at_3_4(
        "a = slice(x; stop=2, axis=0, start=1)\nb = powf(x; p=2)\nc = leaky_relu(neg(x); beta=0.5)\nreturn a, b, c",
    );
    assert_eq!(results, [array![4.0], array![9.0, 16.0], array![-1.5, -2.0]].map(|x| x.into_dyn()));
}

#[test]
fn what_is_not_returned_goes_and_what_is_given_stays() {
    let program = read::<f64>("program 1 f64\n a : f64[] = data\n k = key\n b = exp(a)\n return a").unwrap();
    assert_eq!(program.to_text(), "program 1 f64\n  %0 a : f64[] = data\n  %1 k : key   = key\n  return %0\n");
    let nothing = read::<f32>("program 1 f32 return").map(|_| ()).unwrap_err();
    assert!(nothing.message().ends_with("expected the end of the line, found `return`"), "{nothing}");
    assert_eq!(read::<f32>("program 1 f32\nreturn").unwrap().to_text(), "program 1 f32\n  return\n");
}

#[test]
fn indices_and_keys_can_be_constants() {
    let lines = "
        rows : index[3] = constant([1, 0, 1])
        k : key = constant(18446744073709551615)
        y = gather(x, rows)
        z = uniform(k; shape=[2], stream=0)
        return y, z
    ";
    let tape = Tape::<f64>::new();
    let drawn = tape.key(u64::MAX).uniform([2], 0).value().unwrap();
    assert_eq!(at_3_4(lines), [array![4.0, 3.0, 4.0].into_dyn(), drawn]);
    let program = read::<f64>(&format!("program 1 f64\nx : f64[2] = input\n{lines}")).unwrap();
    returns(&program, &[Input::real([3.0, 4.0])]).unwrap();
}

/// What is printed is read too, up to where it is abbreviated, which the error says.
#[test]
fn a_print_out_is_a_text() {
    let tape = Tape::<f64>::new();
    let x = tape.scope("points", || tape.input([1.0, 2.0]).named("x"));
    let program =
        tape.program(&[(x * [0.5, 0.25].map(|c| tape.constant(c)).into_iter().reduce(|a, b| a + b).unwrap()).sum(..)]);
    let program = program.unwrap();
    assert_eq!(bare(&program.to_string()), bare(&program.to_text()));
    assert_eq!(read::<f64>(&program.to_string()).unwrap().to_text(), program.to_text());
    let long = tape.constant(ndarray::Array1::from_iter((0..9).map(f64::from)));
    let error = read::<f64>(&tape.program(&[long.sum(..)]).unwrap().to_string()).unwrap_err();
    assert_eq!(error.help(), Some("`to_text()` writes a program with all its numbers"));
}

/// y = x/2, of another crate.
#[derive(Debug)]
struct Half;

impl<F: Real> Primitive<F> for Half {
    fn name(&self) -> &'static str {
        "tests::half"
    }
    fn formula(&self) -> &'static str {
        "y = x/2"
    }
    fn evaluate(
        &self,
        inputs: &[autodiff::kernels::Operand<'_, F>],
        output: autodiff::kernels::ViewMut<'_, F>,
    ) -> Result<(), autodiff::Refusal> {
        autodiff::kernels::map(inputs, output, |[x]| x * F::of(0.5))
    }
    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: autodiff::Var<'t, F>) -> Cotangents<'t, F> {
        at.one(|| dy.apply(&Half))
    }
    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<autodiff::Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(dx, |_, dx| dx.apply(&Half))
    }
    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::REALS])
    }
}

#[test]
fn a_primitive_of_ones_own_is_read_by_a_registry_that_knows_it() {
    let tape = Tape::<f64>::new();
    let program = tape.program(&[tape.input([1.0, 2.0]).apply(&Half).sum(..)]).unwrap();
    let text = program.to_text();
    assert!(text.contains("= tests::half(%0)"), "{text}");
    let knowing = Registry::<f64>::standard().with(&Half, |_| Ok((&Half).into()));
    assert_eq!(Program::parse(&text, &knowing).unwrap().to_text(), text);
    assert_eq!(read::<f64>(&text).unwrap_err().kind(), ErrorKind::Text);
}

// ---- errors ----------------------------------------------------------------------------------------------------------

fn fails(lines: &str, expected: Expect) {
    let error = read::<f64>(lines).expect_err("an error");
    expected.assert_eq(&format!("{error}\n"));
}

fn line_fails(line: &str, expected: Expect) {
    fails(&format!("program 1 f64\nx : f64[2] = input\nw : f64[3] = input\n{line}\nreturn y"), expected);
}

#[test]
fn a_text_begins_with_its_version() {
    fails(
        "",
        expect![[r#"
        parse: line 1, column 1: expected `program`, found the end of the text
          1 | 
            | ^
          help: a program begins with `program 1 f64`
    "#]],
    );
    fails(
        "x : f64[2] = input",
        expect![[r#"
        parse: line 1, column 1: expected `program`, found `x`
          1 | x : f64[2] = input
            | ^
          help: a program begins with `program 1 f64`
    "#]],
    );
    fails(
        "program 2 f64\nreturn",
        expect![[r#"
        parse: line 1, column 9: version 2 is not known; this is version 1
          1 | program 2 f64
            |         ^
    "#]],
    );
    fails(
        "program f64 (x: f64[2])\nreturn",
        expect![[r#"
        parse: line 1, column 9: expected the version of the text, found `f64`
          1 | program f64 (x: f64[2])
            |         ^^^
          help: a program begins with `program 1 f64`
    "#]],
    );
    fails(
        "program 1 f32\nreturn",
        expect![[r#"
        parse: line 1, column 11: the program is of f32 numbers and was to be read as f64
          1 | program 1 f32
            |           ^^^
          help: read it as a `Program::<f32>`, and `cast` that
    "#]],
    );
    fails(
        "program 1 f64\nx : f64[2] = input",
        expect![[r#"
        parse: line 2, column 19: the text ends without a `return`
          2 | x : f64[2] = input
            |                   ^
          help: the last line says what is computed: `return y`
    "#]],
    );
    fails(
        "program 1 f64\nx : f64[2] = input\nretrun x",
        expect![[r#"
        parse: line 3, column 8: expected `:` or `=`, found `x`
          3 | retrun x
            |        ^
          help: did you mean `return`?
    "#]],
    );
}

#[test]
fn an_error_shows_the_place_and_suggests() {
    line_fails(
        "y = tahn(x)",
        expect![[r#"
        parse: line 4, column 5: there is no operation `tahn`
          4 | y = tahn(x)
            |     ^^^^
          help: did you mean `tanh`?
    "#]],
    );
    line_fails(
        "y = frobnicate(x)",
        expect![[r#"
        parse: line 4, column 5: there is no operation `frobnicate`
          4 | y = frobnicate(x)
            |     ^^^^^^^^^^
          help: the operations are neg, add, sub, mul, div, powi, powf, exp, log, sqrt, abs, sin, cos, atan, tanh, sigmoid, relu, leaky_relu, maximum, minimum, greater, greater_equal, equal, select, sign, stop_gradient, matmul, add_bias, transpose, reshape, broadcast_to, sum_to, sum, max, log_sum_exp, softmax, log_softmax, concat, slice, pad, gather, scatter_add, pick, place, uniform
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
        sum: line 4, column 5: there is no axis 1 in x [2]; axes count from 0
          4 | y = sum(x; axes=[1], keep=false)
            |     ^^^
          x: x (line 2) : f64[2]
    "#]],
    );
    line_fails(
        "y = powi(x; n=1.5)",
        expect![[r#"
        parse: line 4, column 15: `n` should be a whole number, not `1.5`
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
    let text = "program 1 f64\n%0 b : f64[] = input in one\n%1 b : f64[] = input in two\nreturn b";
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

// ---- any text --------------------------------------------------------------------------------------------------------

/// A text in which some pieces are doubled, cut, exchanged, or replaced by others.
fn mutated(text: &str, changes: &[(usize, usize, u8)]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for (from, to, how) in changes {
        let length = characters.len().max(1);
        let (a, b) = (from % length, to % length);
        match how % 5 {
            0 => drop(characters.drain(a.min(b)..a.max(b).min(a.min(b) + 9))),
            1 => characters.swap(a.min(length - 1), b.min(length - 1)),
            2 => {
                let piece: Vec<char> = characters[a.min(b)..a.max(b).min(a.min(b) + 30)].to_vec();
                characters.splice(a..a, piece);
            }
            3 => characters.insert(a, ['(', ']', '9', '=', ';', '"', '\\', '%', 'é', '\n', '-'][b % 11]),
            _ => {
                let words = [
                    "99999999999999999999",
                    "-1",
                    "[[[",
                    "9223372036854775807",
                    "18446744073709551615",
                    "NaN",
                    "sum(",
                    "%0",
                ];
                characters.splice(a..a, words[b % words.len()].chars());
            }
        }
        if characters.is_empty() {
            characters.push(' ');
        }
    }
    characters.into_iter().collect()
}

/// What is read can be used: printed, run or refused, differentiated or refused.
fn answers(text: &str) -> Result<(), TestCaseError> {
    match read::<f64>(text) {
        Ok(program) => {
            let back = program.to_text();
            prop_assert_eq!(
                read::<f64>(&back).map_err(|error| TestCaseError::fail(error.to_string()))?.to_text(),
                back
            );
            let _ = program.grad(&[0]);
        }
        Err(error) => {
            prop_assert!(error.message().starts_with("line ") || error.kind() != ErrorKind::Text, "{error}");
            prop_assert!(error.to_string().lines().all(|line| line.len() < 2000), "{error}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn no_text_panics(text in any::<String>(), words in "([a-z%\\[\\]();:=,.#\" 0-9-]|\n|sum|f64|mul|return|constant){0,80}") {
        answers(&text)?;
        answers(&format!("program 1 f64\n{text}\nreturn"))?;
        answers(&format!("program 1 f64\nx : f64[2, 3] = input\n{words}"))?;
    }

    #[test]
    fn no_changed_text_panics(changes in prop::collection::vec(any::<(usize, usize, u8)>(), 1..6)) {
        answers(&mutated(EVERYTHING, &changes))?;
    }
}

/// Every operation that has attributes, and every kind of line.
const EVERYTHING: &str = r#"program 1 f64
  %0 x : f64[2, 3] = input in encoder.0
  i : index[2] = index
  k : key = key
  %1 "a name" = constant([[1.0, -inf, NaN], [1e-300, 0.1, 3]])
  a = add(x, mul("a name", 2.5))
  b = uniform(k; shape=[2, 3], stream=3)
  c = concat(a, b; axis=1)
  d = slice(c; axis=1, start=1, stop=3)
  e = pad(d; axis=0, before=1, after=2)
  f = place(gather(sum(e; axes=[1], keep=false), i), i; length=6)
  g = scatter_add(f, i; rows=4)
  h = reshape(transpose(g; axes=[1, 0]); shape=[4, 6])
  m = matmul(h, transpose(h; axes=[1, 0]))
  s = softmax(m; axis=1)
  t = log_sum_exp(s; axes=[0, 1], keep=true)
  u = sum_to(broadcast_to(t; shape=[5, 1, 1]); shape=[1, 1])
  v = powf(powi(u; n=3); p=1.5)
  y = max(leaky_relu(v; beta=0.1); axes=[0, 1], keep=false)
  return y
"#;

#[test]
fn the_text_that_is_changed_is_valid() {
    let program = read::<f64>(EVERYTHING).unwrap_or_else(|error| panic!("{error}"));
    let inputs = [Input::real(array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), Input::index(array![0, 3]), Input::Key(1)];
    returns(&program, &inputs).unwrap();
}

/// Nothing recurses with the text: brackets and calls as deep as anybody likes.
#[test]
fn nesting_has_a_limit_and_no_stack_overflows() {
    for deep in ["[", "tanh(", "constant(", "("] {
        let text = format!("program 1 f64\nx : f64[] = input\ny = neg({}x", deep.repeat(100_000));
        assert!(read::<f64>(&text).is_err());
        answers(&format!("program 1 f64\ny = constant({}\nreturn y", deep.repeat(100_000))).unwrap();
    }
    let calls =
        |n: usize| format!("program 1 f64\nx : f64[] = input\ny = {}x{}\nreturn y", "neg(".repeat(n), ")".repeat(n));
    assert!(read::<f64>(&calls(60)).is_ok());
    assert_eq!(read::<f64>(&calls(70)).unwrap_err().help(), Some("give some of them lines of their own"));
}
