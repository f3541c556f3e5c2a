/* A list that is searched and opened. It draws what it is told; text is never read as markup. */

const MOST = 400;
let count = 0;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".listing");
  const input = root.querySelector("input");
  const table = root.querySelector("table");
  const frame = root.querySelector(".frame");
  const focused = focusedId(parentElement);
  root.querySelector(".find").style.display = data.search ? "" : "none";
  input.placeholder = data.search || "";
  input.setAttribute("aria-label", data.search || "Search");
  frame.style.maxHeight = data.height ? data.height + "px" : "";
  table.setAttribute("aria-label", data.label);
  const open = (id) => setTriggerValue("open", { on: id, n: ++count });
  const draw = () => fill(root, data, input.value, open);
  input.oninput = draw;
  input.onkeydown = (event) => {
    if (event.key === "Enter") table.querySelector("button.name")?.click();
    if (event.key === "ArrowDown") { event.preventDefault(); table.querySelector("button.name")?.focus(); }
  };
  table.onkeydown = (event) => walk(event, table);
  draw();
  if (focused !== undefined) {
    for (const button of table.querySelectorAll("button.name")) {
      if (button.dataset.id === focused) button.focus({ preventScroll: true });
    }
  }
  const chosen = table.querySelector("tr.chosen");
  if (chosen && data.height && root.dataset.shown !== chosen.dataset.id) {
    root.dataset.shown = chosen.dataset.id;
    const top = chosen.offsetTop - frame.clientHeight / 2;
    if (chosen.offsetTop < frame.scrollTop || chosen.offsetTop > frame.scrollTop + frame.clientHeight - 40) frame.scrollTop = top;
  }
}

function fill(root, data, query, open) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = words.length ? data.rows.filter((row) => !row.section && words.every((word) => text(row).includes(word))) : data.rows;
  const table = root.querySelector("table");
  const head = element("tr");
  for (const column of data.columns) {
    const th = element("th", classes(column), column.name);
    th.scope = "col";
    if (column.title) th.title = column.title;
    head.append(th);
  }
  table.tHead.replaceChildren(...(data.columns.some((column) => column.name) ? [head] : []));
  table.tBodies[0].replaceChildren(...found.slice(0, MOST).map((row) => bodyRow(row, data.columns, open)));
  table.style.display = found.length ? "" : "none";
  const none = root.querySelector(".none");
  none.style.display = found.length ? "none" : "";
  none.textContent = words.length ? "Nothing matches “" + query + "”." : data.empty;
  const all = data.rows.filter((row) => !row.section).length;
  const shown = found.filter((row) => !row.section).length;
  root.querySelector(".count").textContent =
    shown > MOST ? `The first ${MOST} of ${shown.toLocaleString("en")}: type to narrow` : words.length ? `${shown.toLocaleString("en")} of ${all.toLocaleString("en")}` : `${all.toLocaleString("en")} ${all === 1 ? data.noun[0] : data.noun[1]}`;
}

function text(row) {
  if (row.lower === undefined) {
    row.lower = row.cells.map((cell) => [cell.text, cell.sub, ...(cell.badges || []).map((badge) => badge.text)].join(" ")).join(" ").toLowerCase();
  }
  return row.lower;
}

function bodyRow(row, columns, open) {
  if (row.section) {
    const tr = element("tr", "section");
    const td = element("td", "", row.section);
    td.colSpan = columns.length;
    tr.append(td);
    return tr;
  }
  const tr = element("tr", (row.id ? "opens" : "") + (row.chosen ? " chosen" : ""));
  if (row.id) {
    tr.dataset.id = row.id;
    tr.onclick = () => open(row.id);
    if (row.chosen) tr.setAttribute("aria-current", "true");
  }
  row.cells.forEach((cell, index) => tr.append(bodyCell(cell, columns[index], index === 0 ? row.id : "", index === 0)));
  return tr;
}

function bodyCell(cell, column, id, first) {
  const td = element("td", classes(column));
  if (cell.title) td.title = cell.title;
  if (cell.text !== undefined && cell.text !== null && cell.text !== "") {
    const tones = [cell.code ? "code" : "", cell.tone || ""].join(" ");
    const main = element(id ? "button" : "div", (first ? "name " : "main ") + tones, String(cell.text));
    if (id) { main.type = "button"; main.dataset.id = id; }
    td.append(main);
  }
  if (cell.sub) td.append(element("div", "sub" + (cell.subcode ? " code" : ""), cell.sub));
  if (cell.bar !== undefined && cell.bar !== null) {
    const bar = element("div", "bar " + (cell.barTone || ""));
    const fill = element("i");
    fill.style.width = Math.max(cell.bar > 0 ? 2 : 0, Math.min(100, cell.bar * 100)) + "%";
    bar.append(fill);
    td.append(bar);
  }
  if (cell.badges?.length) {
    const badges = element("div", "badges");
    for (const each of cell.badges) {
      const badge = element("span", "badge " + (each.tone || "soft"), each.text);
      if (each.title) badge.title = each.title;
      badges.append(badge);
    }
    td.append(badges);
  }
  if (cell.tops?.length) {
    const tops = element("div", "tops");
    for (const each of cell.tops) {
      const line = element("div", "top");
      const share = element("i");
      share.style.width = Math.max(1, each.share * 100) + "%";
      const value = element("span", "", each.text);
      value.title = each.text;
      line.append(share, value, element("span", "", each.count));
      tops.append(line);
    }
    td.append(tops);
  }
  return td;
}

function classes(column) {
  return [column.right ? "right" : "", column.narrow ? "narrow" : ""].join(" ").trim();
}

function element(kind, classes, content) {
  const made = document.createElement(kind);
  if (classes && classes.trim()) made.className = classes.trim();
  if (content !== undefined) made.textContent = content;
  return made;
}

/* Arrow keys walk the rows. */
function walk(event, table) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const buttons = [...table.querySelectorAll("button.name")];
  const place = buttons.indexOf(event.target);
  if (!step || place < 0) return;
  event.preventDefault();
  buttons[place + step]?.focus();
}

function focusedId(parent) {
  const scope = parent.activeElement !== undefined ? parent : parent.getRootNode();
  return scope.activeElement?.dataset?.id;
}
