//! The functions that emitted lines call.

/// The functions, each behind two blank lines.
const PRELUDE: &str = include_str!("prelude.py");

/// What every module has at its end.
const ALWAYS: [&str; 4] = ["key", "fold_in", "check", "run"];

/// The functions that `text` needs, and those that they need; and what stands at the end of a module.
pub(crate) fn needed(text: &str) -> (String, String) {
    let blocks: Vec<(&str, &str)> = PRELUDE.trim_end().split("\n\n\n").filter_map(named).collect();
    let mut wanted: Vec<bool> = blocks.iter().map(|(name, _)| calls(text, name)).collect();
    // A function calls functions that stand before or behind it.
    loop {
        let more = |(name, _): &(&str, &str)| {
            blocks.iter().zip(&wanted).any(|((_, caller), wanted)| *wanted && calls(caller, name))
        };
        let next: Vec<bool> = blocks.iter().zip(&wanted).map(|(block, wanted)| *wanted || more(block)).collect();
        if next == wanted {
            break;
        }
        wanted = next;
    }
    let chosen = |end: bool| {
        let blocks = blocks.iter().zip(&wanted).filter(|((name, _), wanted)| match ALWAYS.contains(name) {
            true => end,
            false => !end && **wanted,
        });
        blocks.map(|((_, block), _)| format!("{block}\n\n\n")).collect::<String>()
    };
    (chosen(false), chosen(true).trim_end().to_owned() + "\n")
}

fn named(block: &str) -> Option<(&str, &str)> {
    let block = block.trim_matches('\n');
    let name = block.strip_prefix("def ")?.split('(').next()?;
    Some((name, block))
}

/// Whether a text calls a function: its name and a bracket, with nothing of a name before it. A body that is handed on is
/// followed by a comma.
fn calls(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let behind = text.get(at + name.len()..).is_some_and(|behind| behind.starts_with('('));
        let is_part = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let is_definition = text.get(..at).is_some_and(|before| before.ends_with("def "));
        behind && !is_part && !is_definition
    })
}
