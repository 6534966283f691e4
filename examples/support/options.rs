//! The command-line options of the examples, and the repetition over seeds.

use std::error::Error;
use std::process::ExitCode;

/// What was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// The seed of everything random.
    pub seed: u64,
    /// How often to repeat the measurement, with the seeds 0, 1, …
    pub seeds: Option<u64>,
    /// A few seconds instead of a good result.
    pub quick: bool,
    /// Nothing but how the program is used.
    pub help: bool,
}

impl Options {
    /// Reads the words of a command line.
    pub fn parse(words: &[String]) -> Result<Self, String> {
        let mut options = Options::default();
        let (mut words, mut seeded) = (words.iter().map(String::as_str), false);
        while let Some(word) = words.next() {
            match word {
                "--help" | "-h" => options.help = true,
                "--quick" => options.quick = true,
                "--seed" | "--seeds" if seeded => return Err(format!("`{word}` is one option too many")),
                "--seed" | "--seeds" => {
                    seeded = true;
                    let number = words.next().ok_or(format!("{word} takes a number"))?;
                    let number = number
                        .parse::<u64>()
                        .map_err(|_| format!("{word} takes a non-negative integer, not `{number}`"))?;
                    match (word, number) {
                        ("--seed", _) => options.seed = number,
                        (_, 0) => return Err("--seeds takes at least 1".into()),
                        _ => options.seeds = Some(number),
                    }
                }
                other => return Err(format!("`{other}` is not an option")),
            }
        }
        Ok(options)
    }
}

const OPTIONS: &str = "  --seed N    the seed of everything random, 0 unless given
  --seeds N   measure N times, with the seeds 0, 1, …, N − 1, and print median and worst
  --quick     a few seconds instead of a good result";

/// The whole of a program: reads the options, and runs it.
pub fn run(name: &str, program: impl FnOnce(Options) -> Result<(), Box<dyn Error>>) -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let usage = format!("usage: {name} [--seed N | --seeds N] [--quick]\n{OPTIONS}");
    let options = match Options::parse(&words) {
        Ok(options) => options,
        Err(complaint) => {
            eprintln!("{complaint}\n{usage}");
            return ExitCode::from(2);
        }
    };
    if options.help {
        println!("{usage}");
        return ExitCode::SUCCESS;
    }
    match program(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Which of two numbers is the worse.
pub type Worse = fn(f64, f64) -> f64;

/// Measures `what` with the seeds 0, 1, …, `seeds` − 1: a line for each, then median and worst.
pub fn repeat(
    what: &str,
    seeds: u64,
    worse: Worse,
    shown: impl Fn(f64) -> String,
    mut measure: impl FnMut(u64) -> Result<f64, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    println!("{what}, by seed");
    let mut found = Vec::new();
    for seed in 0..seeds {
        let measured = measure(seed)?;
        println!("  seed {seed:>2}  {}", shown(measured));
        found.push(measured);
    }
    found.sort_by(f64::total_cmp);
    let middle = (found[(found.len() - 1) / 2] + found[found.len() / 2]) / 2.0;
    println!("  median   {}", shown(middle));
    println!("  worst    {}", shown(found.iter().copied().reduce(worse).unwrap_or(f64::NAN)));
    Ok(())
}

/// A fraction in per cent.
pub fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}
