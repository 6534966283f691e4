// Stepping, and what is shown where.
let time = 0, picked = null, element = 0, stops = [], fresh = true;
const end = events.length;

// ---- The program: lines forwards, the fold, and lines back ----
const rows = [];
function program() {
  const pane = $("program");
  scene.runs.forEach(([first, last, from, to, rate], run) => {
    const inside = statements.map((s, i) => i).filter(i => statements[i].root >= first && statements[i].root < last && !statements[i].idle);
    const part = scene.runs.length > 1 ? `Step ${run + 1}: ` : "";
    pane.append(make("h2", {}, part + (rate ? `given; the update has the rate ${rate}` : "given")));
    const given = make("div", { class: "givens" });
    inside.filter(i => statements[i].given).forEach(i => {
      const node = statements[i].root;
      const button = make("button", { math: nodes[node].math, title: nodes[node].type, "aria-label": nodes[node].symbol, onclick: () => pick(node) });
      given.append(button);
      const entry = { statement: i, kind: "given", line: button, run };
      rows.push(entry);
      rowOf.set(`given ${i}`, entry);
    });
    pane.append(given, make("h2", {}, part + "forwards, line by line ↓"));
    const computed = inside.filter(i => !statements[i].given);
    lines_of(computed, "forward", run, pane);
    const back = computed.concat(inside.filter(i => statements[i].given)).filter(i => nodes[statements[i].root].cotangents.length);
    if (back.length === 0) return;
    pane.append(make("div", { class: "fold" }, `${scene.result} is computed; now the reverse pass`));
    const order = back.map(i => [Math.max(...nodes[statements[i].root].cotangents.map(c => c[0])), i]).sort((a, b) => a[0] - b[0] || b[1] - a[1]);
    lines_of(order.map(([, i]) => i), "reverse", run, pane);
    const updated = inside.filter(i => nodes[statements[i].root].update);
    if (updated.length) pane.append(make("div", { class: "fold" }, "the update"));
    lines_of(updated, "update", run, pane);
  });
}
function line(i, kind, run, pane, inside = []) {
  const node = nodes[statements[i].root];
  let math;
  if (kind === "forward") math = `<mrow>${node.math}<mo>=</mo>${node.formula || `<mtext>${"given"}</mtext>`}</mrow>`;
  else if (kind === "reverse") math = `<mrow>${node.bar}<mo>=</mo>${statements[i].cotangent || `<mn>1</mn>`}</mrow>`;
  else math = `<mrow><mtext>new&#160;</mtext>${node.math}${node.update[2] ? `<mo>=</mo>${node.update[2]}` : ""}</mrow>`;
  const value = make("span", { class: "v num" });
  const row = make("button", { class: "row", onclick: () => jumpTo(i, kind) }, make("span", { class: "f" }, ...pieces(math)), value);
  pane.append(row);
  if (inside.length) row.style.paddingLeft = `${12 + 12 * inside.length}px`;
  const entry = { statement: i, kind, line: row, value, run, inside, shown: undefined, name: row.textContent };
  rows.push(entry);
  rowOf.set(`${kind} ${i}`, entry);
}
function whenOf(i, kind) {
  const n = statements[i].root, node = nodes[n];
  if (kind === "forward" || kind === "given") return node.pushed;
  if (kind === "update") return node.update[0];
  return Math.max(...node.cotangents.map(c => c[0]));
}
function jumpTo(i, kind) { picked = null; go(whenOf(i, kind)); }
function pick(n) { picked = picked === n ? null : n; element = 0; show(); }
const kindAt = t => { const event = eventAt(t); return event && { forward: "forward", reverse: "reverse", update: "update" }[event.phase]; };

