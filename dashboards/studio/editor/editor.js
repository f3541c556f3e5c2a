/* A text with numbered lines, coloured as YAML, told to the page while somebody types. */

const PAUSE = 350;
const SQL = /(--.*$)|('(?:[^']|'')*'?|"(?:[^"])*"?)|(\b\d[\d.]*\b|\b(?:true|false|null)\b)|\b(case|when|then|else|end|and|or|not|in|is|between|like|cast|as|try_cast|interval|coalesce)\b/gi;
const TOKEN = /(#.*$)|("(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?)|(-?\b\d[\d_.,:-]*\b|\btrue\b|\bfalse\b|\bnull\b|~)|([[\]{},]+)|([^#"'[\]{},\s][^#"'[\]{},]*?(?=\s*:(?:\s|$))|[^#"'[\]{},\s]+)|(\s+)/g;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".editor");
  const area = root.querySelector("textarea");
  const state = (root.state ??= { sent: 0, timer: 0, lines: [], gutter: [], marks: "" });
  root.classList.toggle("field", data.mode === "sql");
  area.readOnly = data.readonly;
  area.setAttribute("aria-label", data.label);
  root.querySelector(".scroll").style.height = data.height + "px";
  root.querySelector(".hint").textContent = data.hint;
  const send = () => {
    clearTimeout(state.timer);
    if (area.value === state.told) return;
    state.told = area.value;
    state.sent = Date.now();
    setTriggerValue("edit", { on: area.value, n: state.sent });
  };
  // What is still being typed is newer than what the page knows.
  if (state.file !== data.file || ((data.seen >= state.sent || !state.sent) && area.value !== data.text && area.value === (state.told ?? area.value))) {
    replace(area, data.text, state.file === data.file);
    state.told = data.text;
    state.file = data.file;
  }
  const draw = () => paint(root, state, area.value, data);
  area.oninput = () => { draw(); clearTimeout(state.timer); state.timer = setTimeout(send, PAUSE); };
  area.onblur = send;
  area.onkeydown = (event) => onKey(event, area, state, send);
  draw();
  if (data.line && state.line !== data.file + data.line) {
    state.line = data.file + data.line;
    root.querySelector(".scroll").scrollTop = Math.max(0, (data.line - 6) * 20);
  }
  return () => clearTimeout(state.timer);
}

function replace(area, text, keep) {
  const { selectionStart, selectionEnd } = area;
  area.value = text;
  if (keep) area.setSelectionRange(Math.min(selectionStart, text.length), Math.min(selectionEnd, text.length));
}

function paint(root, state, text, data) {
  const shown = root.querySelector(".shown");
  const gutter = root.querySelector(".gutter");
  const lines = text.split("\n");
  const wrong = new Map(data.issues.map((issue) => [issue.line, issue.text]));
  const changed = new Set(data.changed);
  while (state.lines.length > lines.length) { state.lines.pop(); shown.lastChild.remove(); gutter.lastChild.remove(); }
  lines.forEach((line, index) => {
    const mark = (wrong.has(index + 1) ? "wrong" : "") + (changed.has(index + 1) ? " changed" : "");
    const key = mark + (wrong.get(index + 1) || "") + "\u0000" + line;
    if (state.lines[index] === key) return;
    const row = data.mode === "sql" ? statement(line) : colour(line);
    if (wrong.has(index + 1)) row.className = "wrong";
    const number = document.createElement("div");
    number.textContent = String(index + 1);
    number.className = mark.trim();
    if (wrong.has(index + 1)) number.title = wrong.get(index + 1);
    if (index < state.lines.length) { shown.children[index].replaceWith(row); gutter.children[index].replaceWith(number); }
    else { shown.append(row); gutter.append(number); }
    state.lines[index] = key;
  });
}

function colour(line) {
  const row = document.createElement("div");
  let place = 0;
  for (const found of line.matchAll(TOKEN)) {
    const [text, remark, quoted, value, brackets, word] = found;
    if (found.index > place) row.append(line.slice(place, found.index));
    place = found.index + text.length;
    const key = (word !== undefined || quoted !== undefined) && /^\s*:(\s|$)/.test(line.slice(place));
    const kind = remark !== undefined && (found.index === 0 || /\s/.test(line[found.index - 1])) ? "c" : key ? "k" : quoted !== undefined ? "s" : value !== undefined ? "v" : "";
    if (!kind) { row.append(text); continue; }
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = text;
    row.append(span);
  }
  row.append(line.slice(place));
  return row;
}

function statement(line) {
  const row = document.createElement("div");
  let place = 0;
  for (const found of line.matchAll(SQL)) {
    row.append(line.slice(place, found.index));
    const span = document.createElement("span");
    span.className = found[1] ? "c" : found[2] ? "s" : found[3] ? "v" : "k";
    span.textContent = found[0];
    row.append(span);
    place = found.index + found[0].length;
  }
  row.append(line.slice(place));
  return row;
}

function onKey(event, area, state, send) {
  if (event.key === "Escape") { state.leaving = true; return; }
  if (event.key === "Tab" && !state.leaving && !area.readOnly && !root(area).classList.contains("field")) {
    event.preventDefault();
    indent(area, event.shiftKey);
  } else if (event.key === "Enter" && !event.isComposing && !area.readOnly) {
    event.preventDefault();
    const before = area.value.slice(0, area.selectionStart).split("\n").pop();
    const deeper = /:\s*$/.test(before) ? "  " : "";
    insert(area, "\n" + before.match(/^ */)[0] + deeper);
  } else if ((event.ctrlKey || event.metaKey) && event.key === "s") {
    event.preventDefault();
    send();
  }
  state.leaving = false;
}

function root(area) {
  return area.closest(".editor");
}

function insert(area, text) {
  // Keeps the browser's own undo.
  if (!document.execCommand || !document.execCommand("insertText", false, text)) {
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input"));
  }
}

function indent(area, back) {
  const start = area.value.lastIndexOf("\n", area.selectionStart - 1) + 1;
  const several = area.value.slice(area.selectionStart, area.selectionEnd).includes("\n");
  if (!back && !several) return insert(area, "  ");
  const end = area.selectionEnd;
  const lines = area.value.slice(start, end).split("\n");
  const moved = lines.map((line) => (back ? line.replace(/^ {1,2}/, "") : line && "  " + line)).join("\n");
  area.setSelectionRange(start, end);
  insert(area, moved);
  area.setSelectionRange(start, start + moved.length);
}
