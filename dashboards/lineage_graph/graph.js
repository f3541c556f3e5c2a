/* Draws the graph it is given and reports steps. Text goes in through textContent, never as markup. */

let count = 0;
const SVG = "http://www.w3.org/2000/svg";
const LEAST = 0.35, MOST = 1.6, STEP = 1.2;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const page = parentElement.querySelector(".page");
  const frame = page.querySelector(".frame");
  const report = (what, value) => {
    page.classList.add("busy");
    setTriggerValue(what, { on: value, n: ++count });
  };
  page.classList.remove("busy");
  const focused = focusedMark(parentElement);
  drawBoxes(page, data, report);
  drawLines(page, data);
  drawDetails(page.querySelector(".details"), data.details, report);
  frame.style.setProperty("--wanted", data.height + 60 + "px");
  const zoomed = Number(page.dataset.zoom) || firstZoom(frame, data);
  zoom(page, data, zoomed);
  if (page.dataset.focus !== data.focus) {
    page.dataset.focus = data.focus;
    bringIntoView(page, data);
    page.querySelector(".details").scrollTop = 0;
  }
  for (const button of page.querySelectorAll(".tool")) {
    button.onclick = () => onZoom(page, data, button.dataset.zoom);
  }
  page.onkeydown = (event) => onKey(event, page, data);
  pullable(frame);
  restoreFocus(page, focused);
}

function element(kind, classes, text) {
  const made = document.createElement(kind);
  if (classes) made.className = classes;
  if (text !== undefined) made.textContent = text;
  return made;
}

function drawBoxes(page, data, report) {
  const boxes = data.boxes.map((box) => {
    const made = element("section", `box ${box.kind}${box.focus ? " focus" : ""}`);
    made.style.left = box.x + "px";
    made.style.top = box.y + "px";
    made.style.height = box.height + "px";
    made.dataset.end = box.id;
    made.setAttribute("aria-label", `${box.word} ${box.title}`);
    made.append(head(box, report), ...box.rows.map((row) => rowOf(row, report)));
    return made;
  });
  page.querySelector(".boxes").replaceChildren(...boxes);
  for (const end of page.querySelectorAll("[data-end]")) {
    end.onmouseenter = () => light(page, end.dataset.end);
    end.onmouseleave = () => light(page, null);
    end.addEventListener("focusin", (event) => { event.stopPropagation(); light(page, end.dataset.end); });
    end.addEventListener("focusout", () => light(page, null));
  }
}

function head(box, report) {
  const made = element("div", "box-head");
  const titles = element("div", "titles");
  titles.append(element("span", "word", box.word));
  const title = element(box.walks ? "button" : "span", "title", box.title);
  title.title = box.title;
  if (box.walks) {
    title.type = "button";
    title.dataset.mark = "walk " + box.id;
    title.onclick = () => report("walk", box.id);
  }
  titles.append(title);
  made.append(titles);
  if (box.count) {
    const twist = element("button", "twist", String(box.count));
    twist.type = "button";
    twist.dataset.mark = "toggle " + box.id;
    twist.setAttribute("aria-expanded", String(box.open));
    twist.setAttribute("aria-label", box.tables > 1 ? `Show each of the ${box.count} sources of ${box.title}` : `${box.open ? "Hide" : "List"} the ${box.count} of ${box.title}`);
    twist.onclick = () => report("toggle", box.id);
    made.append(twist);
  }
  return made;
}

function rowOf(row, report) {
  const made = element("button", `row${row.focus ? " focus" : ""}`);
  made.type = "button";
  made.dataset.end = row.id;
  made.dataset.mark = "walk " + row.id;
  made.title = row.about && row.about !== row.name ? `${row.name}: ${row.about}` : row.name;
  if (row.focus) made.setAttribute("aria-current", "true");
  made.append(element("span", "name", row.name));
  made.onclick = () => report("walk", row.id);
  return made;
}

function drawLines(page, data) {
  const paths = data.lines.map((line) => {
    const made = document.createElementNS(SVG, "path");
    made.setAttribute("d", curve(line.from, line.to));
    made.setAttribute("class", line.direct ? "" : "decides");
    made.dataset.source = line.source;
    made.dataset.target = line.target;
    const told = document.createElementNS(SVG, "title");
    told.textContent = line.told.join("\n");
    made.append(told);
    return made;
  });
  page.querySelector("svg").replaceChildren(...paths);
}

