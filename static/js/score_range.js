// A range mirrors the number of its [data-score] row, and the row tells whether it was changed, how far it is from the imported
// score, and whether it is under the floor. Listens on the document, so rows that htmx swaps in need nothing.
(() => {
  function changed(imported, value) {
    if (imported === "" || Number.isNaN(value) || value === Number(imported)) return "";
    const change = value - Number(imported);
    return change > 0 ? `+${change}` : `−${-change}`;
  }

  function show(row) {
    const number = row.querySelector("[type=number]");
    const value = number.valueAsNumber;
    row.classList.toggle("changed", number.value !== row.dataset.stored);
    row.querySelector("[data-change]").textContent = changed(row.dataset.imported, value);
    const under = value < Number(row.dataset.least);
    row.querySelector("[data-floor]")?.toggleAttribute("hidden", under);
    row.querySelector("[data-under]")?.toggleAttribute("hidden", !under);
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
