// A range mirrors the number of its [data-score] row, and the row tells how far it is from the imported score
// and whether it is under the floor. Listens on the document, so rows that htmx swaps in need nothing.
(() => {
  function changed(imported, value) {
    if (imported === "" || Number.isNaN(value) || value === Number(imported)) return "";
    const change = value - Number(imported);
    return change > 0 ? `+${change}` : `−${-change}`;
  }

  function show(row) {
    const value = row.querySelector("[type=number]").valueAsNumber;
    row.querySelector("[data-change]").textContent = changed(row.dataset.imported, value);
    row.querySelector("[data-floor]")?.classList.toggle("below", value < Number(row.dataset.least));
  }

  function mirror(row, source) {
    const number = row.querySelector("[type=number]");
    const range = row.querySelector("[type=range]");
    if (source === range) number.value = range.value;
    else range.value = number.value || 0;
    show(row);
  }

  document.addEventListener("input", (event) => {
    const row = event.target.closest("[data-score]");
    if (row) mirror(row, event.target);
  });

  const showAll = () => document.querySelectorAll("[data-score]").forEach(show);
  showAll();
  document.addEventListener("htmx:after:swap", showAll);
})();
