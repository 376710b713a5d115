// [data-select-row]: `x` ticks the row with the focus, Shift-click all between two; [data-select-all] ticks the page,
// and names the key unless it is switched off. How many are ticked stands in [data-selected] and is read out.
(() => {
  const find = (name) => [...document.querySelectorAll(`[data-select${name}]`)];
  let last;

  function count(aloud) {
    const boxes = find("-row");
    const ticked = boxes.filter((box) => box.checked).length;
    for (const head of find("-all")) {
      head.checked = ticked > 0 && ticked === boxes.length;
      head.indeterminate = ticked > 0 && !head.checked;
    }
    for (const place of find("ed")) {
      place.textContent = ticked;
      if (aloud) document.getElementById("live").textContent = place.parentNode.textContent;
    }
  }

  document.addEventListener("click", ({ target, shiftKey }) => {
    if (!target.matches("[data-select-row], [data-select-all]")) return;
    const boxes = find("-row");
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(target)].sort((one, other) => one - other);
    const some = to < 0 || !boxes.includes(target) ? boxes : shiftKey && from >= 0 ? boxes.slice(from, to + 1) : [];
    for (const box of some) box.checked = target.checked;
    last = target;
    count(true);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog")) return;
    const row = document.querySelector("tr[aria-current=true]") ?? event.target.closest("tr");
    if (find("-all=x")[0]) row?.querySelector("[data-select-row]")?.click();
  });

  addEventListener("pageshow", () => count());
  document.addEventListener("htmx:after:swap", () => count());
})();
