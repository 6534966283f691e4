// What the page shows of a moment. Everything is a function of the time: nothing is changed by stepping.
const scene = JSON.parse(document.getElementById("data").textContent);
const { nodes, edges, events, statements, numbers } = scene;
const $ = id => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "math") element.innerHTML = `<math>${value}</math>`;
    else if (name === "onclick") element.addEventListener("click", value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
};
// A formula in pieces, between which a line may end: before each + and − that stands in no parentheses.
const pieces = math => {
  const whole = make("span", { math }), all = [[]];
  const flat = element => [...element.children].flatMap(child => child.tagName === "mrow" && !child.className && child.firstElementChild?.textContent !== "(" ? flat(child) : [child]);
  let depth = 0;
  for (const child of flat(whole.firstElementChild)) {
    const sign = child.tagName === "mo" ? child.textContent : "";
    if (sign === "(") depth++;
    if (sign === ")") depth--;
    const before = all.at(-1).at(-1);
    if (depth === 0 && (sign === "+" || sign === "−") && before && !(before.tagName === "mo" && before.textContent === "=")) { child.setAttribute("form", "infix"); all.push([]); }
    all.at(-1).push(child);
  }
  return all.flatMap((piece, i) => {
    const math = make("span", { math: "<mrow></mrow>" }).firstElementChild;
    math.firstElementChild.append(...piece);
    return i ? [document.createElement("wbr"), math] : [math];
  });
};
// Numbers: as shown, and with all digits.
const shown = i => numbers[i][0], exact = i => numbers[i][1];
const real = i => Number(exact(i).replace("inf", "Infinity"));

// The state at a time.
const valueAt = (n, t) => nodes[n].pushed !== null && nodes[n].pushed <= t ? nodes[n].value : null;
const historyAt = (n, t) => { let found = null; for (const entry of nodes[n].cotangents) if (entry[0] <= t) found = entry; return found; };
const cotangentAt = (n, t) => { const found = historyAt(n, t); return found && found[1]; };
const updateAt = (n, t) => nodes[n].update && nodes[n].update[0] <= t ? nodes[n].update[1] : null;
const edgesInto = nodes.map(() => []), edgesOf = nodes.map(() => []);
edges.forEach((edge, i) => { edgesInto[edge.operand].push(i); edgesOf[edge.node].push(i); });
const eventAt = t => t > 0 ? { sort: events[t - 1][0], node: events[t - 1][1], edge: events[t - 1][2], phase: events[t - 1][3], text: events[t - 1][4] } : null;
const aboutAt = t => { const event = eventAt(t); if (!event) return null; return event.edge !== null ? edges[event.edge].operand : event.node; };
const runAt = t => { const i = scene.runs.findIndex(run => t <= run[3]); return i < 0 ? scene.runs.length - 1 : i; };
const stateFor = t => {
  const event = eventAt(t), about = aboutAt(t), node = about === null ? null : nodes[about];
  const list = array => array && array.map(real), bad = array => !!array && array.some(i => !Number.isFinite(real(i)));
  const edge = event && event.edge !== null ? edges[event.edge] : null;
  return {
    time: t, sort: event && event.sort, phase: event && event.phase, about: about === null ? undefined : about,
    runs: event && (event.sort === "push" || event.sort === "visit"), operation: event && event.node !== null ? nodes[event.node].operation : undefined,
    label: node && node.label, scope: node ? node.scope : undefined, shape: node && node.shape,
    value: node && list(valueAt(about, t)), grad: node && list(cotangentAt(about, t)),
    badValue: event && event.sort === "push" && bad(valueAt(about, t)),
    badGradient: event && ((event.sort === "accumulate" && (bad(edge.contribution) || bad(cotangentAt(about, t)))) || (event.sort === "seed" && bad(cotangentAt(about, t)))),
  };
};

// Colour: one scale for values, one for cotangents.
const largest = list => { let most = 0; for (const i of list) { const x = Math.abs(real(i)); if (Number.isFinite(x) && x > most) most = x; } return most; };
const scales = { value: largest(nodes.flatMap(n => n.role === "constant" ? [] : n.value || [])), cotangent: largest(nodes.flatMap(n => n.cotangents.flatMap(c => c[1]))) };
const tint = (element, i, kind) => {
  const x = real(i), size = scales[kind] > 0 ? Math.sqrt(Math.min(1, Math.abs(x) / scales[kind])) : 0;
  if (!Number.isFinite(x)) element.classList.add("odd");
  element.style.setProperty("--p", `${x === 0 ? 0 : Math.round(8 + 52 * size)}%`);
  element.style.setProperty("--c", x < 0 ? "var(--minus)" : "var(--plus)");
};
const cell = (i, kind, text) => { const element = make("span", { class: "cell num", title: exact(i) }, text ? shown(i) : ""); tint(element, i, kind); return element; };
const blank = () => make("span", { class: "cell blank", title: "not known yet" }, " ");
const columnsOf = shape => shape.length ? shape[shape.length - 1] : 1;

// An array as a grid of cells; a cell that is chosen explains itself in the card.
const grid = (n, array, kind, chosen, lit, pick) => {
  const shape = nodes[n].shape, columns = Math.max(1, columnsOf(shape)), wide = columns <= 6 && array.length <= 48;
  const table = make("div", { class: "grid", role: "group", "aria-label": `${kind} of ${nodes[n].symbol}` });
  table.style.gridTemplateColumns = `repeat(${Math.min(columns, 28)}, ${wide ? "auto" : "14px"})`;
  array.forEach((i, position) => {
    const button = make("button", { class: "cell num", title: exact(i), "aria-label": shown(i), onclick: () => pick(position) }, wide ? shown(i) : "");
    tint(button, i, kind);
    if (position === chosen) button.setAttribute("aria-pressed", "true");
    if (position === chosen || lit.has(position)) button.classList.add("lit");
    table.append(button);
  });
  return table;
};
const small = (array, kind) => {
  if (!array) return make("span", { class: "blank cell" });
  if (array.length === 1) return cell(array[0], kind, true);
  const strip = make("span", { class: "strip" });
  array.slice(0, 6).forEach(i => strip.append(cell(i, kind, false)));
  return strip;
};

// Terms of the field are explained where they stand, once a sentence.
const withTerms = text => {
  const parts = document.createDocumentFragment(), seen = new Set();
  const terms = scene.glossary.map(entry => entry[0]).sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`\\b(${terms.join("|")})s?\\b`, "gi");
  let last = 0;
  for (const match of text.matchAll(pattern)) {
    const term = match[1].toLowerCase();
    if (seen.has(term)) continue;
    seen.add(term);
    parts.append(text.slice(last, match.index), dfn(match[0], term));
    last = match.index + match[0].length;
  }
  parts.append(text.slice(last));
  return parts;
};
const dfn = (text, term) => make("dfn", { tabindex: "0", "data-term": term }, text);
const meaning = term => (scene.glossary.find(entry => entry[0] === term) || [])[1];
