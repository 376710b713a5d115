// [data-undo="20"]: a decision that can be taken back for so many seconds. The number counts down, and the bar where motion is
// welcome; afterwards the history is what leads back.
(() => {
  const started = new WeakMap();
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  function show(form) {
    if (!started.has(form)) started.set(form, performance.now());
    const left = Number(form.dataset.undo) - (performance.now() - started.get(form)) / 1000;
    if (left <= 0) { end(form); return; }
    form.querySelector("[data-undo-left]").textContent = Math.ceil(left);
    const bar = form.querySelector("progress");
    bar.hidden = still.matches;
    bar.value = left;
  }

  function end(form) {
    delete form.dataset.undo;
    const focused = form.contains(document.activeElement);
    form.querySelectorAll("button, progress, [data-undo-left]").forEach((node) => (node.closest("span") ?? node).remove());
    const after = form.querySelector("[data-undo-after]");
    if (!after) return;
    after.hidden = false;
    if (focused) after.focus();
  }

  const showAll = () => document.querySelectorAll("form[data-undo]").forEach(show);
  showAll();
  setInterval(showAll, 250);
  document.addEventListener("htmx:after:swap", showAll);
})();
