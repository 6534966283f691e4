//! Text as sequences of tokens, each with its number.

use super::{Column, Dataset, TARGETS};
use crate::error::{error, mismatch};
use autodiff::{ErrorKind, Real, Result};
use ndarray::Array2;
use std::collections::BTreeMap;

/// What text is divided into.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Tokens {
    /// Characters, spaces and ends of lines among them.
    Characters,
    /// Words, which consist of letters, digits and apostrophes, and every other character by itself; spaces only
    /// separate.
    Words,
}

impl Tokens {
    /// The tokens of `text`, in order.
    ///
    /// ```
    /// use nn::Tokens;
    /// assert_eq!(Tokens::Words.of("Don't panic, 42!"), ["Don't", "panic", ",", "42", "!"]);
    /// assert_eq!(Tokens::Characters.of("né"), ["n", "é"]);
    /// ```
    pub fn of(self, text: &str) -> Vec<&str> {
        let in_word = |c: char| c.is_alphanumeric() || c == '\'' || c == '’';
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = match self {
                Tokens::Words if in_word(first) => rest.find(|c| !in_word(c)).unwrap_or(rest.len()),
                _ => first.len_utf8(),
            };
            let (token, after) = rest.split_at(length);
            if self == Tokens::Characters || !first.is_whitespace() {
                tokens.push(token);
            }
            rest = after;
        }
        tokens
    }
}

/// The tokens that a model knows, numbered from 0: the most frequent first, and tokens of equal frequency in
/// alphabetical order.
///
/// ```
/// use nn::{Tokens, Vocabulary};
/// let vocabulary = Vocabulary::of(Tokens::Characters, "abracadabra");
/// assert_eq!(vocabulary.tokens(), ["a", "b", "r", "c", "d"]);
/// let numbers = vocabulary.encode("cab")?;
/// assert_eq!((numbers.as_slice(), vocabulary.decode(&numbers)?.as_str()), (&[3, 0, 1][..], "cab"));
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vocabulary {
    kind: Tokens,
    tokens: Vec<String>,
    numbers: BTreeMap<String, usize>,
    unknown: Option<usize>,
}

/// The token that stands for those a vocabulary does not have.
const UNKNOWN: &str = "<unknown>";

impl Vocabulary {
    /// The tokens that occur in `text`.
    pub fn of(kind: Tokens, text: &str) -> Self {
        let mut counts = BTreeMap::new();
        kind.of(text).into_iter().for_each(|token| *counts.entry(token).or_insert(0_usize) += 1);
        let mut counted: Vec<(&str, usize)> = counts.into_iter().collect();
        // A stable sort: the alphabet decides where frequencies are equal.
        counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Vocabulary::from_tokens(kind, counted.into_iter().map(|(token, _)| token.to_owned()).collect(), None)
    }

    /// With the `most` frequent tokens only, and a token `<unknown>` at the end that stands for all others.
    pub fn limited(&self, most: usize) -> Self {
        let mut tokens: Vec<String> =
            self.tokens.iter().filter(|token| *token != UNKNOWN).take(most).cloned().collect();
        tokens.push(UNKNOWN.to_owned());
        let unknown = Some(tokens.len() - 1);
        Vocabulary::from_tokens(self.kind, tokens, unknown)
    }

    fn from_tokens(kind: Tokens, tokens: Vec<String>, unknown: Option<usize>) -> Self {
        let numbers = tokens.iter().cloned().zip(0..).collect();
        Vocabulary { kind, tokens, numbers, unknown }
    }

    /// The tokens, in the order of their numbers.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The number of tokens.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The numbers of the tokens of `text`.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] for a token that is not in the vocabulary, unless it is [`limited`](Self::limited), with
    /// its position.
    #[track_caller]
    pub fn encode(&self, text: &str) -> Result<Vec<usize>> {
        let mut numbers = Vec::new();
        for (position, token) in self.kind.of(text).into_iter().enumerate() {
            match self.numbers.get(token).copied().or(self.unknown) {
                Some(number) => numbers.push(number),
                None => {
                    let message =
                        format!("the token `{}` at position {position} is not in the vocabulary", token.escape_debug());
                    let help = "`vocabulary.limited(n)` has a token for all that it does not know";
                    return Err(error(ErrorKind::Refused, "encode", message).with_help(help));
                }
            }
        }
        Ok(numbers)
    }

    /// The text of `numbers`: words with a space between them, characters without.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] for a number that no token has.
    #[track_caller]
    pub fn decode(&self, numbers: &[usize]) -> Result<String> {
        let mut tokens = Vec::with_capacity(numbers.len());
        for number in numbers {
            match self.tokens.get(*number) {
                Some(token) => tokens.push(token.as_str()),
                None => {
                    let message = format!("there is no token {number}: there are {}, from 0", self.len());
                    return Err(error(ErrorKind::Refused, "decode", message));
                }
            }
        }
        Ok(tokens.join(if self.kind == Tokens::Words { " " } else { "" }))
    }
}

impl<F: Real> Dataset<F> {
    /// The data set that a language model is trained on. The column `tokens` \[sequences, length\] has sequences of
    /// `length` tokens, which begin every `stride` tokens of the stream; the column `targets` \[sequences, length\]
    /// has, for each of these tokens, the one that follows it.
    ///
    /// ```
    /// use nn::{Column, Dataset};
    /// let data = Dataset::<f64>::windows(&[5, 6, 7, 8, 9], 2, 2)?;
    /// assert_eq!(data.column("tokens")?, &Column::index([[5, 6], [7, 8]]));
    /// assert_eq!(data.targets()?, &Column::index([[6, 7], [8, 9]]));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the length or the stride is 0, or the stream is not longer than `length`.
    #[track_caller]
    pub fn windows(stream: &[usize], length: usize, stride: usize) -> Result<Self> {
        let count = match stream.len().checked_sub(length).and_then(|left| left.checked_sub(1)) {
            Some(left) if length > 0 && stride > 0 => left / stride + 1,
            _ => {
                let message = format!("{} tokens in sequences of {length}, one every {stride}", stream.len());
                let help = "length and stride are at least 1, and there is a token more than the length";
                return Err(mismatch("windows", message).with_help(help));
            }
        };
        let cut = |from: usize| {
            let at = |(i, j): (usize, usize)| stream.get(from + i * stride + j).copied().unwrap_or(0);
            Column::index(Array2::from_shape_fn((count, length), at))
        };
        Dataset::new().with("tokens", cut(0))?.with(TARGETS, cut(1))
    }
}
