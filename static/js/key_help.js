// [data-key-help] opens #key-help with the keys that this page bears, read from the page itself.
(() => {
  function words(node) {
    const label = node.labels?.[0] ?? node;
    const text = label.cloneNode(true);
    text.querySelectorAll("kbd").forEach((key) => key.remove());
    return node.dataset.keyLabel ?? node.ariaLabel ?? text.textContent;
  }

  const name = (keys, control) => keys.replace(/^(\w)(\w)$/, "$1 $2").replaceAll("Control+", `${control}\u00a0`).replaceAll(" ", "  ");

  function lines({ control, rows }) {
    const borne = [...document.querySelectorAll("[data-key]")].filter((node) => node.checkVisibility());
    const found = borne.map((node) => [name(node.dataset.key, control), words(node)]);
    if (document.querySelector("[data-row-keys] tbody th a")) found.push(["j  k", rows]);
    return found.flatMap((line) => line.map((text, column) => {
      return Object.assign(document.createElement(column ? "dd" : "dt"), { textContent: text.trim() });
    }));
  }

  document.addEventListener("click", (event) => {
    const dialog = document.getElementById("key-help");
    const list = dialog?.querySelector("dl");
    const found = event.target.closest("[data-key-help]") && !event.ctrlKey && !event.metaKey ? lines(list.dataset) : [];
    if (!found.length) return;
    event.preventDefault();
    list.replaceChildren(...found);
    dialog.showModal();
  });
})();
