//! The terminal: a run, stepped through with the keyboard.

mod app;
mod array;
mod card;
mod command;
mod graph;
mod line;
mod paint;
mod panel;
mod program;
mod screen;
mod session;
mod view;

use crate::subject::{Error, Subject};
use app::{Action, App};
use autodiff::Real;
use autodiff::inspect::Trace;
use command::Reply;
use paint::Paint;
use ratatui::backend::TestBackend;
use screen::Screen;
use session::Session;
use std::io::IsTerminal;

/// How a run is opened in the terminal.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let x = tape.input(3.0).named("x");
/// let y = (x * x).named("y");
/// // Without a terminal: what the screen would show, and what a script prints.
/// let screen = stepper::Terminal::new().title("a square").at(2).frame(&y, (80, 24))?;
/// assert!(screen.contains("y = x·x is computed: 9."));
/// assert_eq!(stepper::Terminal::new().script(&y, "goto end; p x")?, "time 6: By way of y, x gets the \
///     contribution 3. It is the last of 2, and together they are x\u{304} = 6.\nx = 3\nx\u{304} = 6\n");
/// # Ok::<(), stepper::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Terminal {
    colours: bool,
    title: String,
    at: usize,
}

impl Default for Terminal {
    fn default() -> Self {
        Terminal::new()
    }
}

impl Terminal {
    /// In colours, from the beginning.
    pub fn new() -> Self {
        Terminal { colours: true, title: "a run".to_owned(), at: 0 }
    }

    /// Whether there are colours. A library does not read the environment: pass
    /// `std::env::var_os("NO_COLOR").is_none()` to honour what the user asks for, as the command `stepper` does.
    pub fn colours(self, colours: bool) -> Self {
        Terminal { colours, ..self }
    }

    /// What stands above.
    pub fn title(self, title: impl Into<String>) -> Self {
        Terminal { title: title.into(), ..self }
    }

    /// The moment at which it begins: after that many events.
    pub fn at(self, time: usize) -> Self {
        Terminal { at: time, ..self }
    }

    /// Opens a run, and returns when it is left.
    ///
    /// # Errors
    /// As [`open`](crate::open).
    pub fn open(&self, subject: &impl Subject) -> Result<(), Error> {
        let trace = subject.run()?;
        if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
            return Err(Error::NoTerminal);
        }
        let mut screen = Screen::enter().map_err(Error::Terminal)?;
        self.show(&mut screen, &trace, (&self.title, subject.introduction()), self.at)
    }

    /// Shows a run, and the steps of loops in it that somebody goes into.
    fn show<F: Real>(
        &self,
        screen: &mut Screen,
        trace: &Trace<F>,
        (title, introduction): (&str, &str),
        at: usize,
    ) -> Result<(), Error> {
        let mut app = App::new(trace, title, Paint { colours: self.colours });
        app.introduction = introduction.to_owned();
        app.session.go(at);
        loop {
            match screen.next(&mut app).map_err(Error::Terminal)? {
                Action::Stay => {}
                Action::Quit => return Ok(()),
                Action::Into(id, number) => match trace.step(id, number) {
                    Ok(step) => {
                        let title = format!("{title} › step {number} of the loop");
                        self.show(screen, &step, (&title, ""), 0)?;
                    }
                    Err(error) => app.message = error.message().to_owned(),
                },
            }
        }
    }

    /// What the screen shows, as text: of so many columns and rows.
    ///
    /// # Errors
    /// [`Error::Run`] where there is no run to show.
    pub fn frame(&self, subject: &impl Subject, (columns, rows): (u16, u16)) -> Result<String, Error> {
        let trace = subject.run()?;
        let mut app = App::new(&*trace, &self.title, Paint { colours: self.colours });
        app.introduction = subject.introduction().to_owned();
        app.session.go(self.at);
        Ok(drawn(&mut app, columns, rows))
    }

    /// What the words of a script print, separated by `;` or by ends of lines; `k` on the screen lists them.
    ///
    /// # Errors
    /// [`Error::Run`] where there is no run to show; [`Error::Command`] for a word that cannot be followed.
    pub fn script(&self, subject: &impl Subject, script: &str) -> Result<String, Error> {
        let trace = subject.run()?;
        let mut session = Session::new(&*trace);
        session.go(self.at);
        let mut text = String::new();
        for line in script.split([';', '\n']) {
            match command::run(&mut session, line) {
                Ok(Reply::Quit) => break,
                Ok(Reply::Text(reply)) if reply.is_empty() => {}
                Ok(Reply::Text(reply)) => text.extend([&reply, "\n"]),
                Err(reason) => return Err(Error::Command { printed: text, command: line.trim().to_owned(), reason }),
            }
        }
        Ok(text)
    }
}

/// The screen as text.
fn drawn<F: Real>(app: &mut App<'_, F>, columns: u16, rows: u16) -> String {
    let Ok(mut terminal) = ratatui::Terminal::new(TestBackend::new(columns, rows));
    let Ok(_) = terminal.draw(|frame| app.draw(frame));
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for row in 0..rows {
        let line: String =
            (0..columns).filter_map(|column| buffer.cell((column, row))).map(|cell| cell.symbol()).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
