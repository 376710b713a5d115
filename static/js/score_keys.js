// In the number of a [data-score] row, Page Up and Down go by ten, and Enter leaves it for what must still be ticked,
// or for the panel: Enter there would save, which is a decision.
(() => {
  const BY = { PageUp: 10, PageDown: -10 };

  function change(field, by) {
    const value = Number(field.value) + by;
    field.value = Math.min(Math.max(value, Number(field.min)), Number(field.max));
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("[data-score] [type=number]");
    if (!field || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (BY[event.key]) change(field, BY[event.key]);
    else if (event.key === "Enter") (field.form.querySelector("[data-required]:not(:checked)") ?? field.closest("[tabindex='-1']")).focus();
    else return;
    event.preventDefault();
  });
})();
