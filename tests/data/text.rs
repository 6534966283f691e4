//! Text as numbers of tokens.

use autodiff::ErrorKind;
use nn::{Column, Dataset, Tokens, Vocabulary};
use proptest::prelude::*;

#[test]
fn words_and_other_characters_are_tokens() {
    let tokens = Tokens::Words.of("It's 3 o'clock—\n \"wait\"!");
    assert_eq!(tokens, ["It's", "3", "o'clock", "—", "\"", "wait", "\"", "!"]);
    assert!(Tokens::Words.of(" \n\t").is_empty());
}

#[test]
fn numbers_go_by_frequency_then_by_the_alphabet() {
    let vocabulary = Vocabulary::of(Tokens::Words, "the cat and the dog and the end");
    assert_eq!(vocabulary.tokens(), ["the", "and", "cat", "dog", "end"]);
    assert_eq!(vocabulary.encode("the dog").unwrap(), [0, 3]);
    assert_eq!(vocabulary.decode(&[0, 3]).unwrap(), "the dog");
}

#[test]
fn a_token_that_is_not_known_is_refused_or_stood_for() {
    let vocabulary = Vocabulary::of(Tokens::Words, "a a a b b c");
    let error = vocabulary.encode("a b\nz").unwrap_err();
    assert_eq!(error.message(), "the token `z` at position 2 is not in the vocabulary");
    assert_eq!(error.kind(), ErrorKind::Refused);
    let limited = vocabulary.limited(2);
    assert_eq!(limited.tokens(), ["a", "b", "<unknown>"]);
    assert_eq!(limited.encode("c a z").unwrap(), [2, 0, 2]);
    assert_eq!(limited.limited(1).tokens(), ["a", "<unknown>"]);
    assert_eq!(limited.decode(&[3]).unwrap_err().message(), "there is no token 3: there are 3, from 0");
}

proptest! {
    #[test]
    fn characters_come_back(text in "\\PC{0,60}") {
        let vocabulary = Vocabulary::of(Tokens::Characters, &text);
        let numbers = vocabulary.encode(&text).unwrap();
        prop_assert_eq!(vocabulary.decode(&numbers).unwrap(), text.clone());
        prop_assert!(numbers.iter().all(|number| *number < vocabulary.len()));
        let words = Vocabulary::of(Tokens::Words, &text);
        prop_assert_eq!(words.encode(&text).unwrap().len(), Tokens::Words.of(&text).len());
    }

    #[test]
    fn windows_are_cut_from_the_stream(n in 2usize..40, length in 1usize..10, stride in 1usize..10) {
        prop_assume!(n > length);
        let stream: Vec<usize> = (100..100 + n).collect();
        let data = Dataset::<f64>::windows(&stream, length, stride).unwrap();
        let (Column::Index(tokens), Column::Index(next)) = (data.column("tokens").unwrap(), data.targets().unwrap()) else {
            panic!()
        };
        for (i, (row, after)) in tokens.outer_iter().zip(next.outer_iter()).enumerate() {
            for j in 0..length {
                prop_assert_eq!((row[j], after[j]), (stream[i * stride + j], stream[i * stride + j + 1]));
            }
        }
        // The next window would not fit.
        prop_assert!(data.len() * stride + length + 1 > n);
    }
}

#[test]
fn windows_that_do_not_fit_are_refused() {
    for (stream, length, stride) in [(&[1, 2, 3][..], 3, 1), (&[1, 2, 3], 0, 1), (&[1, 2, 3], 1, 0), (&[], 1, 1)] {
        assert!(Dataset::<f64>::windows(stream, length, stride).is_err());
    }
}