function showProgram(about) {
  const kind = kindAt(time), statement = about === null ? -1 : nodes[about].statement;
  const current = kind && (rowOf.get(`${kind} ${statement}`) || rowOf.get(`given ${statement}`)), folder = hiddenBy(current);
  for (const row of rows) {
    if (row.kind === "layer") {
      row.line.classList.toggle("now", row === folder);
      if (row === folder) { row.line.setAttribute("aria-current", "step"); keepInView(row.line); } else row.line.removeAttribute("aria-current");
      continue;
    }
    const when = whenOf(row.statement, row.kind), n = statements[row.statement].root;
    const here = row.statement === statement && (row.kind === kind || (row.kind === "given" && kind === "forward"));
    row.line.classList.toggle("now", here);
    row.line.classList.toggle("later", when > time);
    row.line.classList.toggle("picked", picked !== null && nodes[picked].statement === row.statement);
    if (here) { row.line.setAttribute("aria-current", "step"); if (row.kind !== "given" || fresh) keepInView(row.line); } else row.line.removeAttribute("aria-current");
    if (!row.value) continue;
    const array = row.kind === "forward" ? valueAt(n, time) : row.kind === "reverse" ? cotangentAt(n, time) : updateAt(n, time);
    row.value.classList.toggle("part", array !== null && when > time);
    row.value.title = array !== null && when > time ? "not complete yet" : "";
    // What shows the same numbers as before is left alone, so that a page of many lines is as quick as one of few.
    if (row.shown === array) continue;
    row.shown = array;
    row.value.replaceChildren(small(array, row.kind === "reverse" ? "cotangent" : "value"));
    row.line.setAttribute("aria-label", `${row.name}: ${array ? array.slice(0, 4).map(shown).join(", ") : "not known yet"}`);
  }
}
function keepInView(row) {
  const pane = $("program"), top = row.offsetTop - pane.offsetTop, room = pane.clientHeight;
  if (top < pane.scrollTop + 60 || top > pane.scrollTop + room - 90) pane.scrollTop = top - room / 2;
}

