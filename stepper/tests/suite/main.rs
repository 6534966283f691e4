//! The stepper: known numbers, pages in a real browser, the screen, a real terminal.

mod accessible;
mod browser;
mod golden;
mod page;
mod pty;
mod terminal;
mod traces;
mod webdriver;
