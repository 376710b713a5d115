// [data-key-help] opens #key-help with the keys that this page bears, read from the page itself.
(() => {
  function words(node) {
    const label = node.labels?.[0] ?? node;
    const text = label.cloneNode(true);
    text.querySelectorAll("kbd").forEach((key) => key.remove());
    return node.dataset.keyLabel ?? node.ariaLabel ?? text.textContent;
  }

  const name = (keys) => keys.replace(/^(\w)(\w)$/, "$1 $2").replaceAll("Control+", "Ctrl\u00a0").replaceAll(" ", "  ");

  function lines() {
    const borne = [...document.querySelectorAll("[data-key]")].filter((node) => node.checkVisibility());
    const found = borne.map((node) => [name(node.dataset.key), words(node)]);
    if (document.querySelector("[data-row-keys] tbody th a")) found.push(["j  k", "Next row, previous row"]);
    return found.flatMap((line) => line.map((text, column) => {
      return Object.assign(document.createElement(column ? "dd" : "dt"), { textContent: text.trim() });
    }));
  }

  document.addEventListener("click", (event) => {
    const dialog = document.getElementById("key-help");
    const found = event.target.closest("[data-key-help]") && !event.ctrlKey && !event.metaKey ? lines() : [];
    if (!found.length) return;
    event.preventDefault();
    dialog.querySelector("dl").replaceChildren(...found);
    dialog.showModal();
  });
})();
