//! What a hand writes: names, numbers and calls among the operands, comments; and print-outs, which are texts too.

use crate::{bare, read, returns};
use autodiff::Shape;
use autodiff::primitive::*;
use autodiff::{Attributes, ErrorKind, Input, Program, Real, Registry, Tape, Var};
use ndarray::{ArrayD, array};
use std::sync::Arc;

/// What `x` gives at [3, 4], of a text whose other lines are these.
fn at_3_4(lines: &str) -> Vec<ArrayD<f64>> {
    let text = format!("program 2 f64\nx : f64[2] = input\n{lines}");
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
        .map(|lines| read::<f64>(&format!("program 2 f64\nx : f64[2] = input\n{lines}")).unwrap().to_text());
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
    let program = read::<f64>("program 2 f64\n a : f64[] = data\n k = key\n b = exp(a)\n return a").unwrap();
    assert_eq!(program.to_text(), "program 2 f64\n  %0 a : f64[] = data\n  %1 k : key   = key\n  return %0\n");
    let nothing = read::<f32>("program 2 f32 return").map(|_| ()).unwrap_err();
    assert!(nothing.message().ends_with("expected the end of the line, found `return`"), "{nothing}");
    assert_eq!(read::<f32>("program 2 f32\nreturn").unwrap().to_text(), "program 2 f32\n  return\n");
}

/// The gradient keeps other values of the body than the text says; what only those needed that it does not keep goes.
#[test]
fn a_loop_whose_kept_values_are_replaced_has_no_node_that_nothing_needs() {
    let text = "program 2 f64
body scan_1
  step : index[] = index
  h : f64[1] = input
  x : f64[1] = input
  q : f64[1] = input
  a : f64[1] = mul(h, q)
  b : f64[1] = sin(a)
  c : f64[1] = mul(b, h)
  return b, c
h : f64[1] = input
x : f64[4, 1] = input
q : f64[1] = input
last : f64[1], kept : f64[4, 1] = scan(h, x, q; body=scan_1, steps=4, carries=1, inputs=1, kept=1, reversed=false, made=all)
return last
";
    let program = read::<f64>(text).unwrap();
    let gradient = program.vjp(&[0, 2]).unwrap().to_text();
    assert!(gradient.contains("kept=1") && !gradient.contains("kept=0, reversed=false"), "{gradient}");
    assert_eq!(read::<f64>(&gradient).unwrap().to_text(), gradient);
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
    let program = read::<f64>(&format!("program 2 f64\nx : f64[2] = input\n{lines}")).unwrap();
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
    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::elementwise(|[x]| x * F::of(0.5))
    }
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| at.dy().apply(&Half))
    }
    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx.apply(&Half))
    }
}

#[test]
fn a_primitive_of_ones_own_is_read_by_a_registry_that_knows_it() {
    let tape = Tape::<f64>::new();
    let program = tape.program(&[tape.input([1.0, 2.0]).apply(&Half).sum(..)]).unwrap();
    let text = program.to_text();
    assert!(text.contains("= tests::half(%0)"), "{text}");
    let knowing = Registry::<f64>::standard().with(Entry::fixed(&Half));
    assert_eq!(Program::parse(&text, &knowing).unwrap().to_text(), text);
    assert_eq!(read::<f64>(&text).unwrap_err().kind(), ErrorKind::Text);
}

/// Names that could be taken for something else, and names of any length, are read back as they were written.
#[test]
fn any_name_is_read_back() {
    let words = ["inf", "NaN", "return", "body", "program", "in", "input", "data", "index", "key", "constant", "f64"];
    let signs =
        ["%0", "1", "-1", "a b", "a=b", "a\"b", "a\\b", "a\nb", "", "é", "…", "a-b", "a::b", "…", "#", "\u{1b}"];
    let long = ["a".repeat(5000), "é".repeat(40_000), format!("a{}", "é".repeat(40_000))];
    for name in words.into_iter().chain(signs).chain(long.iter().map(String::as_str)) {
        let tape = autodiff::Tape::<f64>::new();
        let x = tape.scope(name, || tape.input([1.0, 2.0]).named(name));
        let y = (x * 2.0).named(name) + x;
        let program = tape.program(&[y]).unwrap();
        let text = program.to_text();
        let begin = name.chars().take(20).collect::<String>();
        let read = autodiff::Program::<f64>::parse(&text, &autodiff::Registry::standard());
        let read = read.unwrap_or_else(|error| panic!("{begin:?}: {error}"));
        assert_eq!(read.to_text(), text, "{begin:?}");
        let kept = read.input_name(0).unwrap_or_default();
        assert!(name.starts_with(kept) && (kept.len() == name.len() || kept.len() > 65_000), "{begin:?}");
    }
}

#[test]
fn words_and_names_have_a_longest() {
    let word = format!("program 2 f64\n{} : f64[] = input\nreturn 1", "a".repeat(4097));
    let quoted = format!("program 2 f64\n\"{}\" : f64[] = input\nreturn 1", "a".repeat(66_000));
    for text in [word, quoted] {
        let error = autodiff::Program::<f64>::parse(&text, &autodiff::Registry::standard()).unwrap_err();
        assert!(error.message().starts_with("line 2, column 1: this "), "{error}");
        assert!(error.message().contains("is too long") && error.to_string().len() < 400, "{error}");
    }
    // One of the length that the message of the first names is not too long.
    let longest = format!("program 2 f64\n{} : f64[] = input\nreturn 1", "a".repeat(4096));
    assert!(read::<f64>(&longest).is_ok());
}

