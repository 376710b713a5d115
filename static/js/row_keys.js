// [data-row-keys]: j and k move through the rows of its table, each of which has a link in its heading cell. The row that has the
// focus says so (aria-current). Coming back by Back, the row one left by is where one stands again.
(() => {
  const TYPING = "input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]:not([contenteditable=false])";
  const links = () => [...document.querySelectorAll("[data-row-keys] tbody th[scope=row] a:first-of-type")];
  const rowOf = (node) => node?.closest?.("[data-row-keys] tbody tr");

  function step(by) {
    const all = links();
    const here = rowOf(document.activeElement) ?? document.querySelector("[data-row-keys] tr[aria-current]");
    const now = all.findIndex((link) => rowOf(link) === here);
    const next = all[now < 0 ? 0 : Math.min(Math.max(now + by, 0), all.length - 1)];
    next?.focus();
    return next;
  }

  document.addEventListener("keydown", (event) => {
    const by = { j: 1, k: -1 }[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (event.target.closest?.(TYPING) || document.querySelector("dialog[open]")) return;
    if (step(by)) event.preventDefault();
  });

  document.addEventListener("focusin", (event) => {
    const row = rowOf(event.target);
    if (!row) return;
    document.querySelectorAll("[data-row-keys] tr[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
    row.setAttribute("aria-current", "true");
  });

  document.addEventListener("click", (event) => {
    const row = rowOf(event.target);
    if (row?.id && event.target.closest("a")) history.replaceState({ ...history.state, row: row.id }, "");
  });

  addEventListener("DOMContentLoaded", () => {
    const left = history.state?.row && document.getElementById(history.state.row);
    left?.querySelector("th a")?.focus({ preventScroll: true });
  });
})();
