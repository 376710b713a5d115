// [data-key-opens="id"]: its key decides nothing. It puts the cursor into the note and shows, of [data-reasons], the button that confirms.
(() => {
  const show = (id) => document.querySelectorAll("[data-reasons] > *").forEach((reason) => { reason.hidden = reason.id !== id; });

  document.addEventListener("key:opens", ({ target }) => {
    show(target.dataset.keyOpens);
    document.getElementById("note").focus();
  });

  // Esc gives it up; what was typed stays
  document.addEventListener("keydown", ({ key, target }) => {
    if (key === "Escape" && target.id === "note") show();
  });
})();
