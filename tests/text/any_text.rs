//! Whatever the text, it is a program or an error.

use crate::{config, read, returns};
use autodiff::{ErrorKind, Input};
use ndarray::array;
use proptest::prelude::*;

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
        answers(&format!("program 2 f64\n{text}\nreturn"))?;
        answers(&format!("program 2 f64\nx : f64[2, 3] = input\n{words}"))?;
    }

    #[test]
    fn no_changed_text_panics(changes in prop::collection::vec(any::<(usize, usize, u8)>(), 1..6)) {
        answers(&mutated(EVERYTHING, &changes))?;
    }
}

/// Every operation that has attributes, and every kind of line.
const EVERYTHING: &str = r#"program 2 f64
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
        let text = format!("program 2 f64\nx : f64[] = input\ny = neg({}x", deep.repeat(100_000));
        assert!(read::<f64>(&text).is_err());
        answers(&format!("program 2 f64\ny = constant({}\nreturn y", deep.repeat(100_000))).unwrap();
    }
    let calls =
        |n: usize| format!("program 2 f64\nx : f64[] = input\ny = {}x{}\nreturn y", "neg(".repeat(n), ")".repeat(n));
    assert!(read::<f64>(&calls(60)).is_ok());
    assert_eq!(read::<f64>(&calls(70)).unwrap_err().help(), Some("give some of them lines of their own"));
}
