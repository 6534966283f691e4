//! The command in a real terminal: a pseudo-terminal, with a screen that reads what is written to it.
#![cfg(unix)]

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

struct Screen {
    pty: Arc<Pty>,
    child: Child,
    parser: Arc<Mutex<vt100::Parser>>,
    /// All that was written.
    written: Arc<Mutex<Vec<u8>>>,
}

impl Screen {
    fn start(program: &str, arguments: &[&str], (columns, rows): (u16, u16), environment: &[(&str, &str)]) -> Screen {
        let (pty, pts) = open().unwrap();
        pty.resize(Size::new(rows, columns)).unwrap();
        let command = Command::new(program).args(arguments).env("TERM", "xterm-256color").env_remove("NO_COLOR");
        let child = command.envs(environment.iter().copied()).spawn(pts).unwrap();
        let pty = Arc::new(pty);
        let parser = Arc::new(Mutex::new(vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0)));
        let written = Arc::new(Mutex::new(Vec::new()));
        let (reader, screen, all) = (pty.clone(), parser.clone(), written.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of the program ends this, too.
            while let Ok(count @ 1..) = (&*reader).read(&mut bytes) {
                screen.lock().unwrap().process(&bytes[..count]);
                all.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        Screen { pty, child, parser, written }
    }

    fn stepper(arguments: &[&str], size: (u16, u16), environment: &[(&str, &str)]) -> Screen {
        Screen::start(env!("CARGO_BIN_EXE_stepper"), arguments, size, environment)
    }

    fn keys(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    fn text(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    fn is_alternate(&self) -> bool {
        self.parser.lock().unwrap().screen().alternate_screen()
    }

    /// Waits until the screen shows the text.
    #[track_caller]
    fn wait_for(&self, text: &str) {
        self.wait(&format!("`{text}`"), |screen| screen.text().contains(text));
    }

    #[track_caller]
    fn wait(&self, what: &str, holds: impl Fn(&Screen) -> bool) {
        let begin = Instant::now();
        while !holds(self) {
            assert!(begin.elapsed() < Duration::from_secs(60), "{what} does not come; there is\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the end of the program; whether it succeeded.
    fn end(mut self) -> (bool, Vec<u8>) {
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        self.wait("the terminal as it was", |screen| !screen.is_alternate());
        let written = self.written.lock().unwrap().clone();
        (status.success(), written)
    }
}

/// Whether bytes have a sequence that sets a colour: `38`, `48`, or 30 to 37, 40 to 47, 90 to 107.
fn has_colour(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.split("\u{1b}[").skip(1).any(|rest| {
        let Some(end) = rest.find(|c: char| c.is_ascii_alphabetic()) else { return false };
        rest[end..].starts_with('m')
            && rest[..end].split(';').any(|n| n.parse::<u8>().is_ok_and(|n| matches!(n, 30..=38 | 40..=48 | 90..=107)))
    })
}

#[test]
fn keys_and_sizes() {
    let screen = Screen::stepper(&["two-layers"], (80, 24), &[]);
    screen.wait_for("before the first of 246 events");
    screen.keys(".");
    screen.wait_for("x1 = 0.05 is given.");
    screen.keys("\u{1b}[C");
    screen.wait_for("event 2 of 246");
    screen.keys("\u{1b}[D");
    screen.wait_for("event 1 of 246");
    screen.keys("bphase == update\rc");
    screen.wait_for("The update moves the parameter w1 against its cotangent");
    // A larger window has room for the graph.
    assert!(!screen.text().contains("graph: value"));
    screen.parser.lock().unwrap().set_size(60.try_into().unwrap(), 200.try_into().unwrap());
    screen.pty.resize(Size::new(60, 200)).unwrap();
    screen.wait_for("graph: value, and below it the cotangent");
    screen.keys("k");
    screen.wait_for("one event forward, back");
    screen.keys("\u{1b}");
    screen.wait_for("graph: value, and below it the cotangent");
    screen.keys("q");
    let (success, written) = screen.end();
    assert!(success && has_colour(&written));
}

#[test]
fn no_colour_is_honoured() {
    let screen = Screen::stepper(&["nan-forward", "--at", "2"], (200, 60), &[("NO_COLOR", "1")]);
    screen.wait_for("event 2 of");
    screen.keys("Gq");
    let (success, written) = screen.end();
    assert!(success && !has_colour(&written));
}

#[test]
fn a_loop_is_gone_into_and_left() {
    let screen = Screen::stepper(&["gru"], (100, 30), &[]);
    screen.wait_for("A gated recurrent unit");
    screen.keys("/h\rs1\r");
    screen.wait_for("step 1 of the loop");
    screen.keys("q");
    screen.wait("the loop is left", |screen| !screen.text().contains("step 1 of the loop"));
    screen.keys("\u{3}");
    assert!(screen.end().0);
}

/// Without a terminal the events are listed.
#[test]
fn no_terminal_is_no_screen() {
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_stepper")).arg("square").stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("\n    1  x = 3 is given."), "{text}");
    assert!(!text.contains('\u{1b}'));
}

/// A primitive that panics while its formula is shown.
#[derive(Debug)]
struct Panics;

impl<F: autodiff::Real> autodiff::Primitive<F> for Panics {
    fn name(&self) -> &'static str {
        "test::panics"
    }

    fn formula(&self) -> &'static str {
        panic!("this formula cannot be shown")
    }

    fn kernel(&self, _: &[&autodiff::Shape]) -> autodiff::primitive::Kernel<F> {
        autodiff::primitive::Kernel::<F>::elementwise(|[x]| x)
    }

    fn partial<'t>(
        &self,
        _: &autodiff::primitive::RuleContext<'_, 't, F>,
        _: usize,
    ) -> autodiff::primitive::Partial<'t, F> {
        autodiff::primitive::Partial::One
    }
}

/// What the next test runs in a pseudo-terminal.
#[test]
#[ignore = "run by the test of a panic"]
fn opens_what_panics() {
    let tape = autodiff::Tape::<f64>::new();
    let y = tape.input(1.0).named("x").apply(&Panics).named("y");
    stepper::open(&y).unwrap();
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_read() {
    let program = std::env::current_exe().unwrap();
    let arguments = ["--exact", "pty::opens_what_panics", "--ignored", "--nocapture"];
    let screen = Screen::start(program.to_str().unwrap(), &arguments, (100, 30), &[]);
    screen
        .wait("the message", |screen| !screen.is_alternate() && screen.text().contains("this formula cannot be shown"));
    let cursor_is_hidden = screen.parser.lock().unwrap().screen().hide_cursor();
    let (success, written) = screen.end();
    let entered = String::from_utf8_lossy(&written).contains("\u{1b}[?1049h");
    assert!(!success && !cursor_is_hidden && entered);
}