// ---- The graph ----
let drawn = "", picture = null, memberOf = new Map(), boxes = new Map(), lines = [], litCells = [];
// With all layers folded, a box is a layer.
const pictures = () => allFolded() && scene.layers.length ? scene.layers : scene.graph;
function drawGraph(run) {
  const canvas = $("canvas");
  picture = pictures()[run];
  canvas.replaceChildren();
  boxes = new Map(); lines = []; memberOf = new Map();
  canvas.style.width = `${picture.width}px`;
  canvas.style.height = `${picture.height}px`;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("width", picture.width); svg.setAttribute("height", picture.height); svg.setAttribute("aria-hidden", "true");
  canvas.append(svg);
  for (const [from, to, edge, d] of picture.lines) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", d);
    svg.append(path);
    lines.push({ from, to, edge, path });
  }
  for (const [i, x, y, height, layer, group] of picture.boxes) {
    group.forEach(member => memberOf.set(member, i));
    const n = statements[i].root, node = nodes[n];
    const box = make("button", { class: `box ${statements[i].given ? "given" : ""} ${node.role}`, "aria-label": node.symbol, onclick: () => pick(n) });
    Object.assign(box.style, { left: `${x - 46}px`, top: `${y}px`, height: `${height}px` });
    if (layer) box.title = `layer ${layer}: ${group.length} lines; the last is ${node.symbol}, ${node.type}`;
    box.append(layer ? make("span", { class: "name" }, `${layer} ▸`) : make("span", { class: "name", math: node.math }), make("span", { class: "cells" }), make("span", { class: "cells" }));
    canvas.append(box);
    boxes.set(i, box);
  }
  fit();
}
function fit() {
  const canvas = $("canvas"), pane = $("graph");
  if (!picture || !pane.clientWidth) return;
  const room = [pane.clientWidth - 24, pane.clientHeight - 24];
  const scale = Math.min(1.25, Math.max(.62, Math.min(room[0] / picture.width, room[1] / picture.height)));
  canvas.style.transform = `scale(${scale})`;
  canvas.style.marginLeft = `${Math.max(0, (room[0] - picture.width * scale) / 2)}px`;
  canvas.style.marginTop = `${Math.max(0, (room[1] - picture.height * scale) / 2)}px`;
}
function boxCells(into, n, array, kind) {
  if (into.shown === array) return;
  into.shown = array;
  into.replaceChildren();
  const shape = nodes[n].shape, columns = Math.max(1, Math.min(8, columnsOf(shape))), count = shape.length === 2 ? Math.min(4, shape[0]) : 1;
  into.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
  if (!array) { for (let k = 0; k < count; k++) { const one = blank(); one.style.gridColumn = "1 / -1"; into.append(one); } return; }
  for (let r = 0; r < count; r++) for (let c = 0; c < columns; c++) {
    const i = array[r * columnsOf(shape) + c];
    if (i === undefined) continue;
    const one = cell(i, kind, columns <= 2);
    if (columns === 2) { one.style.fontSize = shown(i).length > 6 ? "9px" : "10.5px"; one.style.padding = "0 1px"; }
    one.dataset.element = r * columnsOf(shape) + c;
    into.append(one);
  }
}
function showGraph(about) {
  const run = runAt(time), which = `${run} ${pictures() === scene.layers}`;
  if (which !== drawn) { drawn = which; drawGraph(run); }
  const statement = about === null ? -1 : memberOf.get(nodes[about].statement) ?? -1, event = eventAt(time);
  for (const [i, box] of boxes) {
    const n = statements[i].root, updated = updateAt(n, time);
    const [, first, second] = box.children;
    boxCells(first, n, updated || valueAt(n, time), "value");
    boxCells(second, n, cotangentAt(n, time), "cotangent");
    second.hidden = nodes[n].cotangents.length === 0 && nodes[n].role !== "computed" && nodes[n].role !== "parameter";
    box.classList.toggle("now", i === statement);
    box.classList.toggle("later", nodes[n].pushed > time);
    box.classList.toggle("picked", picked === n);
    const value = valueAt(n, time), slope = cotangentAt(n, time);
    if (box.shown && box.shown[0] === value && box.shown[1] === slope) continue;
    box.shown = [value, slope];
    box.setAttribute("aria-label", `${nodes[n].symbol}: ${value ? value.slice(0, 4).map(shown).join(", ") : "not known yet"}${slope ? `; cotangent ${slope.slice(0, 4).map(shown).join(", ")}` : ""}`);
  }
  // The numbers that the chosen element is computed from.
  litCells.forEach(cell => cell.classList.remove("lit"));
  litCells = [];
  const chosen = picked ?? about, current = event && event.edge !== null && edges[event.edge].operand === chosen ? edges[event.edge] : null;
  const explained = chosen === null ? null : (current ? current.explained : nodes[chosen].explained)[element];
  if (explained) [[explained[1], 1], [explained[2], 2]].forEach(([reads, part]) => reads.forEach(([n, position]) => {
    const box = boxes.get(nodes[n].statement), cell = box && statements[nodes[n].statement].root === n && box.children[part].querySelector(`[data-element="${position}"]`);
    if (cell) { cell.classList.add("lit"); litCells.push(cell); }
  }));
  for (const one of lines) {
    const { from, edge, path } = one, known = edge !== null && edge !== undefined && edges[edge].time <= time;
    const share = known ? shareOf(edge, time) : null, now = known && event && event.edge === edge;
    const look = `${nodes[statements[from].root].pushed <= time ? "ready" : ""}${share ? share[3] < 0 ? " share minus" : " share" : ""}${now ? " now" : ""}`;
    const thickness = share ? 1 + 3.4 * Math.min(1.6, Math.abs(share[3])) : "";
    if (one.look === look && one.thickness === thickness) continue;
    Object.assign(one, { look, thickness });
    path.setAttribute("class", look);
    path.style.strokeWidth = thickness;
  }
}
function shareOf(edge, t) {
  const history = historyAt(edges[edge].operand, t);
  return history && history[2].find(share => share[0] === edges[edge].node && share[1] === edges[edge].slot);
}

