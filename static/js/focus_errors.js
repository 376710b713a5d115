// After a load or a swap: the focus goes to [data-autofocus] (the error summary), and every new
// [data-announce] text is read out through #live, which stays on the page for good.
(() => {
  const told = new WeakSet();

  const words = (node) => [...node.childNodes]
    .filter((child) => child.ariaHidden !== "true")
    .map((child) => child.textContent.trim())
    .join(" ").trim();

  function announce() {
    const live = document.getElementById("live");
    if (!live) return;
    const fresh = [...document.querySelectorAll("[data-announce]")].filter((node) => !told.has(node));
    if (!fresh.length) return;
    fresh.forEach((node) => told.add(node));
    const text = fresh.map(words).join(" ");
    // emptied first and filled later: the same sentence twice must be read twice
    live.textContent = "";
    setTimeout(() => { live.textContent = text; }, 100);
  }

  function focusErrors() {
    const summary = document.querySelector("[data-autofocus]");
    if (!summary || told.has(summary)) return;
    told.add(summary);
    summary.focus();
  }

  function settle() {
    focusErrors();
    announce();
  }

  settle();
  document.addEventListener("htmx:after:swap", settle);
})();
