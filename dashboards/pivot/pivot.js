/* Draws the grid it is given and reports clicks. Text goes in through textContent, never as markup. */

let count = 0;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const frame = parentElement.querySelector(".frame");
  const table = parentElement.querySelector("table");
  const report = (what, value) => {
    frame.classList.add("busy");
    setTriggerValue(what, { on: value, n: ++count });
  };
  const focused = focusedMark(parentElement);
  frame.classList.remove("busy");
  table.setAttribute("aria-label", data.label);
  table.tHead.replaceChildren(...heads(data, report));
  table.tBodies[0].replaceChildren(...data.rows.filter((r) => r.kind !== "total").map((r) => bodyRow(data, r, report)));
  table.tFoot.replaceChildren(...data.rows.filter((r) => r.kind === "total").map((r) => bodyRow(data, r, report)));
  stackHeads(table);
  table.onkeydown = (event) => onKey(event, table);
  restoreFocus(table, focused);
  const watcher = new ResizeObserver(() => stackHeads(table));
  watcher.observe(table.tHead);
  return () => watcher.disconnect();
}

function element(kind, classes, text) {
  const made = document.createElement(kind);
  if (classes) made.className = classes;
  if (text !== undefined) made.textContent = text;
  return made;
}

function heads(data, report) {
  const rows = data.heads.map((head, index) => {
    const row = element("tr");
    if (index === 0) row.append(corner(data));
    for (const cell of head) {
      const th = element("th", "member", cell.text);
      th.scope = "colgroup";
      th.colSpan = cell.span * data.measures.length;
      row.append(th);
    }
    return row;
  });
  const names = element("tr");
  if (!rows.length) names.append(corner(data));
  for (let column = 0; column < data.columns; column++) {
    data.measures.forEach((measure, index) => names.append(measureHead(data, measure, index, report)));
  }
  return [...rows, names];
}

function corner(data) {
  const th = element("th", "corner", data.corner);
  th.scope = "col";
  th.rowSpan = data.heads.length + 1;
  return th;
}

function measureHead(data, measure, index, report) {
  const th = element("th", index === 0 && data.heads.length ? "first" : "");
  th.scope = "col";
  if (measure.sorted) th.setAttribute("aria-sort", measure.sorted);
  if (measure.help) th.title = measure.help;
  const button = element("button", "sort");
  button.type = "button";
  button.dataset.mark = "sort " + measure.name;
  const arrow = element("span", "arrow", measure.sorted === "descending" ? "▼" : measure.sorted ? "▲" : "");
  arrow.setAttribute("aria-hidden", "true");
  button.append(arrow, element("span", "", measure.label));
  button.onclick = () => report("sort", measure.name);
  th.append(button);
  return th;
}

function bodyRow(data, row, report) {
  const tr = element("tr", row.kind);
  tr.setAttribute("aria-level", String(row.depth + 1));
  const head = element("th");
  head.scope = "row";
  const name = element("div", "name");
  name.style.setProperty("--depth", row.depth);
  if (row.opens) {
    tr.setAttribute("aria-expanded", String(row.open));
    const twist = element("button", "twist");
    twist.type = "button";
    twist.dataset.mark = "toggle " + row.id;
    twist.setAttribute("aria-label", (row.open ? "Close " : "Open ") + row.label);
    twist.onclick = () => report("toggle", row.id);
    name.append(twist);
  } else if (row.kind !== "total") {
    name.append(element("span", "pad"));
  }
  const label = element(row.drills ? "button" : "span", "member-name", row.label);
  if (row.drills) {
    label.type = "button";
    label.dataset.mark = "drill " + row.id;
    label.title = row.below ? `${row.label}: only this, by ${row.below.toLowerCase()}` : `${row.label}: only this`;
    label.onclick = () => report("drill", row.id);
  }
  name.append(label);
  head.append(name);
  tr.append(head);
  const wide = data.measures.length;
  const lastColumn = (data.columns - 1) * wide;
  const total = data.columns * wide;
  for (let i = 0; i < total; i++) {
    const classes = [];
    if (data.heads.length && i % wide === 0) classes.push("first");
    if (data.totalColumn && i >= lastColumn) classes.push("sum");
    tr.append(element("td", classes.join(" "), row.cells[i] ?? ""));
  }
  return tr;
}

/* Several rows of heads stick below one another. */
function stackHeads(table) {
  let top = 0;
  for (const row of table.tHead.rows) {
    for (const cell of row.cells) cell.style.top = top + "px";
    top += row.cells[row.cells.length - 1]?.offsetHeight ?? row.offsetHeight;
  }
}

/* Arrow keys walk the rows; right opens, left closes. */
function onKey(event, table) {
  const row = event.target.closest("tr");
  if (!row || !row.querySelector("th[scope=row]")) return;
  const rows = [...table.tBodies[0].rows];
  const go = (to) => to?.querySelector(".member-name")?.focus();
  const place = rows.indexOf(row);
  const open = row.getAttribute("aria-expanded");
  if (event.key === "ArrowDown") go(rows[place + 1]);
  else if (event.key === "ArrowUp") go(rows[place - 1]);
  else if (event.key === "ArrowRight" && open === "false") row.querySelector(".twist").click();
  else if (event.key === "ArrowLeft" && open === "true") row.querySelector(".twist").click();
  else return;
  event.preventDefault();
}

function focusedMark(parent) {
  const root = parent.getRootNode();
  const active = (parent.activeElement !== undefined ? parent : root).activeElement;
  return active?.dataset?.mark;
}

function restoreFocus(table, mark) {
  if (!mark) return;
  for (const button of table.querySelectorAll("button")) {
    if (button.dataset.mark === mark) return button.focus({ preventScroll: true });
  }
}
