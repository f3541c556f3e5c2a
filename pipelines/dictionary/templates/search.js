/* Search without a server: names.js holds [name, label, kind, address, said] of everything. */
(() => {
  const names = window.RAPPORT_NAMES || [];
  const box = document.getElementById("search");
  const list = document.getElementById("found");
  const most = 40;
  let chosen = -1;

  const folded = (text) => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
  const prepared = names.map(([name, label, kind, address, said]) => ({
    name, label, kind, address, said,
    key: folded(name), own: folded(name.split(".").pop()), all: folded(`${name} ${label} ${kind} ${said}`),
  }));

  /* Lower is better; null where a word is missing altogether. */
  const rank = (entry, words, asked) => {
    if (!words.every((word) => entry.all.includes(word))) return null;
    const label = folded(entry.label);
    if (entry.own === asked || entry.key === asked || label === asked) return 0;
    if (entry.own.startsWith(asked) || label.startsWith(asked)) return 1;
    if (words.every((word) => entry.key.includes(word) || label.includes(word))) return 2;
    return 3;
  };

  const search = () => {
    const asked = folded(box.value.trim());
    chosen = -1;
    list.replaceChildren();
    list.hidden = !asked;
    box.setAttribute("aria-expanded", String(!list.hidden));
    box.removeAttribute("aria-activedescendant");
    if (!asked) return;
    const words = asked.split(/\s+/);
    const found = [];
    for (const entry of prepared) {
      const place = rank(entry, words, asked);
      if (place !== null) found.push([place, entry]);
    }
    found.sort((a, b) => a[0] - b[0]);
    for (const [, entry] of found.slice(0, most)) list.append(line(entry));
    if (!found.length) list.append(note("Nothing is called that."));
    if (found.length > most) list.append(note(`and ${found.length - most} more; add a word`));
  };

  const element = (kind, text, style) => {
    const made = document.createElement(kind);
    made.textContent = text;
    if (style) made.className = style;
    return made;
  };
  const note = (text) => element("li", text, "none");
  const line = (entry) => {
    const item = document.createElement("li");
    item.id = `found-${list.children.length}`;
    item.setAttribute("role", "option");
    const link = document.createElement("a");
    link.href = entry.address;
    link.tabIndex = -1;
    link.append(element("b", entry.name), element("span", entry.kind, "kind"));
    const said = [entry.label, entry.said].filter(Boolean).join(". ");
    if (said) link.append(element("span", said, "said"));
    item.append(link);
    return item;
  };

  const choose = (step) => {
    const items = [...list.querySelectorAll("[role=option]")];
    if (!items.length) return;
    items[chosen]?.setAttribute("aria-selected", "false");
    chosen = (chosen + step + items.length) % items.length;
    items[chosen].setAttribute("aria-selected", "true");
    items[chosen].scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", items[chosen].id);
  };
  const close = () => { list.hidden = true; box.setAttribute("aria-expanded", "false"); };

  box.addEventListener("input", search);
  box.addEventListener("focus", search);
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { choose(1); event.preventDefault(); }
    else if (event.key === "ArrowUp") { choose(chosen < 0 ? 0 : -1); event.preventDefault(); }
    else if (event.key === "Escape") { box.value = ""; close(); box.blur(); }
    else if (event.key === "Enter") {
      const link = list.querySelectorAll("[role=option]")[Math.max(chosen, 0)]?.querySelector("a");
      if (link) { location.href = link.href; close(); }
    }
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".search") || event.target.closest("#found a")) close();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      box.focus();
      event.preventDefault();
    }
  });
})();
