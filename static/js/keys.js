// [data-key="a Control+Enter"]: each of these keys presses what bears them, or puts the cursor into it. Two letters ("gq") come
// one after the other. [data-key-opens] hears "key:opens" instead. j and k move along the rows of [data-row-keys].
// Never while somebody types, with other keys held down, in an open dialog, or (j and k apart) while a key is kept down.
(() => {
  const TYPING = "input:not([type=checkbox], [type=radio], [type=range]), select, textarea, [contenteditable]:not([contenteditable=false])";
  let first = "";
  let forget;

  const isTyping = (node) => Boolean(node.closest?.(TYPING));

  function bearer(key) {
    const all = [...document.querySelectorAll(`[data-key~="${CSS.escape(key)}"]`)].filter((node) => node.checkVisibility());
    return all.find((node) => node.closest("main")) ?? all[0];
  }

  function act(node) {
    if (node.dataset.keyOpens) node.dispatchEvent(new CustomEvent("key:opens", { bubbles: true }));
    else if (node.matches("a, button, summary")) node.click();
    else {
      const field = node.matches("fieldset") ? node.querySelector("input:not(:checked)") ?? node.querySelector("input") : node;
      field?.focus();
      field?.select?.();
    }
  }

  // Enter belongs to whatever has the focus; it is a key of the page only while nothing has.
  const isTaken = (event) => event.key === "Enter" && event.target !== document.body && !event.target.matches("[tabindex='-1']");

  function wanted(event) {
    if (event.ctrlKey || event.metaKey) return bearer(`Control+${event.key}`);
    if (isTyping(event.target) || isTaken(event)) return undefined;
    const node = bearer(first + event.key) ?? bearer(event.key);
    clearTimeout(forget);
    first = first ? "" : event.key;
    forget = setTimeout(() => { first = ""; }, 1500);
    return node;
  }

  // Esc gives the keys back to the page; in a search it clears first
  function leave(field) {
    if (isTyping(field) && !(field.type === "search" && field.value)) field.closest("[tabindex='-1']")?.focus({ preventScroll: true });
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey || document.querySelector("dialog[open]")) return;
    const step = { j: 1, k: -1 }[event.key];
    if (step && !isTyping(event.target) && !event.ctrlKey && !event.metaKey) {
      document.dispatchEvent(new CustomEvent("key:row", { detail: step }));
    } else if (event.repeat) return;
    else if (event.key === "Escape") leave(event.target);
    else {
      const node = wanted(event);
      if (!node) return;
      event.preventDefault();
      first = "";
      act(node);
    }
  });
})();
