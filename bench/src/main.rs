//! The command line of the benchmarks. See `bench/NOTES.md`.

use bench::compare::{Options, PEERS, compare};
use bench::workload::ENTRIES;
use bench::{Result, serve, short};
use std::process::ExitCode;

const USAGE: &str = "usage: bench [W1 W2 …] [options]           times ours
       bench compare [W1 W2 …] [options]   checks and times ours and the peers
       bench --short [W1 W2 …]             checks ours against recorded numbers
  --threads N,M    how many threads, one run for each: 1 unless given, 1,2 to compare
  --peers A,B      of jax, torch, numpy, candle, burn: all unless given
  --rounds N       how often each is timed: 1 unless given, 5 to compare; 0 only checks
  --seconds S      how long each time: 1 unless given, 0.5 to compare
  --json           lines of JSON and no table
  --record A       makes the numbers of the peer A those that --short expects";

enum Job {
    Help,
    Short(Vec<String>, usize),
    Serve(usize),
    Compare(Options),
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let job = match parse(&arguments) {
        Ok(job) => job,
        Err(complaint) => {
            eprintln!("{complaint}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let done = match job {
        Job::Help => {
            println!("{USAGE}");
            Ok(())
        }
        Job::Short(names, threads) => short::short(&names, threads),
        Job::Serve(threads) => serve::serve(&ENTRIES, threads, std::io::stdin().lock(), std::io::stdout().lock()),
        Job::Compare(options) => compare(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> Result<Job> {
    let mut words = arguments.iter().map(String::as_str).peekable();
    let comparing = words.next_if_eq(&"compare").is_some();
    if words.next_if_eq(&"serve").is_some() {
        let threads = words.next().ok_or("serve takes the number of threads")?.parse()?;
        return Ok(Job::Serve(threads));
    }
    let mut options = Options {
        workloads: Vec::new(),
        peers: if comparing { PEERS.map(str::to_owned).to_vec() } else { Vec::new() },
        threads: if comparing { vec![1, 2] } else { vec![1] },
        rounds: if comparing { 5 } else { 1 },
        seconds: if comparing { 0.5 } else { 1.0 },
        json: false,
        record: None,
    };
    let mut short = false;
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} takes a value"));
        match word {
            "--help" | "-h" => return Ok(Job::Help),
            "--short" => short = true,
            "--json" => options.json = true,
            "--threads" => {
                options.threads = value()?.split(',').map(str::parse).collect::<std::result::Result<_, _>>()?;
            }
            "--peers" if comparing => options.peers = value()?.split(',').map(str::to_owned).collect(),
            "--record" if comparing => options.record = Some(value()?.to_owned()),
            "--rounds" => options.rounds = value()?.parse()?,
            "--seconds" => options.seconds = value()?.parse()?,
            other if other.starts_with('-') => return Err(format!("`{other}` is not an option").into()),
            workload => options.workloads.push(workload.to_owned()),
        }
    }
    if options.threads.contains(&0) || options.seconds.is_nan() || options.seconds < 0.0 {
        return Err("there is at least one thread, and no negative time".into());
    }
    Ok(if short { Job::Short(options.workloads, options.threads[0]) } else { Job::Compare(options) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Job> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn lines_are_understood() {
        let Ok(Job::Compare(options)) = parsed("W1 w2 --threads 2 --json") else { panic!("ours") };
        assert_eq!((options.workloads.len(), options.threads, options.json), (2, vec![2], true));
        assert!(options.peers.is_empty());
        let Ok(Job::Compare(options)) = parsed("compare --peers jax,numpy --rounds 3 W9") else { panic!("all") };
        assert_eq!((options.peers.len(), options.threads, options.rounds), (2, vec![1, 2], 3));
        assert!(matches!(parsed("--short W2"), Ok(Job::Short(names, 1)) if names == ["W2"]));
        assert!(matches!(parsed("serve 2"), Ok(Job::Serve(2))));
        assert!(matches!(parsed("--help"), Ok(Job::Help)));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in
            ["--threads 0", "--threads x", "--threads", "--peers jax", "--fast", "serve", "--seconds -1", "--rounds -1"]
        {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
