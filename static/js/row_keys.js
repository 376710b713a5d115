// [data-row-keys]: moves through the rows of its table, each of which has a link in its heading cell. The row that has the focus
// says so (aria-current).
(() => {
  const rowOf = (node) => node?.closest?.("[data-row-keys] tbody tr");
  const linkOf = (row) => row?.querySelector("th a");

  document.addEventListener("key:row", ({ detail: step }) => {
    const rows = [...document.querySelectorAll("[data-row-keys] tbody tr")].filter(linkOf);
    const here = rows.indexOf(rowOf(document.activeElement) ?? document.querySelector("tr[aria-current]"));
    linkOf(rows[here < 0 ? 0 : Math.min(Math.max(here + step, 0), rows.length - 1)])?.focus();
  });

  document.addEventListener("focusin", ({ target }) => {
    const row = rowOf(target);
    if (!row) return;
    document.querySelectorAll("tr[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
    row.setAttribute("aria-current", "true");
  });
})();
