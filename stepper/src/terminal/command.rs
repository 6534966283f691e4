//! The command line: debugger words, the same at the prompt `:` and in a script.

use super::program::Program;
use super::session::Session;
use crate::number::percent;
use autodiff::{NodeId, Real};
use std::collections::BTreeSet;

/// What a command has to say.
#[derive(Debug, PartialEq)]
pub(super) enum Reply {
    /// A text; perhaps empty.
    Text(String),
    /// The end.
    Quit,
}

/// The commands, for help.
pub(super) const COMMANDS: [(&str, &str); 16] = [
    ("b CONDITION", "set a breakpoint: b op == \"mul\", b nan, b |grad|.max > 0.1"),
    ("b", "list the breakpoints"),
    ("d N", "delete breakpoint N"),
    ("c, rc", "continue to the next breakpoint, or back to the one before"),
    ("n, rn", "to the next NaN or infinity, or back to the one before"),
    ("s [N], rs [N]", "N events forward, or back; one if N is left out"),
    ("l, rl", "a line forward, or back"),
    ("goto TIME", "to a moment; goto end is the last"),
    ("p NODE", "print value and cotangent with all digits: p h1, p %9"),
    ("ways NODE", "the contributions to its cotangent, with shares"),
    ("o NODE", "to the event that computed its value"),
    ("check NODE", "compare its rule and its cotangent with finite differences"),
    ("lints", "what looks wrong in this run"),
    ("listing", "the program with all values and cotangents so far"),
    ("html FILE, save FILE", "write the page, or the trace"),
    ("q", "leave"),
];

/// Does what a line says.
pub(super) fn run<F: Real>(session: &mut Session<'_, F>, line: &str) -> Result<Reply, String> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()));
    let count = || -> Result<usize, String> {
        if rest.is_empty() { Ok(1) } else { rest.parse().map_err(|_| format!("`{rest}` is not a number of events")) }
    };
    match word {
        "" => return Ok(Reply::Text(String::new())),
        "q" | "quit" => return Ok(Reply::Quit),
        "b" if rest.is_empty() => return Ok(Reply::Text(stops(session))),
        "b" => {
            session.add_stop(rest)?;
            return Ok(Reply::Text(format!("breakpoint {}: {rest}", session.stops.len())));
        }
        "d" => {
            let number: usize = rest.parse().map_err(|_| format!("`{rest}` is not the number of a breakpoint"))?;
            match number.checked_sub(1).filter(|at| *at < session.stops.len()) {
                Some(at) => drop(session.stops.remove(at)),
                None => return Err(format!("there is no breakpoint {number}")),
            }
            return Ok(Reply::Text(stops(session)));
        }
        "c" => session.go_to_stop(true)?,
        "rc" => session.go_to_stop(false)?,
        "n" => session.go_to_not_finite(true)?,
        "rn" => session.go_to_not_finite(false)?,
        "s" => session.go(session.time.saturating_add(count()?)),
        "rs" => session.go(session.time.saturating_sub(count()?)),
        "l" | "rl" => {
            let time = Program::new(session, &BTreeSet::new()).next(session, word == "l");
            session.go(time);
        }
        "goto" if rest == "end" => session.go(session.end()),
        "goto" => session.go(rest.parse().map_err(|_| format!("`{rest}` is not a time"))?),
        "p" => return Ok(Reply::Text(printed(session, node(session, rest)?))),
        "ways" => return Ok(Reply::Text(ways(session, node(session, rest)?))),
        "o" => {
            let id = node(session, rest)?;
            session.pick(Some(id));
            session.go_to_origin()?;
        }
        "check" => return Ok(Reply::Text(checked(session, rest)?)),
        "lints" => {
            let lines: Vec<String> = session.lints.iter().map(ToString::to_string).collect();
            return Ok(Reply::Text(if lines.is_empty() { "nothing looks wrong".into() } else { lines.join("\n") }));
        }
        "listing" => return Ok(Reply::Text(session.state().to_string())),
        "html" | "save" if rest.is_empty() => return Err(format!("`{word}` needs the name of a file")),
        "html" => crate::write_html(session.trace(), rest).map_err(|error| error.to_string())?,
        "save" => crate::save(session.trace(), rest).map_err(|error| error.to_string())?,
        _ => return Err(format!("`{word}` is no command; `k` lists them")),
    }
    Ok(Reply::Text(match word {
        "html" | "save" => format!("{rest} is written"),
        _ => format!("time {}: {}", session.time, session.story.sentence(&session.state())),
    }))
}

fn node<F: Real>(session: &Session<'_, F>, text: &str) -> Result<NodeId, String> {
    match (text, session.shown()) {
        ("", Some(shown)) => Ok(shown),
        ("", None) => Err("which node? Give a name or an id, such as %3".to_owned()),
        _ => session.find_exact(text).ok_or_else(|| format!("no node is called `{text}`")),
    }
}

fn stops<F: Real>(session: &Session<'_, F>) -> String {
    let lines = session.stops.iter().enumerate().map(|(i, stop)| format!("{}: {stop}", i + 1));
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() { "there is no breakpoint".to_owned() } else { lines.join("\n") }
}

/// Value, cotangent and update with all digits.
fn printed<F: Real>(session: &Session<'_, F>, id: NodeId) -> String {
    let (story, state) = (&session.story, session.state());
    let symbol = story.symbol(id);
    let mut lines = vec![format!("{symbol} = {}", story.exact(state.value(id), id))];
    if session.times.cotangent(id).is_some() {
        lines.push(format!("{} = {}", story.bar(id), story.exact(state.cotangent(id), id)));
    }
    if session.times.updated.contains_key(&id) {
        lines.push(format!("new {symbol} = {}", story.exact(state.updated(id), id)));
    }
    lines.join("\n")
}

fn ways<F: Real>(session: &Session<'_, F>, id: NodeId) -> String {
    let (story, state) = (&session.story, session.state());
    let line = |edge: autodiff::inspect::Edge| {
        let via = story.symbol(story.root(edge.node));
        let share = state.share(edge).map(|share| format!(", {}", percent(share))).unwrap_or_default();
        format!("by way of {via}: {}{share}", story.array(state.contribution(edge), id))
    };
    let lines: Vec<String> = session.ways(id).map(line).collect();
    if lines.is_empty() { "nothing contributes to its cotangent".to_owned() } else { lines.join("\n") }
}

fn checked<F: Real>(session: &mut Session<'_, F>, rest: &str) -> Result<String, String> {
    let id = node(session, rest)?;
    session.check(id);
    let check = session.checks.get(&id).cloned().unwrap_or_else(|| Err(String::new()))?;
    let lines: Vec<String> = check
        .levels()
        .map(|(name, level)| format!("{name}: {}, {} and {}", level.outcome, level.analytic, level.numeric))
        .collect();
    Ok(if lines.is_empty() { "there is nothing to compare here".to_owned() } else { lines.join("\n") })
}
