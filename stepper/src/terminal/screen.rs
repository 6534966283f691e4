//! The real terminal: taken, drawn on, and given back whatever happens.

use super::app::{Action, App};
use autodiff::Real;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use std::io;
use std::panic::PanicHookInfo;
use std::sync::Arc;

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// The terminal while a run is shown. What it was before is there again when this is dropped, and before the message of
/// a panic is written.
pub(super) struct Screen {
    terminal: DefaultTerminal,
    before: Arc<Hook>,
}

impl Screen {
    pub(super) fn enter() -> io::Result<Screen> {
        let before: Arc<Hook> = Arc::from(std::panic::take_hook());
        let after = before.clone();
        std::panic::set_hook(Box::new(move |info| {
            leave();
            after(info);
        }));
        match enter() {
            Ok(terminal) => Ok(Screen { terminal, before }),
            Err(error) => {
                give_back(before);
                Err(error)
            }
        }
    }

    /// Draws, and waits for a key or a new size.
    pub(super) fn next<F: Real>(&mut self, app: &mut App<'_, F>) -> io::Result<Action> {
        self.terminal.draw(|frame| app.draw(frame))?;
        Ok(match event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => app.key(key),
            _ => Action::Stay,
        })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
        give_back(self.before.clone());
    }
}

fn enter() -> io::Result<DefaultTerminal> {
    use ratatui::crossterm::{execute, terminal};
    terminal::enable_raw_mode()?;
    execute!(io::stdout(), terminal::EnterAlternateScreen).inspect_err(|_| leave())?;
    ratatui::Terminal::new(ratatui::backend::CrosstermBackend::new(io::stdout())).inspect_err(|_| leave())
}

/// Nothing can be done about a terminal that is gone.
fn leave() {
    use ratatui::crossterm::{cursor, execute, terminal};
    let _ = terminal::disable_raw_mode();
    let _ = execute!(io::stdout(), terminal::LeaveAlternateScreen, cursor::Show);
}

/// The hook that was there before; a panicking thread may not set one.
fn give_back(before: Arc<Hook>) {
    if !std::thread::panicking() {
        std::panic::set_hook(Box::new(move |info| before(info)));
    }
}