// ---- The card ----
function numbersLine(explained, result) {
  if (!explained) return null;
  return make("span", { class: "eq numbers", math: `<mrow><mo>=</mo>${explained[0]}${result === undefined ? "" : ""}</mrow>` });
}
function showCard(about) {
  const card = $("card"), n = picked ?? about;
  card.replaceChildren();
  if (n === null || n === undefined) return welcome(card);
  const node = nodes[n], statement = statements[node.statement], value = valueAt(n, time), event = eventAt(time);
  const current = event && event.edge !== null && edges[event.edge].operand === n ? event.edge : null;
  const sizes = node.shape.reduce((a, b) => a * b, 1);
  if (element >= sizes) element = 0;
  const kind = { parameter: "a parameter", data: "given", constant: "a constant", computed: statement.root === n ? "" : "a part of the line", further: "a further result" }[node.role];
  card.append(make("h2", {}, make("span", { math: node.math }), make("small", {}, [node.shape.length ? node.type : "", kind].filter(x => x).join(", "))));
  if (statement.root !== n) card.append(make("p", { class: "note of" }, "of ", make("span", { math: `<mrow>${nodes[statement.root].math}<mo>=</mo>${nodes[statement.root].formula}</mrow>` })));

  // Its value: symbols, numbers, result.
  card.append(make("h3", {}, "value"));
  if (node.formula && node.formula.replace(/<\/?mrow>/g, "") !== node.math.replace(/<\/?mrow>/g, "")) card.append(make("span", { class: "eq", math: `<mrow>${node.math}<mo>=</mo>${node.formula}</mrow>` }));
  if (!value) card.append(make("span", { class: "cell blank big" }, "0.0000"), make("p", { class: "note" }, "not computed yet"));
  else {
    if (node.explained[element]) card.append(...[elementNote(node), numbersLine(node.explained[element])].filter(x => x));
    card.append(arrayOf(n, value, "value"));
  }

  // The update.
  const next = updateAt(n, time);
  if (next) {
    const [, , formula, explained] = node.update;
    card.append(make("h3", {}, dfn("update", "update"), ": its next value"));
    if (formula) card.append(make("span", { class: "eq", math: `<mrow><mtext>new&#160;</mtext>${node.math}<mo>=</mo>${formula}</mrow>` }));
    if (explained[element]) card.append(elementNote(node) || "", numbersLine([explained[element]]));
    card.append(arrayOf(n, next, "value"));
    const moved = real(next[element]) - real(value[element]);
    card.append(make("p", { class: "note" }, moved === 0 ? "It is unchanged." : moved < 0 ? "It became smaller, since a larger one would make the result larger." : "It became larger, since a larger one would make the result smaller."));
  }

  // Its cotangent, and the ways that it came by.
  const slope = cotangentAt(n, time), wanted = node.cotangents.length > 0;
  if (wanted) {
    const heading = make("h3", {}, dfn("cotangent", "cotangent"), " ", make("span", { math: node.bar }));
    if (scene.resultMath) heading.append(": how much ", make("span", { math: scene.resultMath }), " changes per change of ", make("span", { math: node.math }));
    card.append(heading);
    if (!slope) card.append(make("span", { class: "cell blank big" }, "0.0000"), make("p", { class: "note" }, kindAt(time) === "forward" || !event ? "blank until the reverse pass arrives here" : "the reverse pass has not arrived here yet"));
    else {
      card.append(arrayOf(n, slope, "cotangent"));
      const ways = edgesInto[n];
      if (ways.length) card.append(make("h3", {}, ways.length > 1 ? "it came by" : "it came by one way", ways.length > 1 ? make("span", {}, " (", dfn("shares", "share"), " of it)") : null));
      ways.forEach(i => card.append(way(i, ways.length > 1, current)));
    }
  } else if (node.role === "data" || node.role === "constant") card.append(make("p", { class: "note" }, "Its cotangent is not needed: training does not change it."));

  // What its rule passes on.
  const visited = events.slice(0, time).some(e => e[0] === "visit" && e[1] === n);
  if (visited && edgesOf[n].length) {
    card.append(make("h3", {}, "its ", dfn("rule", "rule"), " passes on"));
    const own = edges[edgesOf[n][0]];
    if (own.slope) card.append(slopeNote(own));
    edgesOf[n].forEach(i => card.append(make("span", { class: "eq", math: `<mrow><mtext>to&#160;</mtext>${nodes[edges[i].operand].math}<mtext>:&#160;</mtext>${edges[i].rule}</mrow>` })));
  }
  if (slope && node.checks) card.append(checks(node));
  const lints = scene.lints.filter(lint => lint[1] === n && lint[0] <= time);
  lints.forEach(lint => card.append(make("p", { class: "lint" }, lint[2])));
  const place = [node.call && `%${n} = ${node.call}`, node.scope && `layer ${node.scope}`, node.place].filter(x => x).join(" · ");
  card.append(make("h3", {}, "on the tape"), make("p", { class: "note" }, place));
  if (picked !== null) card.append(make("button", { onclick: () => pick(picked) }, "back to what happens now"));
  // A formula that has to be scrolled is reached by the keyboard.
  for (const formula of card.querySelectorAll(".eq")) if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
}
function elementNote(node) {
  if (!node.shape.length) return null;
  const index = []; let rest = element;
  for (const length of [...node.shape].reverse()) { index.unshift(rest % length); rest = Math.floor(rest / length); }
  return make("p", { class: "note" }, `element [${index.join(", ")}]; click another:`);
}
function arrayOf(n, array, kind) {
  if (array.length === 1 && nodes[n].shape.length === 0) {
    const big = cell(array[0], kind, true);
    big.classList.add("big");
    big.addEventListener("click", () => navigator.clipboard && navigator.clipboard.writeText(exact(array[0])));
    return big;
  }
  return grid(n, array, kind, element, new Set(), position => { element = position; show(); });
}
function way(i, several, current) {
  const edge = edges[i], arrived = edge.time <= time, share = shareOf(i, time);
  const via = statements[nodes[edge.node].statement].root, at = Math.min(element, (edge.contribution || []).length - 1);
  const head = make("div", { class: "head" }, make("span", { class: "via" }, "by way of ", make("span", { math: nodes[via].math })));
  if (arrived) head.append(make("span", { class: "c num", title: exact(edge.contribution[at]) }, shown(edge.contribution[at])));
  else head.append(make("span", { class: "cell blank" }, "0.000"));
  if (several) head.append(make("span", { class: "pct num" }, arrived && share ? share[2] : ""));
  const box = make("div", { class: `way ${i === current ? "now" : ""}` }, head);
  if (arrived) {
    box.append(make("span", { class: "eq", math: edge.rule }));
    if (edge.slope) box.append(slopeNote(edge));
    const explained = edge.explained[at];
    if (explained) box.append(make("span", { class: "eq numbers", math: `<mrow><mo>=</mo>${explained[0]}</mrow>` }));
    if (several && share) {
      const part = Math.max(-2, Math.min(2, share[3])), bar = make("div", { class: "bar", "aria-hidden": "true" });
      const fill = make("i", { class: part < 0 ? "minus" : "" });
      fill.style.left = `${50 + 25 * Math.min(0, part)}%`; fill.style.width = `${25 * Math.abs(part)}%`;
      const zero = make("u"); zero.style.left = "50%";
      bar.append(fill, zero); box.append(bar);
    }
  }
  return box;
}
const slopeNote = edge => make("p", { class: "note" }, "with ", make("span", { math: `<mrow>${edge.slope}</mrow>` }));
function checks(node) {
  const all = make("div", {}, make("h3", {}, "checked by ", dfn("finite differences", "finite difference")));
  const table = make("table", { class: "checks" });
  const words = { agrees: "agrees", kink: "a kink: no slope here", unchecked: "cannot be compared", differs: "differs" };
  node.checks.forEach(([name, text, outcome]) => table.append(make("tr", {}, make("td", {}, name, make("div", { class: "num" }, text)), make("td", {}, make("span", { class: outcome }, words[outcome])))));
  all.append(table);
  return all;
}
function welcome(card) {
  if (scene.introduction) card.append(make("h2", {}, scene.title), make("p", {}, withTerms(scene.introduction)));
  card.append(make("h2", {}, "Watch it run"), make("p", {}, "Press ", make("kbd", {}, "→"), " for the next event, and ", make("kbd", {}, "←"), " to undo it."),
    make("p", {}, "First the program computes its values from top to bottom: the ", dfn("forward pass", "forward pass"), ". Then it goes back up, and finds for every value how much the result changes with it: the ", dfn("reverse pass", "reverse pass"), "."),
    make("p", { class: "note" }, "Hatched values are not known yet. Point at a word with dots below to see what it means."));
  if (scene.lints.length) {
    card.append(make("h3", {}, "worth a look in this run"));
    scene.lints.forEach(lint => card.append(make("p", { class: "lint" }, lint[2], " ", make("button", { onclick: () => { picked = null; go(lint[0]); } }, "go there"))));
  }
}

