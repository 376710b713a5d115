// [data-key="a Control+Enter"]: each of these keys presses what bears them, or puts the cursor into it if it is a field.
// Two letters ("gq") are pressed one after the other. [data-key-opens="id"] hears "key:opens" instead of being pressed.
// Nothing happens while somebody types, with other keys held down, in an open dialog, or while a key is kept down.
(() => {
  const TYPING = "input:not([type=checkbox], [type=radio], [type=range]), select, textarea, [contenteditable]:not([contenteditable=false])";
  const PRESSED = "a, button, summary, input[type=checkbox]";
  const SECOND_KEY_MS = 1500;
  let first = "";
  let forget;

  const isTyping = (node) => Boolean(node?.closest?.(TYPING));

  function bearer(key) {
    const all = [...document.querySelectorAll(`[data-key~="${CSS.escape(key)}"]`)].filter((node) => node.checkVisibility());
    return all.find((node) => node.closest("main")) ?? all[0];
  }

  function act(node) {
    const opens = node.dataset.keyOpens;
    if (opens) node.dispatchEvent(new CustomEvent("key:opens", { bubbles: true, detail: opens }));
    else if (node.matches(PRESSED)) node.click();
    else {
      const field = node.matches("fieldset") ? node.querySelector("input:not(:checked)") ?? node.querySelector("input") : node;
      field?.focus();
      field?.select?.();
    }
  }

  // Enter belongs to whatever has the focus; it is a key of the page only while nothing has.
  const idle = (node) => node === document.body || node.matches("[tabindex='-1']");

  function wanted(event) {
    if (event.ctrlKey || event.metaKey) return bearer(`Control+${event.key}`);
    if (isTyping(event.target)) return undefined;
    if (event.key === "Enter" && !idle(event.target)) return undefined;
    const node = bearer(first + event.key) ?? bearer(event.key);
    clearTimeout(forget);
    first = first === "" && document.querySelector(`[data-key^="${CSS.escape(event.key)}"]`) ? event.key : "";
    forget = setTimeout(() => { first = ""; }, SECOND_KEY_MS);
    return node;
  }

  function leave(event) {
    const field = event.target;
    if (!isTyping(field) || (field.type === "search" && field.value)) return;
    field.closest("[tabindex='-1']")?.focus({ preventScroll: true });
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey || event.repeat) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") { leave(event); return; }
    const node = wanted(event);
    if (!node) return;
    event.preventDefault();
    first = "";
    act(node);
  });
})();
