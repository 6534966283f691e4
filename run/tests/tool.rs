//! The command `run` on the programs that are shipped, against numbers from elsewhere; its complaints; and its exit
//! codes.

use autodiff::{Program, Registry};
use autodiff_run::{Failure, run};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const LOGISTIC: &str = "../examples/programs/logistic.ad";
const PENDULUM: &str = "../examples/programs/pendulum.ad";

/// What the tool prints; arguments are separated by blanks.
fn tool_on(text: &str, arguments: &str) -> Result<String, Failure> {
    let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
    let mut out = Vec::new();
    run(&arguments, &mut text.as_bytes(), &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn tool(arguments: &str) -> String {
    tool_on("", arguments).unwrap_or_else(|failure| panic!("{failure}"))
}

/// The numbers of the line that begins with `name`.
fn numbers(printed: &str, name: &str) -> Vec<f64> {
    let begin = format!("{name} : ");
    let line = printed.lines().find(|line| line.starts_with(&begin)).unwrap_or_else(|| panic!("{name} in\n{printed}"));
    let (_, value) = line.split_once(" = ").unwrap();
    value.split(|c| "[], ".contains(c)).filter(|word| !word.is_empty()).map(|word| word.parse().unwrap()).collect()
}

fn close(found: &[f64], expected: &[f64]) {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-14 * (1.0 + b.abs());
    assert!(found.len() == expected.len() && found.iter().zip(expected).all(near), "{found:?}, expected {expected:?}");
}

/// The mean cross-entropy and its derivatives by w and b, as they stand in every textbook: the mean of (p − y)·x.
fn logistic([w0, w1]: [f64; 2], b: f64) -> (f64, [f64; 2], f64) {
    let points = [([0.0, 1.0], 0.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 1.0), ([2.0, 0.5], 0.0)];
    let (mut loss, mut dw, mut db) = (0.0, [0.0, 0.0], 0.0);
    for ([x0, x1], y) in points {
        let p = 1.0 / (1.0 + (-(w0 * x0 + w1 * x1 + b)).exp());
        loss -= (y * p.ln() + (1.0 - y) * (1.0 - p).ln()) / 4.0;
        dw = [dw[0] + (p - y) * x0 / 4.0, dw[1] + (p - y) * x1 / 4.0];
        db += (p - y) / 4.0;
    }
    (loss, dw, db)
}

#[test]
fn logistic_regression() {
    for (w, b) in [([0.5, -0.25], 0.1), ([-2.0, 3.0], -1.0), ([0.0, 0.0], 0.0)] {
        let printed = tool(&format!("{LOGISTIC} w=[{},{}] b={b} --gradient w,b --tangent b=1", w[0], w[1]));
        let (loss, dw, db) = logistic(w, b);
        close(&numbers(&printed, "loss"), &[loss]);
        close(&numbers(&printed, "∂loss/∂w"), &dw);
        close(&numbers(&printed, "∂loss/∂b"), &[db]);
        close(&numbers(&printed, "dloss"), &[db]);
    }
}

#[test]
fn a_pendulum_keeps_its_energy() {
    let (angle, speed, length, gravity) = (0.7f64, -0.4f64, 1.5f64, 9.80665);
    let at = format!("{PENDULUM} angle={angle} speed={speed} length={length}");
    let printed = tool(&format!("{at} --of energy --gradient all,length"));
    close(&numbers(&printed, "kinetic"), &[0.5 * (length * speed).powi(2)]);
    close(&numbers(&printed, "potential"), &[gravity * length * (1.0 - angle.cos())]);
    close(&numbers(&printed, "∂energy/∂angle"), &[gravity * length * angle.sin()]);
    close(&numbers(&printed, "∂energy/∂speed"), &[length * length * speed]);
    close(&numbers(&printed, "∂energy/∂length"), &[length * speed * speed + gravity * (1.0 - angle.cos())]);
    let swing = format!("--tangent angle={speed} --tangent speed={}", -gravity / length * angle.sin());
    close(&numbers(&tool(&format!("{at} {swing}")), "denergy"), &[0.0]);
    let by_number = tool(&format!("{at} --of 2 --gradient all,length"));
    assert_eq!(printed, by_number);
}

/// What the module does is tested where it is written; here, that it is the one of the program or of the gradient.
#[test]
fn a_program_is_printed_as_a_module_for_jax() {
    let module = tool(&format!("{LOGISTIC} --jax"));
    assert!(module.contains("def program(w, b):") && module.contains("    return (loss,)"), "{module}");
    let gradient = tool(&format!("{LOGISTIC} --jax --gradient w --precision f32"));
    assert!(gradient.contains("F = np.float32") && gradient.contains("(\"\", \"real\", (2,)),"), "{gradient}");
    for more in ["w=[1,2]", "--check", "--print", "--json"] {
        assert!(matches!(tool_on("", &format!("{LOGISTIC} --jax {more}")), Err(Failure::Usage(_))), "{more}");
    }
}

#[test]
fn a_gradient_is_printed_as_a_program_that_runs() {
    let gradient = tool(&format!("{LOGISTIC} --print --gradient w"));
    assert!(gradient.starts_with("program 2 f64\n") && gradient.contains(" w "), "{gradient}");
    let values = "w=[0.5,-0.25] b=0.1";
    let printed = tool_on(&gradient, &format!("- {values}")).unwrap();
    close(&numbers(&printed, "output 0"), &logistic([0.5, -0.25], 0.1).1);
    let potential = tool(&format!("{PENDULUM} --print --gradient angle --of potential"));
    assert!(!potential.contains("kinetic"), "{potential}");
    let program = tool(&format!("{LOGISTIC} --print"));
    assert_eq!(Program::<f64>::parse(&program, &Registry::standard()).unwrap().to_text(), program);
}

#[test]
fn both_precisions() {
    let printed = tool(&format!("{LOGISTIC} w=[0.5,-0.25] b=0.1 --precision f32"));
    let found = numbers(&printed, "loss")[0];
    let loss = logistic([0.5, -0.25], 0.1).0;
    assert!(printed.starts_with("loss : f32[]") && found != loss && (found - loss).abs() < 1e-6, "{printed}");
    let third = "program 2 f32\nx : f32[] = input\nreturn div(x, 3)";
    assert_eq!(tool_on(third, "- x=1").unwrap(), format!("output 0 : f32[] = {:?}\n", 1.0f32 / 3.0));
    assert_eq!(tool_on(third, "- x=1 --precision=f64").unwrap(), format!("output 0 : f64[] = {:?}\n", 1.0 / 3.0));
}

#[test]
fn steps_and_checks() {
    let stepped = tool(&format!("{LOGISTIC} w=0.5 b=0 --step"));
    assert!(stepped.contains("the reverse pass starts at %") && stepped.contains("d="), "{stepped}");
    let forwards = tool(&format!("{PENDULUM} angle=1 speed=1 length=1 --step"));
    assert!(forwards.contains("v=") && !forwards.contains("d="), "{forwards}");
    assert!(tool(&format!("{LOGISTIC} w=0.5 b=0 --check --precision f32")).contains(" 0 fail"));
    // A comparison refuses; that is no failure.
    let jump = "program 2 f64\nx : f64[] = input\nreturn greater(x, 0)";
    assert!(tool_on(jump, "- x=1 --check").unwrap().contains("unchecked"));
}

#[test]
fn json_has_every_number() {
    let text = "program 2 f64\nx : f64[2] = input\n\"a \\\"b\\n\" = log(x)\nreturn \"a \\\"b\\n\", sum(x; axes=[0], keep=false)";
    assert_eq!(
        tool_on(text, "- x=[0,1] --gradient x --of 1 --json").unwrap(),
        "{\"outputs\": [{\"name\": \"a \\\"b\\u000a\", \"shape\": [2], \"value\": [\"-inf\", 0.0]}, \
         {\"name\": \"output 1\", \"shape\": [], \"value\": 1.0}], \
         \"gradients\": [{\"name\": \"∂output 1/∂x\", \"shape\": [2], \"value\": [1.0, 1.0]}], \"tangents\": []}\n"
    );
}

#[test]
fn values_of_all_kinds_and_from_files() {
    let text = "program 2 f64
        m : f64[2, 3] = data
        v : f64[2] = data
        rows : index[3] = index
        %3 : key = key
        n : f64[] = data in one
        %5 n : f64[] = data in two
        drawn = uniform(%3; shape=[2], stream=0)
        return gather(m, rows), v, drawn, %5";
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (matrix, vector) = (folder.join("matrix.csv"), folder.join("vector.txt"));
    fs::write(&matrix, "# two rows\n1, 2, 3\n\n4;5;6e0\n").unwrap();
    fs::write(&vector, "7\n-inf\n").unwrap();
    let (matrix, vector) = (matrix.display(), vector.display());
    let printed = tool_on(text, &format!("- m=@{matrix} v=@{vector} rows=[1,0,1] %3=5 one.n=1 two.n=2")).unwrap();
    assert_eq!(numbers(&printed, "output 0"), [4.0, 5.0, 6.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(numbers(&printed, "v"), [7.0, f64::NEG_INFINITY]);
    assert_eq!(numbers(&printed, "n"), [2.0]);
    let tape = autodiff::Tape::<f64>::new();
    assert_eq!(numbers(&printed, "drawn"), tape.key(5).uniform([2], 0).value().unwrap().into_raw_vec_and_offset().0);
    let transposed = tool_on(text, &format!("- m=@{vector} v=0 rows=0 %3=5 one.n=1 two.n=2")).unwrap_err();
    assert!(transposed.to_string().contains("line 1 has 1 numbers, a row of f64[2, 3] has 3"), "{transposed}");
}

/// What the tool answers on a program `x : TYPE = input; return sum` with this file.
fn on_file(kind: &str, content: &[u8]) -> Result<String, String> {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let file = std::env::temp_dir().join(format!("autodiff-tool-{}-{number}.csv", std::process::id()));
    fs::write(&file, content).unwrap();
    let program =
        format!("program 2 {}\nx : {kind} = input\ny = sum(x; axes=[0, 1], keep=false)\nreturn y\n", &kind[..3]);
    let answer = tool_on(&program, &format!("- x=@{}", file.display()));
    fs::remove_file(&file).unwrap();
    answer.map_err(|failure| failure.to_string())
}

#[test]
fn a_byte_order_mark_is_no_number() {
    let with_mark = on_file("f64[2, 2]", b"\xef\xbb\xbf1,2\r\n3,4\r\n").unwrap();
    assert_eq!(numbers(&with_mark, "y"), [10.0]);
    let program = "\u{feff}program 2 f64\nx : f64[] = input\nreturn x\n";
    assert_eq!(numbers(&tool_on(program, "- x=2").unwrap(), "x"), [2.0]);
}

#[test]
fn a_cell_that_is_empty_or_too_large_is_named() {
    for (kind, content, message) in [
        ("f64[1, 4]", "1,,3,5\n", "line 1: cell 2 is empty"),
        ("f64[1, 3]", "1,2,\n", "line 1: cell 3 is empty"),
        ("f64[1, 3]", "1;;3\n", "line 1: cell 2 is empty"),
        ("f64[1, 2]", "# first\n\n1, 2 3\n", "line 3: `2 3` is not a number"),
        ("f64[1, 2]", "1,1e999\n", "line 1: 1e999 is larger than any f64"),
        ("f32[1, 2]", "1,1e39\n", "line 1: 1e39 is larger than any f32"),
        ("f32[1, 2]", "1,1e-50\n", "line 1: 1e-50 is smaller than any f32 but 0"),
        ("f64[1, 2]", "1,2,3\n", "line 1 has 3 numbers"),
    ] {
        let error = on_file(kind, content.as_bytes()).unwrap_err();
        assert!(error.contains(message), "{content:?}: {error}");
    }
    for content in ["1 2\n3  4\n", "1,2\n3 , 4\n", "1;2\n\n3;4\n", "1\t2\n# more\n3\t4\n"] {
        assert_eq!(numbers(&on_file("f64[2, 2]", content.as_bytes()).unwrap(), "y"), [10.0], "{content:?}");
    }
    assert!(numbers(&on_file("f64[1, 2]", b"inf,1\n").unwrap(), "y")[0].is_infinite());
}

#[test]
fn a_number_that_fills_more_than_there_is_memory() {
    let program = "program 1 f64\nx : f64[99999999999999] = input\nreturn x\n";
    let failure = tool_on(program, "- x=1").unwrap_err().to_string();
    assert!(failure.contains("x: no memory for f64[99999999999999]"), "{failure}");
    // What is only printed takes none.
    assert!(tool_on(program, "- --print").unwrap().contains("x : f64[99999999999999] = input"));
    let sum = "program 1 f64\nx : f64[9999999, 9999999] = input\ny = sum(x; axes=[1, 0], keep=false)\nreturn y\n";
    assert!(tool_on(sum, "- --print --gradient x").unwrap().contains("f64[9999999, 9999999] = broadcast_to"));
    for made in ["constant(0.5)", "broadcast_to(0.5; shape=[99999999999999])"] {
        let program = format!("program 1 f64\nx : f64[99999999999999] = {made}\nreturn x\n");
        let failure = tool_on(&program, "-").unwrap_err().to_string();
        assert!(failure.contains("no memory for an array of shape [99999999999999]"), "{failure}");
    }
}

#[test]
fn a_derivative_that_is_zero_is_printed_as_zero() {
    let linear = "program 1 f64\nx : f64[2] = input\ny = sum(x; axes=[0], keep=false)\nreturn y\n";
    let gradient = tool_on(linear, "- --print --gradient x").unwrap();
    assert_eq!(tool_on(&gradient, "- x=[3,4]").unwrap(), "output 0 : f64[2] = [1.0, 1.0]\n");
    let unused = "program 2 f64\nx : f64[2] = input\ny = constant(3)\nreturn y";
    assert_eq!(tool_on(unused, "- x=1 --gradient x").unwrap(), "y : f64[] = 3.0\n∂y/∂x : f64[2] = [0.0, 0.0]\n");
    let cut = "program 2 f64\nx : f64[] = input\ny = exp(stop_gradient(x))\nreturn y";
    assert!(tool_on(cut, "- x=1 --gradient x").unwrap().ends_with("∂y/∂x : f64[] = 0.0\n"));
}

#[test]
fn nothing_is_ignored_beside_print() {
    for (more, expected) in [
        ("b=1", "a value does not go with it"),
        ("--tangent b=1", "--tangent does not go with it"),
        ("--check", "--check does not go with it"),
        ("--step", "--step does not go with it"),
    ] {
        let failure = tool_on("", &format!("{LOGISTIC} --print {more}")).unwrap_err().to_string();
        assert!(failure.contains(expected), "{failure}");
    }
}

#[test]
fn a_value_is_a_value_and_no_piece_of_a_program() {
    let text = "program 2 f64\nx : f64[] = input\nreturn x";
    for value in ["1)\ny = constant(2", "1)", "1, 2", "constant(1)", "1 # one\n2", "%0", "return"] {
        let mut out = Vec::new();
        let failure = run(&["-".into(), format!("x={value}")], &mut text.as_bytes(), &mut out).unwrap_err();
        assert!(failure.to_string().contains("is not a number or an array"), "{value:?}: {failure}");
    }
}

#[test]
fn control_characters_are_written_out() {
    // The name is an escape sequence that clears a terminal.
    let text = "program 2 f64\n\"\\u{1b}[2Jx\" : f64[] = input\nreturn \"\\u{1b}[2Jx\"";
    let shown = [
        tool_on(text, "- %0=1").unwrap(),
        tool_on(text, "- %0=1 --step").unwrap(),
        tool_on(text, "- %0=1 --json").unwrap(),
        tool_on(text, "- --print").unwrap(),
        tool_on(text, "-").unwrap_err().to_string(),
        tool_on(text, "- \u{1b}[2J=1").unwrap_err().to_string(),
        tool_on("program 2 f64\n\u{1b}[2J", "-").unwrap_err().to_string(),
    ];
    for text in shown {
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    }
}

#[test]
fn a_wrong_command_line_is_told_what_is_wrong() {
    let wrong = [
        ("", "there is no program"),
        ("a.ad b.ad", "`b.ad` is one file too many"),
        ("a.ad --frobnicate", "`--frobnicate` is not an option"),
        ("a.ad --of", "--of takes a value"),
        ("a.ad --precision f16", "--precision is f32 or f64, not `f16`"),
        ("a.ad --json --step", "--json shows values and derivatives"),
        ("a.ad --of x --of y --gradient z", "--of is given twice"),
        ("a.ad --precision f32 --precision=f64", "--precision is given twice"),
        ("a.ad --of y", "--of says which output --gradient or --step goes back from; neither is given"),
        ("../examples/programs/logistic.ad w=1 b=1 --tangent b=1 --tangent b=2", "`b` has two directions"),
        ("../examples/programs/logistic.ad b=1", "a value is missing for\n  w : f64[2] = input"),
        ("../examples/programs/logistic.ad b=1 c=2", "the program has no input `c`; it has\n  w : f64[2] = input"),
        ("../examples/programs/logistic.ad b=1 b=2", "`b` has two values"),
        ("../examples/programs/logistic.ad w=[1] b=1", "w: its type is f64[2], the value is of shape [1]"),
        ("../examples/programs/logistic.ad w=[1,2 b=1", "`[1,2` is not a number or an array"),
        ("../examples/programs/pendulum.ad angle=1 speed=1 length=1 --gradient all", "say which output"),
        (
            "../examples/programs/pendulum.ad angle=1 speed=1 length=1 --gradient all --of mass",
            "there is no output `mass`",
        ),
    ];
    for (arguments, expected) in wrong {
        let failure = tool_on("", arguments).expect_err(arguments);
        assert!(matches!(failure, Failure::Usage(_)), "{arguments}: {failure:?}");
        assert!(failure.to_string().contains(expected), "{arguments}: {failure}");
    }
    let indices = "program 2 f64\ni : index[2] = index\nreturn gather([1, 2], i)";
    for (value, expected) in [("[0,0.5]", "integer"), ("[0,-1]", "integer"), ("[0,7]", "out of range")] {
        let failure = tool_on(indices, &format!("- i={value}")).unwrap_err().to_string();
        assert!(failure.contains(expected) && !failure.contains("unknown line"), "{failure}");
    }
    let array = "program 2 f64\nx : f64[2] = input\ny = exp(x)\nreturn y";
    let failure = tool_on(array, "- x=1 --gradient x").unwrap_err().to_string();
    assert!(failure.contains("a gradient is of one number, and `y` is f64[2]; sum it"), "{failure}");
    let jumps = "program 2 f64\nx : f64[] = input\ny = exp(sign(x))\nreturn y";
    let failure = tool_on(jumps, "- x=1 --gradient x").unwrap_err().to_string();
    assert!(failure.contains("leads through `sign`") && !failure.contains(".rs"), "{failure}");
    assert!(matches!(tool_on("", "nothing.ad"), Err(Failure::Other(_))));
    assert!(matches!(tool_on("program 2 f64", "-"), Err(Failure::Program(_))));
}

#[test]
fn the_process_answers_with_its_exit_code() {
    let exit = |text: &str, arguments: &[&str]| {
        let mut process = Command::new(env!("CARGO_BIN_EXE_run"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        process.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = process.wait_with_output().unwrap();
        let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (output.status.code(), out, err)
    };
    let text = "program 2 f64\nx : f64[] = input\ny = exp(x)\nreturn y";
    assert_eq!(
        exit(text, &["-", "x=0", "--gradient", "x"]),
        (Some(0), "y : f64[] = 1.0\n∂y/∂x : f64[] = 1.0\n".into(), "".into())
    );
    let (code, out, err) = exit("program 3 f64", &["-"]);
    assert!((code, &*out) == (Some(1), "") && err.contains("version 3 is not known"), "{err}");
    let (code, out, err) = exit(text, &["-"]);
    assert!((code, &*out) == (Some(2), "") && err.contains("a value is missing"), "{err}");
    let operations = exit("", &["--operations"]).1;
    assert!(operations.lines().any(|line| line.starts_with("sum(x; axes=[0], keep=false)  ")), "{operations}");
    assert!(exit("", &["--help"]).1.starts_with("usage: run FILE"));
}
