/* Before anything is drawn: the choice of light or dark that was made here before. */
(() => {
  const root = document.documentElement;
  let kept = null;
  try { kept = localStorage.getItem("rapport-dictionary-theme"); } catch { /* not allowed here */ }
  if (kept === "light" || kept === "dark") root.dataset.theme = kept;
  addEventListener("DOMContentLoaded", () => {
    // Beside the page there is room for the contents; on a phone they wait to be opened.
    const contents = document.getElementById("contents");
    const roomy = matchMedia("(min-width: 60.01rem)");
    const settle = () => { contents.open = roomy.matches; };
    settle();
    roomy.addEventListener("change", settle);
    const button = document.getElementById("theme");
    button.hidden = false;
    button.addEventListener("click", () => {
      const dark = root.dataset.theme
        ? root.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      try { localStorage.setItem("rapport-dictionary-theme", root.dataset.theme); } catch { /* fine */ }
    });
  });
})();
