// [data-palette] opens #palette: a combobox whose list htmx fetches while one types. Arrows choose, Enter goes there, Esc closes.
// Enter before the list of what was typed is there waits for it.
(() => {
  let hurried = false;
  const palette = () => document.getElementById("palette");
  const find = (selector) => [...palette().querySelectorAll(selector)];

  function choose(option) {
    find("[role=option]").forEach((each) => each.setAttribute("aria-selected", each === option));
    find("[role=combobox]")[0].setAttribute("aria-activedescendant", option?.id ?? "");
    option?.scrollIntoView({ block: "nearest" });
  }

  const go = (option) => option && location.assign(option.dataset.href);
  const chosen = () => find("[aria-selected=true]")[0];

  function move(by) {
    const all = find("[role=option]");
    choose(all.at((all.indexOf(chosen()) + by) % all.length));
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette]") && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      palette().showModal();
      find("[role=combobox]")[0].select();
      choose(find("[role=option]")[0]);
    }
    go(event.target.closest("#palette [role=option]"));
  });

  document.addEventListener("keydown", (event) => {
    if (!palette()?.open || event.isComposing) return;
    if (event.key === "Enter") {
      hurried = find("#found")[0].dataset.sought !== find("[role=combobox]")[0].value.trim();
      if (!hurried) go(chosen());
    } else if (/^Arrow(Up|Down)$/.test(event.key)) move(event.key === "ArrowUp" ? -1 : 1);
    else return;
    event.preventDefault();
  });

  document.addEventListener("htmx:after:swap", () => {
    if (!palette()?.open) return;
    choose(find("[role=option]")[0]);
    if (hurried) go(chosen());
    hurried = false;
    const [status] = find("[role=status]");
    status.textContent = status.dataset.found.replace("#", find("[role=option]").length);
  });
})();
