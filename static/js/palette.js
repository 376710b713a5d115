// [data-palette] opens #palette: a combobox whose list htmx fetches while one types. Arrows choose, Enter goes there, Esc closes.
(() => {
  const palette = () => document.getElementById("palette");
  const options = () => [...palette().querySelectorAll("[role=option]")];
  const input = () => palette().querySelector("[role=combobox]");

  function choose(option) {
    options().forEach((each) => each.setAttribute("aria-selected", String(each === option)));
    if (option) input().setAttribute("aria-activedescendant", option.id);
    else input().removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  function move(by) {
    const all = options();
    const now = all.findIndex((each) => each.ariaSelected === "true");
    if (all.length) choose(all[(now + by + all.length) % all.length]);
  }

  function go(option) {
    if (option) location.assign(option.dataset.href);
  }

  document.addEventListener("click", (event) => {
    if (!palette() || event.ctrlKey || event.metaKey) return;
    if (event.target.closest("[data-palette]")) {
      event.preventDefault();
      palette().showModal();
      input().select();
      choose(options()[0]);
    }
    go(event.target.closest("#palette [role=option]"));
  });

  document.addEventListener("keydown", (event) => {
    if (!palette()?.open || event.isComposing) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) move(by);
    else if (event.key === "Enter") go(options().find((each) => each.ariaSelected === "true"));
    else return;
    event.preventDefault();
  });

  document.addEventListener("htmx:after:swap", (event) => {
    if (!palette()?.open || !event.target.closest?.("#palette")) return;
    choose(options()[0]);
    palette().querySelector("[role=status]").textContent = `${options().length} found`;
  });
})();
