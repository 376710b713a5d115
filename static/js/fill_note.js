// select[data-fill-note="id"]: the chosen text goes into that field in place of the one before; Enter goes on to it.
document.addEventListener("change", ({ target }) => {
  const note = document.getElementById(target.dataset.fillNote);
  if (!note) return;
  const filled = target.form.elements.reason_filled;
  const before = [...target.options].find((option) => option.value && option.value === filled.value)?.dataset.text;
  const text = target.selectedOptions[0].dataset.text ?? "";
  note.value = before && note.value.includes(before)
    ? note.value.replace(before, () => text)
    : `${text}\n\n${note.value}`.trim();
  filled.value = target.value;
  note.dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("keydown", (event) => {
  const note = event.key === "Enter" && document.getElementById(event.target.dataset?.fillNote);
  if (!note) return;
  event.preventDefault();
  note.focus();
});
