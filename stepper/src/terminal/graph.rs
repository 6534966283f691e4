//! The graph of a run: a box for each statement, with its value and its cotangent. Boxes never move while one steps.

use super::line::fitted;
use super::paint::{BLANK, COVERED, Paint, cut, width};
use super::session::Session;
use crate::layout::{COLUMN, Layout, layout};
use crate::number::short;
use autodiff::inspect::{Edge, Event};
use autodiff::{NodeId, Real};
use ndarray::ArrayViewD;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::canvas::{Canvas, Line};

/// Columns of a box: as many as there is room for, within these.
const BOX: [usize; 2] = [8, 12];
/// Rows of a box.
const ROWS: usize = 3;
/// Rows of a box with the gap below it: as many as there is room for, within these.
const LAYER: [usize; 2] = [5, 7];

/// The boxes and lines of one run.
pub(super) struct Graph {
    pub(super) run: usize,
    statements: Vec<usize>,
    edges: Vec<(Edge, usize, usize)>,
    places: Layout,
    /// The first column and row that are shown.
    corner: (usize, usize),
    /// Columns of a box, and rows from one layer to the next.
    cell: (usize, usize),
}

impl Graph {
    pub(super) fn new<F: Real>(session: &Session<'_, F>, run: usize) -> Option<Graph> {
        let (story, trace) = (&session.story, session.trace());
        let nodes = trace.runs().get(run)?.nodes.clone();
        let inside = story.statements.iter().enumerate().filter(|(_, one)| nodes.contains(&one.root.index()));
        let statements: Vec<usize> = inside.filter(|(_, one)| !story.is_idle(one.root)).map(|(i, _)| i).collect();
        let place = |id: NodeId| {
            let statement = story.statement_of.get(id.index())?;
            statements.iter().position(|i| i == statement)
        };
        let edges: Vec<(Edge, usize, usize)> = trace
            .edges()
            .filter(|edge| nodes.contains(&edge.node.index()))
            .filter_map(|edge| Some((edge, place(edge.operand)?, place(edge.node)?)))
            .filter(|(_, from, to)| from != to)
            .collect();
        let given: Vec<bool> =
            statements.iter().map(|i| story.statements.get(*i).is_some_and(|one| one.given)).collect();
        let pairs: Vec<(usize, usize)> = edges.iter().map(|(_, from, to)| (*from, *to)).collect();
        Some(Graph { run, places: layout(&given, &pairs), statements, edges, corner: (0, 0), cell: (12, 6) })
    }

    fn column(&self, x: f64) -> f64 {
        x / COLUMN * (self.cell.0 + 1) as f64
    }

    pub(super) fn draw<F: Real>(
        &mut self,
        session: &Session<'_, F>,
        paint: Paint,
        covered: bool,
        frame: &mut Frame<'_>,
        area: Rect,
    ) {
        let boxes = (self.places.size.0 / COLUMN).max(1.0);
        let [narrow, wide] = BOX;
        let [low, high] = LAYER;
        let column = (usize::from(area.width) as f64 / boxes) as usize;
        let layer = usize::from(area.height) / self.places.size.1.max(1);
        self.cell = (column.saturating_sub(1).clamp(narrow, wide), layer.clamp(low, high));
        let (columns, rows) = self.cell;
        let about = session.shown().and_then(|id| session.story.statement_of.get(id.index())).copied();
        self.keep_in_view(about, area);
        self.lines(session, paint, frame, area);
        for (i, (x, layer)) in self.statements.iter().zip(&self.places.boxes) {
            let left = self.column(*x) - columns as f64 / 2.0 - self.corner.0 as f64;
            let top = (layer * rows) as f64 - self.corner.1 as f64;
            let Some(one) = session.story.statements.get(*i) else { continue };
            let now = about == Some(*i);
            let texts = texts(session, paint, one.root, covered && now, columns);
            for (row, (text, style)) in texts.into_iter().enumerate() {
                let (x, y) = (left.round(), top + row as f64);
                let fits = x >= 0.0 && y >= 0.0 && x as usize + columns <= usize::from(area.width);
                if !fits || y as usize >= usize::from(area.height) {
                    continue;
                }
                let text = centred(&text, columns);
                let style = if now && row == 0 { paint.here() } else { style };
                let (x, y) = (area.x + x as u16, area.y + y as u16);
                frame.buffer_mut().set_string(x, y, text, style);
            }
        }
    }