// ---- Time ----
function phases() {
  const bar = $("phases");
  let from = 0;
  for (let t = 1; t <= end; t++) {
    const last = t === end || events[t][3] !== events[from][3] || runAt(t + 1) !== runAt(from + 1);
    if (!last) continue;
    const phase = events[from][3], run = runAt(from + 1), begin = from;
    const label = { forward: "forward ▷", reverse: "reverse ◁", update: "update" }[phase];
    const part = make("span", { title: `${scene.runs.length > 1 ? `step ${run + 1}, ` : ""}${phase}` }, (scene.runs.length > 1 && phase === "forward" ? `${run + 1}. ` : "") + label);
    part.style.flex = `${t - from}`;
    if ((t - from) / end < .11) part.classList.add("narrow");
    if (phase === "forward" && run > 0) part.classList.add("new");
    part.dataset.from = begin; part.dataset.to = t;
    bar.append(part);
    from = t;
  }
}
function show() {
  const about = aboutAt(time), event = eventAt(time);
  $("time").value = time;
  $("time").setAttribute("aria-valuetext", `${time} of ${end}${event ? ", " + event.phase : ""}`);
  for (const part of $("phases").children) part.classList.toggle("here", time > part.dataset.from && time <= part.dataset.to);
  showProgram(about);
  showGraph(about);
  showCard(about);
  $("say").replaceChildren(withTerms(event ? event.text : scene.begin));
  fresh = false;
}
function go(to) {
  time = Math.max(0, Math.min(end, to));
  const hash = `#${time}`;
  if (location.hash !== hash) history.replaceState(null, "", hash);
  show();
  if (predicting) cover();
}
// Events belong to one line where one statement is computed, or passes its cotangent on; all that is given is one line.
// Predict, then reveal: what is new stays covered until it is asked for.
let predicting = false;
function predict(on) { predicting = on; document.body.classList.toggle("covered", on && time > 0); if (on) cover(); else show(); }
function cover() {
  const about = aboutAt(time);
  document.body.classList.toggle("covered", about !== null);
  if (about !== null) $("say").replaceChildren("What will ", make("span", { math: kindAt(time) === "reverse" ? nodes[about].bar : nodes[about].math }), " be? Think, then press the space bar.");
}
function reveal() { document.body.classList.remove("covered"); show(); }
const lineAt = t => {
  const event = eventAt(t);
  if (!event || event.node === null) return "";
  const statement = nodes[event.node].statement;
  if (event.phase === "forward" && statements[statement].given) return `given ${runAt(t)}`;
  const folder = hiddenBy(rowOf.get(`${event.phase} ${statement}`));
  return folder ? `layer ${rows.indexOf(folder)}` : `${event.phase} ${statement}`;
};
function nextLine(step) {
  let t = time + step;
  const here = lineAt(time);
  while (t > 0 && t < end && (lineAt(t) === here || lineAt(t) === "")) t += step;
  // The last event of a line shows it whole.
  if (step > 0) while (t < end && lineAt(t + 1) === lineAt(t)) t++;
  return t;
}
function until(test, step) {
  for (let t = time + step; t > 0 && t <= end; t += step) if (test(stateFor(t))) return t;
  return null;
}
function search(test, step, what) {
  const found = until(test, step);
  if (found === null) $("say").replaceChildren(`There is no ${step > 0 ? "later" : "earlier"} ${what}.`);
  else { picked = null; go(found); }
}
const stopTest = s => stops.some(stop => stop.test(s));
const keys = {
  ".": () => { picked = null; go(time + 1); }, ",": () => { picked = null; go(time - 1); },
  "l": () => { picked = null; go(nextLine(1)); }, "h": () => { picked = null; go(nextLine(-1)); },
  "g": () => { picked = null; go(0); }, "G": () => { picked = null; go(end); },
  "c": () => stops.length ? search(stopTest, 1, "breakpoint") : openStops(), "C": () => stops.length ? search(stopTest, -1, "breakpoint") : openStops(),
  "n": () => search(s => s.badValue || s.badGradient, 1, "NaN or infinity"), "N": () => search(s => s.badValue || s.badGradient, -1, "NaN or infinity"),
  "o": () => { const about = picked ?? aboutAt(time); if (about !== null) { picked = null; go(nodes[about].pushed); } },
  "b": () => openStops(), "/": () => openSearch(), "Z": () => foldAll(), "?": () => predict(!predicting), " ": () => reveal(), "k": () => openHelp(), "w": () => saveCopy(),
};
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return closePanel();
  if (event.target.matches("input[type=text], textarea")) return;
  const slider = event.target === $("time");
  const key = { ArrowRight: ".", ArrowLeft: ",", ArrowDown: "l", ArrowUp: "h", Home: "g", End: "G" }[event.key] || event.key;
  if (event.key === " " && (!predicting || event.target.matches("button"))) return;
  if (!keys[key] || (slider && event.key.startsWith("Arrow"))) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") { if (event.target.closest("#panel")) return; }
  event.preventDefault();
  endTour();
  keys[key]();
});
document.querySelectorAll("#transport button").forEach(button => button.addEventListener("click", () => { endTour(); keys[button.dataset.key](); }));
document.querySelectorAll("#panes button").forEach(button => button.addEventListener("click", () => $(button.dataset.pane).scrollIntoView({ inline: "start", block: "nearest" })));
$("time").addEventListener("input", event => { picked = null; go(Number(event.target.value)); });
window.addEventListener("hashchange", () => { const t = Number(location.hash.slice(1)); if (Number.isInteger(t)) go(t); });
window.addEventListener("resize", fit);

