// [data-undo="20"]: what can be taken back for so many seconds. The number counts down, and so does the bar where motion is welcome;
// afterwards [data-undo-after] leads back.
(() => {
  const ends = new WeakMap();
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  function show(form) {
    if (!ends.has(form)) ends.set(form, performance.now() + 1000 * form.dataset.undo);
    const left = (ends.get(form) - performance.now()) / 1000;
    const after = form.querySelector("[data-undo-after]");
    const [words, bar] = [form.querySelector("[data-undo-left]"), form.querySelector("progress")];
    words.textContent = Math.ceil(left);
    bar.value = left;
    bar.hidden = still.matches;
    if (left > 0) return;
    after.hidden = false;
    if (form.contains(document.activeElement)) after.focus();
    form.removeAttribute("data-undo");
    [bar, words.parentNode, form.querySelector("button")].forEach((gone) => gone.remove());
  }

  const showAll = () => document.querySelectorAll("[data-undo]").forEach(show);
  showAll();
  setInterval(showAll, 250);
  document.addEventListener("htmx:after:swap", showAll);
})();