/* From a right side to a left side; within a layer the line swings out and back. */
function curve([x1, y1], [x2, y2]) {
  if (x2 > x1) {
    const bend = Math.min(120, (x2 - x1) / 2);
    return `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
  }
  const back = x2 + 214;
  return `M${x1},${y1} C${x1 + 46},${y1} ${back + 46},${y2} ${back},${y2}`;
}

function light(page, end) {
  const svg = page.querySelector("svg");
  const inside = end && ends(page, end);
  let any = false;
  for (const path of svg.children) {
    const lit = Boolean(inside && (inside.has(path.dataset.source) || inside.has(path.dataset.target)));
    path.classList.toggle("lit", lit);
    any ||= lit;
  }
  svg.classList.toggle("lighting", any);
}

/* A box lights the lines of its rows too. */
function ends(page, end) {
  const found = new Set([end]);
  const box = [...page.querySelectorAll(".box")].find((each) => each.dataset.end === end);
  for (const row of box?.querySelectorAll(".row") ?? []) found.add(row.dataset.end);
  return found;
}

function drawDetails(place, details, report) {
  const parts = [element("span", "kind", details.word), element("h2", "", details.label || details.name)];
  if (details.label) parts.push(element("span", "kind", details.name));
  if (details.about) parts.push(element("p", "about", details.about));
  const facts = element("dl");
  for (const [name, text] of details.facts) {
    const value = element("dd");
    if (name === "Table" && details.table) {
      value.append(walker(details.table, text, report));
    } else {
      value.textContent = text;
    }
    facts.append(element("dt", "", name), value);
  }
  parts.push(facts);
  for (const list of details.lists) {
    if (!list.entries.length) continue;
    const title = element("h3", "", list.name + " ");
    title.append(element("span", "", String(list.entries.length + list.more)));
    const items = element("ul");
    for (const entry of list.entries) items.append(item(entry, report));
    if (list.more) items.append(element("li", "place", `and ${list.more} more`));
    parts.push(title, items);
  }
  place.replaceChildren(...parts);
}

function item(entry, report) {
  const made = element("li");
  made.append(walker(entry.id, entry.name, report));
  for (const [how, rule, where] of entry.told) {
    const told = element("span", "told");
    told.append(element("b", "", how), document.createTextNode(rule ? `: ${rule} ` : " "));
    if (where) told.append(element("span", "place", where));
    made.append(told);
  }
  return made;
}

function walker(id, name, report) {
  const made = element("button", "walk", name);
  made.type = "button";
  made.onclick = () => report("walk", id);
  return made;
}

function firstZoom(frame, data) {
  return Math.max(0.8, Math.min(1, fitting(frame, data)));
}

function fitting(frame, data) {
  return Math.min(frame.clientWidth / data.width, frame.clientHeight / data.height, 1);
}

function zoom(page, data, factor) {
  const canvas = page.querySelector(".canvas");
  const kept = Math.max(LEAST, Math.min(MOST, factor));
  page.dataset.zoom = String(kept);
  canvas.style.width = data.width * kept + "px";
  canvas.style.height = data.height * kept + "px";
  for (const each of canvas.children) {
    each.style.width = data.width + "px";
    each.style.height = data.height + "px";
    each.style.transform = `scale(${kept})`;
    each.style.transformOrigin = "0 0";
  }
}

function onZoom(page, data, how) {
  const frame = page.querySelector(".frame");
  const before = Number(page.dataset.zoom);
  const middle = [frame.scrollLeft + frame.clientWidth / 2, frame.scrollTop + frame.clientHeight / 2];
  const after = how === "fit" ? fitting(frame, data) : how === "in" ? before * STEP : before / STEP;
  zoom(page, data, after);
  const factor = Number(page.dataset.zoom) / before;
  frame.scrollLeft = middle[0] * factor - frame.clientWidth / 2;
  frame.scrollTop = middle[1] * factor - frame.clientHeight / 2;
}

function bringIntoView(page, data) {
  const frame = page.querySelector(".frame");
  const factor = Number(page.dataset.zoom);
  for (const box of data.boxes) {
    const place = box.focus ? 0 : box.rows.findIndex((row) => row.focus);
    if (place < 0) continue;
    frame.scrollLeft = (box.x + 107) * factor - frame.clientWidth / 2;
    frame.scrollTop = (box.y + 46 + place * 26) * factor - frame.clientHeight / 2;
    return;
  }
}

/* Up and down go from row to row; left and right follow a line. */
function onKey(event, page, data) {
  const here = event.target.closest(".box [data-mark]");
  if (!here) return;
  const end = here.closest("[data-end]").dataset.end;
  const all = [...here.closest(".box").querySelectorAll("button.title, .row")];
  const go = (to) => to?.focus();
  const along = (from, to) => {
    const line = data.lines.find((each) => each[from] === end);
    const found = line && [...page.querySelectorAll("[data-end]")].find((each) => each.dataset.end === line[to]);
    return found?.matches("button") ? found : found?.querySelector("button");
  };
  if (event.key === "ArrowDown") go(all[all.indexOf(here) + 1]);
  else if (event.key === "ArrowUp") go(all[all.indexOf(here) - 1]);
  else if (event.key === "ArrowRight") go(along("source", "target"));
  else if (event.key === "ArrowLeft") go(along("target", "source"));
  else return;
  event.preventDefault();
}

/* The sheet follows the mouse where it is empty; a finger scrolls anyway. */
function pullable(frame) {
  frame.onpointerdown = (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0 || event.target.closest(".box")) return;
    const from = [event.clientX + frame.scrollLeft, event.clientY + frame.scrollTop];
    frame.classList.add("pulled");
    frame.setPointerCapture(event.pointerId);
    frame.onpointermove = (moved) => {
      frame.scrollLeft = from[0] - moved.clientX;
      frame.scrollTop = from[1] - moved.clientY;
    };
    frame.onpointerup = frame.onpointercancel = () => {
      frame.classList.remove("pulled");
      frame.onpointermove = null;
    };
  };
}

function focusedMark(parent) {
  const root = parent.getRootNode();
  const active = (parent.activeElement !== undefined ? parent : root).activeElement;
  return active?.dataset?.mark;
}

function restoreFocus(page, mark) {
  if (!mark) return;
  for (const button of page.querySelectorAll("button[data-mark]")) {
    if (button.dataset.mark === mark) return button.focus({ preventScroll: true });
  }
}