/// A name that is no word of the text is written in quotes.
#[test]
fn names_that_are_no_words_are_quoted() {
    for (name, quoted) in [("a_b.c2", false), ("a-b", true), ("a b", true), ("2a", true), ("a+b", true), ("", true)] {
        let tape = Tape::<f64>::new();
        let x = tape.input(1.0).named(name);
        let text = tape.program(&[x * 2.0]).unwrap().to_text();
        assert_eq!(text.contains(&format!(" {name:?} ")), quoted, "{text}");
        assert_eq!(read::<f64>(&text).unwrap().to_text(), text);
    }
}

#[test]
fn numbers_have_exponents_of_either_sign() {
    let results = at_3_4("y = mul(x, 1e+2)\nz = mul(x, 1E-2)\nw = mul(x, 1e2)\nreturn y, z, w");
    let [x, y] = [[3e2, 4e2], [3.0 * 1e-2, 4.0 * 1e-2]].map(|numbers| ndarray::arr1(&numbers).into_dyn());
    assert_eq!(results, [x.clone(), y, x]);
}

#[test]
fn axes_of_any_length() {
    let text = "program 2 f64
        x : f64[n, 2] = data
        labels : index[n] = index
        n = constant(2)
        rows = reshape(x; shape=[n, 1, 2])
        first = slice(x; axis=0, start=0, stop=n)
        wide = broadcast_to(n; shape=[n, 2])
        return rows, add(first, wide), labels";
    for n in [1, 4] {
        let program = Program::<f64>::parse_with(text, &Registry::standard(), n).unwrap();
        let shapes: Vec<String> = program.outputs().map(|(_, shape)| shape.to_string()).collect();
        assert_eq!(shapes, [format!("[{n}, 1, 2]"), format!("[{n}, 2]"), format!("[{n}]")]);
        let fixed = text.replace("[n", &format!("[{n}")).replace("stop=n", &format!("stop={n}"));
        assert_eq!(read::<f64>(&fixed).unwrap().to_text(), program.to_text());
    }
    assert!(autodiff::text::has_free_axes(text).unwrap());
    let error = read::<f64>(text).unwrap_err();
    assert!(error.message().contains("line 2, column 17: `n` is the length of axes that may have any"), "{error}");
    assert_eq!(error.help(), Some("`Program::parse_with` reads a text for one `n`"));
    // Elsewhere an `n` is a name, or nothing.
    for (text, message) in [
        ("program 2 f64\nx : f64[m] = data\nreturn x", "expected a number or `]`, found `m`"),
        ("program 2 f64\nx : f64[2] = constant([n, 1])\nreturn x", "expected"),
        ("program 2 f64\nx : f64[2] = data\nreturn sum(x; axes=[0], keep=n)", "`keep` should be `true` or `false`"),
    ] {
        let error = Program::<f64>::parse_with(text, &Registry::standard(), 3).unwrap_err();
        assert!(error.message().contains(message), "{error}");
    }
    let too_large = "program 2 f64\nx : f64[n, n, n] = data\nreturn x";
    let error = Program::<f64>::parse_with(too_large, &Registry::standard(), usize::MAX).unwrap_err();
    assert!(error.message().contains("too large"), "{error}");
}

/// A primitive of several programs, as a user may write one: the first here, and the rest is kept beside it.
#[derive(Debug)]
struct Several(Vec<Program<f64>>);

impl Primitive<f64> for Several {
    fn name(&self) -> &'static str {
        "several"
    }
    fn formula(&self) -> &'static str {
        "y = f(x)"
    }
    fn bodies(&self) -> &[Program<f64>] {
        &self.0
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<f64> {
        Kernel::Program
    }
}

/// Bodies are given by their names, several of them in brackets, whatever they are called.
#[test]
fn several_bodies_are_read_and_written() {
    let text = |names: [&str; 2]| {
        let body = |name: &str, what: &str| format!("body {name}\n  h : f64[2] = input\n  z = {what}(h)\n  return z\n");
        let [first, second] = names;
        let bodies = body(first, "sqrt") + &body(second, "neg");
        format!("program 2 f64\n{bodies}x : f64[2] = input\ny = several(x; bodies=[{first}, {second}])\nreturn y\n")
    };
    let make = |_: &Attributes, bodies: &[Program<f64>]| Ok(Arc::new(Several(bodies.to_vec())).into());
    let tape = Tape::<f64>::new();
    let example = Several(vec![tape.program(&[tape.input([1.0]).tanh()]).unwrap(); 2]);
    let registry = Registry::<f64>::standard().with(Entry::with_bodies(Arc::new(example), make));
    for names in [["rise", "fall"], ["n", "fall"], ["rise", "n"]] {
        let program = Program::parse(&text(names), &registry).unwrap_or_else(|error| panic!("{names:?}: {error}"));
        assert_eq!(program.run(&[Input::real([4.0, 9.0])]).unwrap(), [array![2.0, 3.0].into_dyn()]);
        let back = Program::parse(&program.to_text(), &registry).unwrap_or_else(|error| panic!("{names:?}: {error}"));
        assert_eq!(bare(&back.to_text()), bare(&program.to_text()));
    }
    // Words are no numbers.
    let line = "program 2 f64\nx : f64[2] = input\ny = sum(x; axes=[rows, 0])\nreturn y";
    let error = Program::<f64>::parse(line, &registry).unwrap_err().to_string();
    assert!(error.contains("line 3") && error.contains("expected a name, found `0`"), "{error}");
}
