// Back from an article the list shows the row that was opened, with the focus on its title.
// A list says so by data-return-to-row; each of its rows has an id. The browser's tab remembers, nobody else.
(() => {
  const KEY = "row-opened";
  const list = () => document.querySelector("[data-return-to-row]");
  const here = () => location.pathname + location.search;

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-return-to-row] tr[id] a");
    if (!link) return;
    const opened = { list: here(), row: link.closest("tr").id, from: scrollY };
    sessionStorage.setItem(KEY, JSON.stringify(opened));
  });

  addEventListener("pageshow", () => {
    const opened = JSON.parse(sessionStorage.getItem(KEY) || "null");
    if (!list() || opened?.list !== here()) return;
    sessionStorage.removeItem(KEY);
    const row = document.getElementById(opened.row);
    scrollTo({ top: opened.from, behavior: "instant" });
    row?.querySelector("a")?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest", behavior: "instant" });
  });
})();
