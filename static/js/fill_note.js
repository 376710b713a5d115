// select[data-fill-note="id"]: the text of the chosen option goes into that field, in place of the one chosen before; the field
// reason_filled tells the server that it is there. Enter goes on to the note.
(() => {
  const noteOf = (node) => node.matches?.("[data-fill-note]") && document.getElementById(node.dataset.fillNote);

  document.addEventListener("change", ({ target: select }) => {
    const note = noteOf(select);
    if (!note) return;
    const { reason_filled: filled } = select.form.elements;
    const before = select.querySelector(`option[value="${filled.value}"]`)?.dataset.text;
    const text = select.selectedOptions[0].dataset.text ?? "";
    note.value = before && note.value.includes(before)
      ? note.value.replace(before, () => text).trim()
      : [text, note.value.trim()].filter(Boolean).join("\n\n");
    filled.value = select.value;
    note.dispatchEvent(new Event("input", { bubbles: true }));
  });

  document.addEventListener("keydown", (event) => {
    const note = event.key === "Enter" && noteOf(event.target);
    if (!note) return;
    event.preventDefault();
    note.focus();
  });
})();
