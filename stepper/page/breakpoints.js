// The language of breakpoints: the same as in the library.
"use strict";
function readBreakpoint(text) {
  let at = 0;
  const fail = what => { throw new Error(`column ${at + 1}: expected ${what}\n${text}\n${" ".repeat(at)}^`); };
  const skip = () => { while (/\s/.test(text[at] || "")) at++; };
  const take = sign => { skip(); if (!text.startsWith(sign, at)) return false; at += sign.length; return true; };
  const need = sign => take(sign) || fail("`" + sign + "`");
  const word = () => { skip(); const found = /^\w*/.exec(text.slice(at))[0]; at += found.length; return found; };
  const one = (list, what) => { skip(); const from = at, found = word(); if (!list.includes(found)) { at = from; fail(what); } return found; };
  const compare = {
    "==": (a, b) => a === b, "!=": (a, b) => a !== b, "<=": (a, b) => a <= b, ">=": (a, b) => a >= b, "<": (a, b) => a < b, ">": (a, b) => a > b,
  };
  const number = quantity => {
    const sign = Object.keys(compare).find(take) || fail("a comparison");
    skip();
    const found = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?/.exec(text.slice(at)) || fail("a number");
    at += found[0].length;
    return s => { const x = quantity(s); return x !== undefined && compare[sign](x, Number(found[0])); };
  };
  const string = of => {
    const any = take("~"), is = any || take("==");
    if (!is && !take("!=")) fail("`==`, `!=` or `~`");
    take('"') || fail("a text in quotes");
    let pattern = "";
    while (text[at] !== '"') { if (at >= text.length) fail('a closing `"`'); if (text[at] === "\\") at++; pattern += text[at++] || ""; }
    at++;
    const expression = new RegExp("^" + pattern.split("*").map(p => p.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join("[^]*") + "$");
    return s => { const found = of(s); return found !== undefined && (any ? expression.test(found) : found === pattern) === is; };
  };
  const equal = (of, list, what) => {
    const is = take("==") || (take("!=") ? false : fail("`==` or `!=`"));
    const found = one(list, what);
    return s => (of(s) === found) === is;
  };
  const measured = (of, magnitude) => {
    need(".");
    const measure = one(["max", "min", "mean"], "`max`, `min` or `mean`");
    return number(s => {
      const array = of(s);
      if (!array) return undefined;
      const xs = array.map(x => magnitude ? Math.abs(x) : x), real = xs.filter(x => !Number.isNaN(x));
      if (measure === "mean") return xs.reduce((a, b) => a + b, 0) / xs.length;
      return real.length ? real.reduce((a, b) => (measure === "max") === (a > b) ? a : b) : NaN;
    });
  };
  const arrays = { value: s => s.value, grad: s => s.grad };
  const any = () => { let test = all(); while (take("||")) { const a = test, b = all(); test = s => a(s) || b(s); } return test; };
  const all = () => { let test = single(); while (take("&&")) { const a = test, b = single(); test = s => a(s) && b(s); } return test; };
  const single = () => {
    if (take("(")) { const test = any(); need(")"); return test; }
    if (take("!")) { const test = single(); return s => !test(s); }
    if (take("%")) { const id = word(); if (!/^\d+$/.test(id)) fail("the number of a node"); return s => s.about === Number(id); }
    if (take("|")) { const array = one(["grad", "value"], "`grad` or `value`"); need("|"); return measured(arrays[array], true); }
    const from = at, kind = word();
    switch (kind) {
      case "op": return string(s => s.runs ? s.operation : undefined);
      case "name": return string(s => s.about === undefined ? undefined : s.label || "");
      case "scope": return string(s => s.scope);
      case "phase": return equal(s => s.phase, ["forward", "reverse", "update"], "`forward`, `reverse` or `update`");
      case "event": return equal(s => s.sort, ["push", "seed", "visit", "accumulate", "zero", "update", "enter", "exit"], "a sort of event");
      case "nan": {
        let of = "value";
        if (take("(")) { of = one(["grad", "value"], "`grad` or `value`"); need(")"); }
        return of === "grad" ? s => s.badGradient : s => s.badValue;
      }
      case "time": return number(s => s.time);
      case "rank": return number(s => s.shape && s.shape.length);
      case "size": return number(s => s.shape && s.shape.reduce((a, b) => a * b, 1));
      case "shape": { need("["); skip(); const axis = word(); need("]"); return number(s => s.shape && s.shape[Number(axis)]); }
      case "value": case "grad": return measured(arrays[kind], false);
      default: at = from; return fail("a test, such as `nan`, `op == \"matmul\"` or `|grad|.max > 1e3`");
    }
  };
  const test = any();
  skip();
  if (at < text.length) fail("`&&`, `||` or the end");
  return test;
}
