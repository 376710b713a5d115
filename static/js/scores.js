// A [data-score] row: the range mirrors the number; it tells whether it was changed, how far it is from the imported score and
// whether it is under the floor. [data-overall] is the mean of all, [data-under-names] those that an approval would be refused for.
// Page Up and Down go by ten. Enter goes on to what must still be ticked: it would save, and that is a decision.
(() => {
  const valueOf = (row) => row.querySelector("[type=number]").valueAsNumber;
  const isUnder = (row) => valueOf(row) < Number(row.dataset.least);

  function changed(imported, value) {
    const change = value - Number(imported);
    if (imported === "" || !change) return "";
    return change > 0 ? `+${change}` : `−${-change}`;
  }

  function show(row) {
    row.classList.toggle("changed", row.querySelector("[type=number]").value !== row.dataset.stored);
    row.querySelector("[data-change]").textContent = changed(row.dataset.imported, valueOf(row));
    row.querySelector("[data-floor]")?.toggleAttribute("hidden", isUnder(row));
    row.querySelector("[data-under]")?.toggleAttribute("hidden", !isUnder(row));
  }

  function showAll() {
    const rows = [...document.querySelectorAll("[data-score]")];
    const overall = document.querySelector("[data-overall]");
    rows.forEach(show);
    if (!overall) return;
    const mean = rows.reduce((sum, row) => sum + valueOf(row), 0) / rows.length;
    overall.textContent = Number.isNaN(mean) ? "–" : mean.toLocaleString(document.documentElement.lang);
    document.querySelector("[data-under-all]").hidden = !rows.some(isUnder);
    document.querySelector("[data-under-names]").textContent = rows.filter(isUnder).map((row) => row.dataset.score).join(", ");
  }

  document.addEventListener("input", ({ target }) => {
    const row = target.closest("[data-score]");
    if (!row) return;
    const [number, range] = ["number", "range"].map((type) => row.querySelector(`[type=${type}]`));
    if (target === range) number.value = range.value;
    else range.value = number.value || 0;
    showAll();
  });

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("[data-score] [type=number]");
    const by = { PageUp: 10, PageDown: -10, Enter: 0 }[event.key];
    if (!field || by === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (by) {
      field.value = Math.min(Math.max(Number(field.value) + by, 0), 100);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    } else (field.form.querySelector("[data-required]:not(:checked)") ?? field.closest("[tabindex='-1']")).focus();
  });

  addEventListener("DOMContentLoaded", showAll);
  document.addEventListener("htmx:after:swap", showAll);
})();