    /// The corner moves only when what is looked at would be outside.
    fn keep_in_view(&mut self, about: Option<usize>, area: Rect) {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        let (columns, rows) = self.cell;
        let whole = (self.column(self.places.size.0).ceil() as usize, self.places.size.1 * rows);
        let at = about.and_then(|about| self.statements.iter().position(|i| *i == about));
        let Some((x, layer)) = at.and_then(|at| self.places.boxes.get(at)) else { return };
        let left = (self.column(*x) - columns as f64 / 2.0).max(0.0) as usize;
        let top = layer * rows;
        let moved = |corner: usize, from: usize, length: usize, room: usize, whole: usize| match () {
            () if whole <= room => 0,
            () if from < corner || from + length > corner + room => {
                (from + length / 2).saturating_sub(room / 2).min(whole - room)
            }
            () => corner,
        };
        self.corner.0 = moved(self.corner.0, left, columns, width, whole.0);
        self.corner.1 = moved(self.corner.1, top, ROWS, height, whole.1);
    }

    fn lines<F: Real>(&self, session: &Session<'_, F>, paint: Paint, frame: &mut Frame<'_>, area: Rect) {
        let state = session.state();
        let (width, height) = (f64::from(area.width), f64::from(area.height));
        let at = |(x, row): (f64, f64)| (self.column(x) - self.corner.0 as f64, height - (row - self.corner.1 as f64));
        let canvas = Canvas::default().x_bounds([0.0, width]).y_bounds([0.0, height]).paint(|canvas| {
            for ((edge, ..), points) in self.edges.iter().zip(&self.places.edges) {
                let known = state.value(edge.operand).is_some();
                let now = matches!(state.event(), Some(Event::Accumulate(latest)) if latest == edge);
                let share = state.share(*edge);
                let colour = match share {
                    _ if !paint.colours => Color::Reset,
                    _ if now => Color::Indexed(36),
                    Some(share) if share < 0.0 => Color::Indexed(172),
                    Some(_) => Color::Indexed(33),
                    None if known => Color::Indexed(245),
                    None => Color::Indexed(239),
                };
                let mut from: Option<(f64, f64)> = None;
                for (i, (x, layer)) in points.iter().enumerate() {
                    let top = (layer * self.cell.1) as f64;
                    let last = i + 1 == points.len();
                    if let Some(from) = from {
                        let ((x1, y1), (x2, y2)) = (at(from), at((*x, top)));
                        canvas.draw(&Line { x1, y1, x2, y2, color: colour });
                    }
                    let below = top + ROWS as f64;
                    if i > 0 && !last {
                        let ((x1, y1), (x2, y2)) = (at((*x, top)), at((*x, below)));
                        canvas.draw(&Line { x1, y1, x2, y2, color: colour });
                    }
                    from = Some((*x, below));
                }
            }
        });
        frame.render_widget(canvas, area);
    }
}

/// The name, the value and the cotangent of a statement.
fn texts<F: Real>(
    session: &Session<'_, F>,
    paint: Paint,
    root: NodeId,
    covered: bool,
    room: usize,
) -> Vec<(String, Style)> {
    let state = session.state();
    let value = state.updated(root).or_else(|| state.value(root));
    let known = state.value(root).is_some();
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let name = (session.story.symbol(root).to_owned(), if known { bold } else { paint.quiet() });
    let mut texts = vec![name, number(session, value, root, (paint, covered), room)];
    if session.times.cotangent(root).is_some() {
        texts.push(number(session, state.cotangent(root), root, (paint, covered), room));
    }
    texts
}

fn number<F: Real>(
    session: &Session<'_, F>,
    array: Option<ArrayViewD<'_, F>>,
    root: NodeId,
    (paint, covered): (Paint, bool),
    room: usize,
) -> (String, Style) {
    match array {
        _ if covered => (COVERED.to_owned(), Style::new()),
        None => (BLANK.to_owned(), paint.quiet()),
        Some(array) => match (array.first(), array.len()) {
            (Some(x), 1) => (short(*x), paint.number(*x)),
            _ => {
                let text = session.story.array(Some(array.view()), root);
                (fitted(&text, array, room), Style::new())
            }
        },
    }
}

/// In the middle of a box.
fn centred(text: &str, room: usize) -> String {
    let text = cut(text, room);
    let left = room.saturating_sub(width(&text)) / 2;
    let right = room.saturating_sub(left + width(&text));
    format!("{}{text}{}", " ".repeat(left), " ".repeat(right))
}
