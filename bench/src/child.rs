//! A process that answers the lines of [`serve`](crate::serve).

use crate::Result;
use crate::machine::ticks_of;
use crate::numbers::Numbers;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};

const TASKSET: &str = "/usr/bin/taskset";

/// How to start a framework's process.
#[derive(Clone, Debug)]
pub struct Peer {
    pub name: String,
    pub program: PathBuf,
    pub arguments: Vec<String>,
}

impl Peer {
    /// This very program.
    ///
    /// # Errors
    /// A machine that does not say which program runs.
    pub fn ours() -> Result<Self> {
        Ok(Peer { name: "autodiff".into(), program: std::env::current_exe()?, arguments: vec!["serve".into()] })
    }

    /// Starts it with the number of threads as its last argument, and on no more processors than that, where the system
    /// can say so: some libraries have helpers that no setting turns off.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn start(&self, threads: usize) -> Result<Child> {
        let processors = std::thread::available_parallelism()?.get();
        let mut command = Command::new(&self.program);
        if threads < processors && Path::new(TASKSET).exists() {
            let last = format!("{}-{}", processors - threads, processors - 1);
            command = Command::new(TASKSET);
            command.args(["-c", &last]).arg(&self.program);
        }
        command.args(&self.arguments).arg(threads.to_string());
        for variable in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"] {
            command.env(variable, threads.to_string());
        }
        if threads == 1 {
            command.env("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1");
        }
        command.env("JAX_PLATFORMS", "cpu").env("CUDA_VISIBLE_DEVICES", "");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().map_err(|error| format!("{}: {error}", self.program.display()))?;
        let stdin = process.stdin.take();
        let lines = BufReader::new(process.stdout.take().ok_or("a process without output")?);
        Ok(Child { name: self.name.clone(), threads, process, stdin, lines })
    }
}

/// A running process.
#[derive(Debug)]
pub struct Child {
    pub name: String,
    pub threads: usize,
    process: Process,
    stdin: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
}

impl Child {
    /// What it implements.
    ///
    /// # Errors
    /// What it answers, for this and all that follow.
    pub fn list(&mut self) -> Result<Vec<String>> {
        self.ask("list", "entries")
    }

    /// The numbers it computes.
    pub fn check(&mut self, id: &str) -> Result<Numbers> {
        let words = self.ask(&format!("check {id}"), "numbers")?;
        Numbers::parse(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Makes it ready to be timed.
    pub fn prepare(&mut self, id: &str) -> Result<()> {
        self.ask(&format!("prepare {id}"), "prepared").map(|_| ())
    }

    /// Microseconds per step.
    pub fn run(&mut self, id: &str, seconds: f64) -> Result<Vec<f64>> {
        let words = self.ask(&format!("run {id} {seconds}"), "times")?;
        Ok(words.iter().map(|word| word.parse()).collect::<std::result::Result<_, _>>()?)
    }

    /// Seconds it took to get ready.
    pub fn planning(&mut self, id: &str) -> Result<f64> {
        self.ask(&format!("planning {id}"), "planning").and_then(|words| one(&words))
    }

    /// The most it has held so far, in MiB.
    pub fn memory(&mut self) -> Result<f64> {
        self.ask("memory", "memory").and_then(|words| one(&words))
    }

    /// Drops what was prepared.
    pub fn forget(&mut self) -> Result<()> {
        self.ask("forget", "forgotten").map(|_| ())
    }

    /// The ticks in which it had a processor.
    pub fn ticks(&self) -> Result<u64> {
        ticks_of(self.process.id())
    }

    fn ask(&mut self, line: &str, expected: &str) -> Result<Vec<String>> {
        let stdin = self.stdin.as_mut().ok_or("a process without input")?;
        let mut answer = String::new();
        let heard =
            writeln!(stdin, "{line}").and_then(|()| stdin.flush()).and_then(|()| self.lines.read_line(&mut answer));
        let mut words = answer.split_whitespace();
        match (heard, words.next()) {
            (Ok(_), Some(word)) if word == expected => Ok(words.map(str::to_owned).collect()),
            (Ok(_), Some(_)) => Err(format!("{}, asked to `{line}`: {}", self.name, answer.trim()).into()),
            (Err(error), _) => Err(format!("{}, asked to `{line}`: {error}", self.name).into()),
            (Ok(_), None) => Err(format!("{} ended when asked to `{line}`", self.name).into()),
        }
    }
}

impl Drop for Child {
    /// The end of its input ends it.
    fn drop(&mut self) {
        self.stdin.take();
        let _ = self.process.wait();
    }
}

fn one(words: &[String]) -> Result<f64> {
    match words {
        [word] => Ok(word.parse()?),
        _ => Err(format!("one number expected, got {words:?}").into()),
    }
}
