// [data-key-help] opens a dialog (#key-help) with the keys that this page bears, read from the page itself.
(() => {
  const NAMES = { "Control+": "Ctrl ", gq: "g q", gs: "g s" };

  const name = (keys) => keys.split(" ").map((key) => NAMES[key] ?? key.replace("Control+", NAMES["Control+"])).join(", ");

  function words(node) {
    const said = node.dataset.keyLabel ?? node.ariaLabel ?? node.labels?.[0]?.textContent ?? node.textContent;
    const printed = [...(node.labels?.[0] ?? node).querySelectorAll("kbd")].map((key) => key.textContent);
    const plain = printed.reduce((text, key) => (text.trim().endsWith(key) ? text.trim().slice(0, -key.length) : text), said);
    return plain.trim().replace(/\s+/g, " ");
  }

  function line(keys, text) {
    const [row, key, what] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
    key.append(Object.assign(document.createElement("kbd"), { textContent: keys }));
    what.textContent = text;
    row.append(key, what);
    return row;
  }

  function lines() {
    const borne = [...document.querySelectorAll("[data-key]")].filter((node) => node.checkVisibility());
    const found = borne.map((node) => line(name(node.dataset.key), words(node)));
    if (document.querySelector("[data-row-keys] tbody th a")) found.push(line("j, k", "Next row, previous row"));
    return found;
  }

  document.addEventListener("click", (event) => {
    const dialog = document.getElementById("key-help");
    if (!dialog || event.ctrlKey || event.metaKey || !event.target.closest("[data-key-help]")) return;
    const found = lines();
    if (!found.length) return;
    event.preventDefault();
    dialog.querySelector("[data-keys-here]").replaceChildren(...found);
    dialog.showModal();
  });
})();
