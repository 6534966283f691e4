//! Changes to a text. Most keep a line a line, so that the text may still be a program, of another kind.

use crate::seeds;
use autodiff::Registry;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

/// Numbers that mean something somewhere: lengths, axes, bounds.
const NUMBERS: [&str; 18] = [
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "7",
    "64",
    "1025",
    "0.5",
    "-1",
    "-0.0",
    "1e300",
    "inf",
    "NaN",
    "1000000",
    "9223372036854775807",
    "18446744073709551615",
];

/// The text with one change.
pub(crate) fn changed(text: &str, random: &mut ChaCha8Rng) -> String {
    match random.random_range(0..14u32) {
        0..=2 => line_more(text, random),
        3 | 4 => word_replaced(text, random, |word| word.starts_with('%'), chosen),
        5 | 6 => {
            let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit() || c == '-');
            word_replaced(text, random, is_number, |_, random| NUMBERS[random.random_range(0..NUMBERS.len())].into())
        }
        7 => word_replaced(text, random, |word| word.starts_with(char::is_alphabetic), chosen),
        8 | 9 => operation_replaced(text, random),
        10 => lines_changed(text, random, |lines, at, _| drop(lines.remove(at))),
        11 => lines_changed(text, random, |lines, at, other| lines.swap(at, other)),
        12 => {
            let from = seeds::text(random.random());
            let lines: Vec<&str> = from.lines().collect();
            let line = lines.get(random.random_range(0..lines.len().max(1))).unwrap_or(&"").to_string();
            lines_changed(text, random, |lines, at, _| lines.insert(at, line.clone()))
        }
        _ => character_changed(text, random),
    }
}

fn chosen(words: &[String], random: &mut ChaCha8Rng) -> String {
    words.get(random.random_range(0..words.len().max(1))).cloned().unwrap_or_default()
}

/// The pieces of a text: words with their numbers and signs, and single characters between.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut in_word = false;
    for c in text.chars() {
        let of_word = c.is_alphanumeric() || "%_.:-".contains(c);
        match pieces.last_mut() {
            Some(last) if in_word && of_word => last.push(c),
            _ => pieces.push(c.into()),
        }
        in_word = of_word;
    }
    pieces
}

/// The text with a word of a kind replaced, by one that is made of all words of that kind.
fn word_replaced(
    text: &str,
    random: &mut ChaCha8Rng,
    is_of_kind: impl Fn(&str) -> bool,
    replacement: impl Fn(&[String], &mut ChaCha8Rng) -> String,
) -> String {
    let mut pieces = pieces(text);
    let places: Vec<usize> = (0..pieces.len()).filter(|i| is_of_kind(&pieces[*i])).collect();
    if places.is_empty() {
        return text.into();
    }
    let words: Vec<String> = places.iter().map(|i| pieces[*i].clone()).collect();
    pieces[places[random.random_range(0..places.len())]] = replacement(&words, random);
    pieces.concat()
}

fn operations() -> Vec<&'static str> {
    Registry::<f64>::standard().entries().map(|entry| entry.example().name()).collect()
}

fn operation_replaced(text: &str, random: &mut ChaCha8Rng) -> String {
    let names = operations();
    let other = names[random.random_range(0..names.len())];
    word_replaced(text, random, |word| names.contains(&word), |_, _| other.into())
}

/// The text with one more operation on what is there, whose first result is returned, too.
fn line_more(text: &str, random: &mut ChaCha8Rng) -> String {
    let words = pieces(text);
    let mut ids: Vec<String> = words.into_iter().filter(|word| word.starts_with('%')).collect();
    ids.dedup();
    let registry = Registry::<f64>::standard();
    let entries: Vec<_> = registry.entries().collect();
    let example = entries[random.random_range(0..entries.len())].example();
    let (Some((rest, last)), true) = (text.rsplit_once("return "), example.bodies().is_empty()) else {
        return text.into();
    };
    let count = example.signature().count().unwrap_or_else(|| random.random_range(1..4));
    let operands: Vec<String> = (0..count).map(|_| chosen(&ids, random)).collect();
    let attributes = example.attributes();
    let attributes = if attributes.is_empty() { String::new() } else { format!("; {attributes}") };
    let call = format!("{}({}{attributes})", example.name(), operands.join(", "));
    let results = if ["sort", "top_k"].contains(&example.name()) { "%9001, %9002" } else { "%9001" };
    // Later lines of the same kind have numbers of their own.
    let fresh = (9001..).step_by(10).find(|n| !text.contains(&format!("%{n}"))).unwrap_or(9001);
    let results = results.replace("9001", &fresh.to_string()).replace("9002", &(fresh + 1).to_string());
    format!("{rest}{results} = {call}\n  return %{fresh}, {last}")
}

fn lines_changed(text: &str, random: &mut ChaCha8Rng, change: impl Fn(&mut Vec<String>, usize, usize)) -> String {
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    if !lines.is_empty() {
        let (at, other) = (random.random_range(0..lines.len()), random.random_range(0..lines.len()));
        change(&mut lines, at, other);
    }
    lines.join("\n") + "\n"
}

fn character_changed(text: &str, random: &mut ChaCha8Rng) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let others = ['(', ')', '[', ']', '9', '=', ';', ',', '"', '\\', '%', 'é', '\n', '-', ' '];
    let (at, other) = (random.random_range(0..=characters.len()), others[random.random_range(0..others.len())]);
    match characters.get_mut(at) {
        Some(c) if random.random() => *c = other,
        _ => characters.insert(at, other),
    }
    characters.into_iter().collect()
}
