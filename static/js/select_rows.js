// [data-select-row]: `x` ticks the row with the focus, Shift-click all between two; [data-select-all] ticks the page.
// The key is off where [data-select-all] does not name it. How many are ticked stands in [data-selected] and is read out through #live.
(() => {
  const all = (name) => [...document.querySelectorAll(`[data-select-${name}]`)];
  let last;

  function count(aloud) {
    const boxes = all("row");
    const ticked = boxes.filter((box) => box.checked).length;
    for (const head of all("all")) {
      head.checked = ticked > 0 && ticked === boxes.length;
      head.indeterminate = ticked > 0 && !head.checked;
    }
    for (const place of document.querySelectorAll("[data-selected]")) {
      place.textContent = ticked;
      if (aloud) document.getElementById("live").textContent = place.parentNode.textContent;
    }
  }

  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!box.matches?.("[data-select-row], [data-select-all]")) return;
    const boxes = all("row");
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((one, other) => one - other);
    if (to < 0) boxes.forEach((one) => { one.checked = box.checked; });
    else if (event.shiftKey && from >= 0) boxes.slice(from, to + 1).forEach((one) => { one.checked = box.checked; });
    last = box;
    count(true);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    if (!document.querySelector("[data-select-all=x]") || document.querySelector("dialog[open]")) return;
    const row = document.querySelector('tr[aria-current="true"]') ?? event.target.closest("tr");
    row?.querySelector("[data-select-row]")?.click();
  });

  addEventListener("pageshow", () => count(false));
  document.addEventListener("htmx:after:swap", () => count(false));
})();
