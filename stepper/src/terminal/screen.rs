//! The real terminal: taken, drawn on, and given back whatever happens.

use super::app::{Action, App};
use autodiff::Real;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use std::io;
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// The terminal while a run is shown. What it was before is there again when this is dropped, and before the message of
/// a panic is written.
pub(super) struct Screen {
    terminal: DefaultTerminal,
    before: Arc<Hook>,
    /// Whether the terminal was given back already: a second time would move the cursor over what was written since.
    is_left: Arc<AtomicBool>,
}

impl Screen {
    pub(super) fn enter() -> io::Result<Screen> {
        let before: Arc<Hook> = Arc::from(std::panic::take_hook());
        let is_left = Arc::new(AtomicBool::new(false));
        let (after, left) = (before.clone(), is_left.clone());
        std::panic::set_hook(Box::new(move |info| {
            leave(&left);
            after(info);
        }));
        match enter(&is_left) {
            Ok(terminal) => Ok(Screen { terminal, before, is_left }),
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
        leave(&self.is_left);
        give_back(self.before.clone());
    }
}

fn enter(is_left: &AtomicBool) -> io::Result<DefaultTerminal> {
    use ratatui::crossterm::{execute, terminal};
    terminal::enable_raw_mode()?;
    execute!(io::stdout(), terminal::EnterAlternateScreen).inspect_err(|_| leave(is_left))?;
    ratatui::Terminal::new(ratatui::backend::CrosstermBackend::new(io::stdout())).inspect_err(|_| leave(is_left))
}

/// Nothing can be done about a terminal that is gone.
fn leave(is_left: &AtomicBool) {
    use ratatui::crossterm::{cursor, execute, terminal};
    if is_left.swap(true, Ordering::SeqCst) {
        return;
    }
    let _ = terminal::disable_raw_mode();
    let _ = execute!(io::stdout(), terminal::LeaveAlternateScreen, cursor::Show);
}

/// The hook that was there before; a panicking thread may not set one.
fn give_back(before: Arc<Hook>) {
    if !std::thread::panicking() {
        std::panic::set_hook(Box::new(move |info| before(info)));
    }
}
