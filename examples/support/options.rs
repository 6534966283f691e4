//! The command-line options of the examples, and the repetition over seeds.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// What was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// The seed of everything random.
    pub seed: u64,
    /// How often to repeat the measurement, with the seeds 0, 1, …
    pub seeds: Option<u64>,
    /// A few seconds instead of a good result.
    pub quick: bool,
    /// Nothing but how the program is used.
    pub help: bool,
    /// The folder to which pictures are written.
    pub to: PathBuf,
}

impl Default for Options {
    fn default() -> Self {
        Options { seed: 0, seeds: None, quick: false, help: false, to: PathBuf::from("target/pictures") }
    }
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
                "--to" => options.to = words.next().ok_or("--to takes a folder")?.into(),
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

    /// The same with another seed, of which nothing is repeated.
    pub fn with_seed(&self, seed: u64) -> Self {
        Options { seed, seeds: None, ..self.clone() }
    }

    /// Writes a picture to the folder, and prints where it is.
    pub fn draw(&self, name: &str, svg: &str) -> Result<(), Box<dyn Error>> {
        fs::create_dir_all(&self.to)?;
        let path = self.to.join(format!("{name}.svg"));
        fs::write(&path, svg)?;
        println!("picture: {}", path.display());
        Ok(())
    }
}

const OPTIONS: &str = "  --seed N      the seed of everything random, 0 unless given
  --quick       a few seconds instead of a good result
  --to FOLDER   where pictures are written, target/pictures unless given";

const SEEDS: &str = "
  --seeds N     measure N times, with the seeds 0, 1, …, N − 1, and print median and worst";

/// The whole of a program: reads the options, and runs it.
pub fn run(name: &str, program: impl FnOnce(&Options) -> Result<(), Box<dyn Error>>) -> ExitCode {
    let usage = format!("usage: {name} [--seed N] [--quick] [--to FOLDER]\n{OPTIONS}");
    start(usage, program, |options| match options.seeds {
        None => Ok(options),
        Some(_) => Err("`--seeds` is not an option here: the program measures nothing to repeat".into()),
    })
}

/// As [`run`], for a program that can repeat what it measures: with `--seeds`.
pub fn run_seeds(name: &str, program: impl FnOnce(&Options) -> Result<(), Box<dyn Error>>) -> ExitCode {
    let usage = format!("usage: {name} [--seed N | --seeds N] [--quick] [--to FOLDER]\n{OPTIONS}{SEEDS}");
    start(usage, program, Ok)
}

fn start(
    usage: String,
    program: impl FnOnce(&Options) -> Result<(), Box<dyn Error>>,
    check: impl FnOnce(Options) -> Result<Options, String>,
) -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let options = match Options::parse(&words).and_then(check) {
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
    match program(&options) {
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
