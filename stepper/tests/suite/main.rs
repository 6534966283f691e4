//! The stepper: known numbers, pages in a real browser.

mod browser;
mod golden;
mod page;
mod webdriver;