// ---- Explanations, panels, the tour ----
const pop = $("pop");
function explain(event) {
  const term = event.target.closest && event.target.closest("dfn");
  if (!term || !meaning(term.dataset.term)) { pop.hidden = true; return; }
  pop.textContent = meaning(term.dataset.term);
  pop.hidden = false;
  const at = term.getBoundingClientRect(), width = pop.offsetWidth, height = pop.offsetHeight;
  pop.style.left = `${Math.max(8, Math.min(innerWidth - width - 8, at.left))}px`;
  pop.style.top = `${at.top > height + 14 ? at.top - height - 8 : at.bottom + 8}px`;
}
["mouseover", "focusin", "click"].forEach(kind => document.addEventListener(kind, explain));
let opener = null;
function openPanel(from, ...content) { opener = from; const panel = $("panel"); panel.replaceChildren(...content); panel.hidden = false; from.setAttribute("aria-expanded", "true"); }
function closePanel() { const inside = $("panel").contains(document.activeElement); $("panel").hidden = true; if (inside && opener) opener.focus(); pop.hidden = true; endTour(); ["stops", "find", "help"].forEach(id => $(id).setAttribute("aria-expanded", "false")); }
function openStops() {
  const field = make("input", { type: "text", "aria-label": "Breakpoint", placeholder: "nan  ·  op == \"sigmoid\"  ·  |grad|.max > 0.1" });
  const message = make("pre", { role: "status" }), list = make("ul");
  const refresh = () => {
    list.replaceChildren(...stops.map((stop, i) => make("li", {}, make("span", {}, stop.text), make("button", { "aria-label": `Remove ${stop.text}`, onclick: () => { stops.splice(i, 1); refresh(); } }, "remove"))));
  };
  const add = () => { try { addStop(field.value); field.value = ""; message.textContent = ""; refresh(); } catch (error) { message.textContent = error.message; } };
  field.addEventListener("keydown", event => { if (event.key === "Enter") add(); });
  refresh();
  openPanel($("stops"), make("h2", {}, "Breakpoints: stop where this holds"), field, message, list,
    make("div", {}, make("button", { onclick: add }, "add"), " ", make("button", { onclick: () => keys.C() }, "◀ previous"), " ", make("button", { onclick: () => keys.c() }, "next ▶"), " ", make("button", { onclick: closePanel }, "close")),
    make("h3", {}, "for example"), make("pre", {}, "nan            a NaN or infinity is computed\nnan(grad)      … in the reverse pass\nop == \"mul\"    an operation runs\nname ~ \"w*\"    by name, * for any text\nphase == update && value.max > 0.5"));
  field.focus();
}
function addStop(text) { if (!text.trim()) return; stops.push({ text: text.trim(), test: readBreakpoint(text) }); }
function openHelp() {
  const list = [["→ ←", "one event forward, back"], ["↓ ↑", "one line forward, back"], ["g G", "beginning, end"], ["c C", "next, previous breakpoint"], ["b", "breakpoints"], ["/", "find a value"], ["Z", "fold or unfold all layers"], ["n N", "next, previous NaN or infinity"], ["o", "where this value was computed"], ["?", "predict: numbers stay covered until the space bar"], ["k", "this list"], ["w", "save a copy with the breakpoints"], ["Esc", "close"]];
  const table = make("table", {}, ...list.map(([key, text]) => make("tr", {}, make("td", {}, ...key.split(" ").flatMap(k => [make("kbd", {}, k), " "])), make("td", {}, text))));
  const words = make("table", {}, ...scene.glossary.map(([term, text]) => make("tr", {}, make("td", {}, term), make("td", {}, text))));
  openPanel($("help"), make("h2", {}, "Keys"), table, make("h3", {}, "words"), words, make("button", { onclick: closePanel }, "close"));
}
$("stops").addEventListener("click", () => $("panel").hidden ? openStops() : closePanel());
$("find").addEventListener("click", () => $("panel").hidden ? openSearch() : closePanel());
$("help").addEventListener("click", () => $("panel").hidden ? openHelp() : closePanel());
function saveCopy() {
  const state = document.createElement("script");
  const old = $("state");
  if (old) old.remove();
  state.type = "application/json"; state.id = "state";
  state.textContent = JSON.stringify({ time, stops: stops.map(stop => stop.text) }).replace(/</g, "\\u003c");
  const copy = document.documentElement.cloneNode(true);
  for (const id of ["program", "card", "canvas", "phases", "say", "panel", "tour"]) copy.querySelector(`#${id}`).replaceChildren();
  for (const id of ["panel", "tour", "pop"]) copy.querySelector(`#${id}`).hidden = true;
  copy.querySelector("#data").after(state);
  const link = make("a", { href: URL.createObjectURL(new Blob(["<!doctype html>\n" + copy.outerHTML], { type: "text/html" })), download: `${document.title || "trace"}.html` });
  link.click();
}
let tourStep = 0;
const tour = [
  "This is a program while it runs. Press → for the next event; press ← to undo it.",
  "Left: the program, line by line, the forward pass and then the reverse pass. Middle: the same as a graph. Right: one number in detail, with its formula.",
  "Below: the latest event in words. Point at a word with dots below to see what it means. Press → to begin.",
];
function showTour() {
  const box = $("tour");
  if (tourStep >= tour.length) return endTour();
  box.replaceChildren(make("span", { class: "dots" }, `${tourStep + 1} of ${tour.length}`, make("button", { onclick: () => { tourStep++; showTour(); } }, tourStep + 1 < tour.length ? "next" : "start")), tour[tourStep]);
  box.hidden = false;
}
function endTour() { $("tour").hidden = true; try { localStorage.setItem("stepper-tour", "seen"); } catch { /* a file may not keep anything */ } }

// ---- Begin ----
$("title").textContent = scene.title;
$("time").max = end;
program();
firstFolds();
phases();
const kept = $("state") ? JSON.parse($("state").textContent) : null;
if (kept) kept.stops.forEach(addStop);
const wanted = location.hash.length > 1 ? Number(location.hash.slice(1)) : kept ? kept.time : 0;
go(Number.isInteger(wanted) ? wanted : 0);
let seen = null;
try { seen = localStorage.getItem("stepper-tour"); } catch { /* a file may not keep anything */ }
if (!seen && location.hash.length <= 2 && time === 0) showTour();
