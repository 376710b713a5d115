// form[data-dirty-form]: leaving the page with changes that were not sent asks first.
// The server sets data-dirty-form="unsent" on a form that it gives back with what was typed (422, 409). A form that is saved by
// itself (autosave.js) is unsent only while that fails.
(() => {
  const dirty = new WeakSet();
  const guarded = (node) => node.closest?.("form[data-dirty-form]:not([data-autosave])");

  document.addEventListener("input", (event) => {
    const form = guarded(event.target);
    if (form) dirty.add(form);
  });

  document.addEventListener("submit", (event) => {
    dirty.delete(event.target);
    if (event.target.dataset.dirtyForm === "unsent") event.target.dataset.dirtyForm = "";
  });

  // what did not arrive, or was refused, is still unsent
  for (const failure of ["htmx:error", "htmx:response:error"]) {
    document.addEventListener(failure, (event) => {
      const form = guarded(event.target);
      if (form) dirty.add(form);
    });
  }

  addEventListener("beforeunload", (event) => {
    const unsent = [...document.querySelectorAll("form[data-dirty-form]")]
      .some((form) => dirty.has(form) || form.dataset.dirtyForm === "unsent");
    if (unsent) event.preventDefault();
  });
})();
