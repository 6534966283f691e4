// Layers that fold to one line, and the search.
const folded = new Set();
const rowOf = new Map();
const prefixOf = (scope, level) => { const parts = scope ? scope.split(".") : []; return parts.length > level ? parts.slice(0, level + 1).join(".") : null; };
// Lines of one part of a run; those of a layer stand under its heading. In the reverse pass it is the layer of the rule that ran.
const scopeOf = (i, kind) => kind === "reverse" ? statements[i].completedIn : nodes[statements[i].root].scope;
function lines_of(list, kind, run, pane, level = 0, inside = []) {
  for (let from = 0; from < list.length;) {
    const path = prefixOf(scopeOf(list[from], kind), level);
    let to = from + 1;
    while (path !== null && to < list.length && prefixOf(scopeOf(list[to], kind), level) === path) to++;
    if (path === null || to - from === 1) line(list[from], kind, run, pane, inside);
    else {
      const heading = make("button", { class: "layer", "aria-expanded": "true", onclick: () => fold(path) }, make("span", { class: "mark", "aria-hidden": "true" }, "▾"), ` ${kind === "reverse" ? "rules of " : ""}layer ${path} `, make("span", {}, `${to - from} lines`));
      heading.style.paddingLeft = `${14 + 12 * level}px`;
      pane.append(heading);
      const row = { kind: "layer", line: heading, path, inside };
      rows.push(row);
      lines_of(list.slice(from, to), kind, run, pane, level + 1, [...inside, row]);
    }
    from = to;
  }
}
function fold(path, on = !folded.has(path)) { if (on) folded.add(path); else folded.delete(path); folds(); show(); }
function foldAll() {
  const paths = new Set(rows.filter(row => row.kind === "layer").map(row => row.path));
  const unfold = folded.size > 0;
  folded.clear();
  if (!unfold) paths.forEach(path => folded.add(path));
  folds();
  show();
}
const allFolded = () => { const outer = rows.filter(row => row.kind === "layer" && !row.inside.length); return outer.length > 0 && outer.every(row => folded.has(row.path)); };
function folds() {
  for (const row of rows) {
    row.line.hidden = (row.inside || []).some(above => folded.has(above.path));
    if (row.kind !== "layer") continue;
    const closed = folded.has(row.path);
    row.line.setAttribute("aria-expanded", String(!closed));
    row.line.firstChild.textContent = closed ? "▸" : "▾";
  }
}
// The outermost folded layer that hides a line.
const hiddenBy = row => row && (row.inside || []).find(above => folded.has(above.path));
function firstFolds() {
  const most = Math.max(...scene.runs.map(([first, last]) => statements.filter(s => s.root >= first && s.root < last).length));
  if (most > 60) { rows.filter(row => row.kind === "layer" && !row.inside.length).forEach(row => folded.add(row.path)); folds(); }
}

// ---- Search: by name, operation, layer or formula ----
function found(text) {
  const sought = text.trim().toLowerCase();
  if (!sought) return [];
  return nodes.map((node, n) => n).filter(n => `%${n}` === sought || [nodes[n].symbol, nodes[n].operation, nodes[n].scope, nodes[n].label].some(part => part && part.toLowerCase().includes(sought)));
}
function openSearch() {
  const field = make("input", { type: "text", "aria-label": "Find a value", placeholder: "a name, an operation, a layer, %7" });
  const list = make("ul"), many = make("p", { class: "note", role: "status" });
  const look = n => {
    const row = rowOf.get(`forward ${nodes[n].statement}`) || rowOf.get(`given ${nodes[n].statement}`);
    (row && row.inside || []).forEach(above => folded.delete(above.path));
    folds();
    picked = n; element = 0;
    show();
    if (row) keepInView(row.line);
  };
  const refresh = () => {
    const all = found(field.value);
    many.textContent = field.value.trim() ? `${all.length} found` : "";
    list.replaceChildren(...all.slice(0, 30).map(n => make("li", {}, make("button", { "aria-label": `${nodes[n].symbol}, ${nodes[n].operation}`, onclick: () => look(n) }, make("span", { math: nodes[n].math }), ` ${nodes[n].operation}${nodes[n].scope ? ` in ${nodes[n].scope}` : ""}`))));
  };
  field.addEventListener("input", refresh);
  field.addEventListener("keydown", event => { const all = found(field.value); if (event.key === "Enter" && all.length) look(all[(all.indexOf(picked) + 1) % all.length]); });
  openPanel($("find"), make("h2", {}, "Find a value"), field, many, list, make("button", { onclick: closePanel }, "close"));
  field.focus();
}
