//! The project as a whole: its structure, its README, its examples and its main job.

mod digits;
mod examples;
mod figure;
mod notes;
mod readme;
mod tidy;
