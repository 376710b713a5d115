// [data-passages]: what is selected in it can be commented on. The button [data-comment-on="form"] comes to the selection, and
// it or Ctrl+Alt+M puts the passage, with what stands around it, into that form.
(() => {
  const AROUND = 60;
  const NOT_TEXT = "summary, .where, .remote-image";
  const button = () => document.querySelector("[data-comment-on]");

  function selected() {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    const box = document.querySelector("[data-passages]");
    return box?.contains(range.commonAncestorContainer) ? [range, box] : null;
  }

  function words(range) {
    const part = range.cloneContents();
    part.querySelectorAll(NOT_TEXT).forEach((node) => node.remove());
    return part.textContent;
  }

  function around(range, box) {
    const [before, after] = [range.cloneRange(), range.cloneRange()];
    before.collapse(true);
    before.setStart(box, 0);
    after.collapse(false);
    after.setEnd(box, box.childNodes.length);
    return [words(before).slice(-AROUND), words(after).slice(0, AROUND)];
  }

  function show() {
    const found = selected();
    const comment = button();
    if (!comment || document.activeElement === comment) return;
    comment.hidden = !found;
    if (!found) return;
    const { left, bottom } = found[0].getBoundingClientRect();
    comment.style.left = `${Math.max(8, Math.min(left, innerWidth - comment.offsetWidth - 8))}px`;
    comment.style.top = `${Math.min(bottom + 8, innerHeight - comment.offsetHeight - 8)}px`;
  }

  function fill() {
    const found = selected();
    const form = document.getElementById(button()?.dataset.commentOn);
    if (!found || !form) return;
    const { quote, prefix, suffix, text } = form.elements;
    quote.value = words(found[0]).trim();
    [prefix.value, suffix.value] = around(...found);
    quote.dispatchEvent(new Event("input", { bubbles: true }));
    form.querySelector("[data-passage]").open = true;
    text.focus();
    button().hidden = true;
  }

  document.addEventListener("selectionchange", show);
  addEventListener("scroll", show, { passive: true });
  // a press would end the selection before the click
  document.addEventListener("mousedown", (event) => event.target.closest("[data-comment-on]") && event.preventDefault());
  document.addEventListener("click", (event) => event.target.closest("[data-comment-on]") && fill());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.altKey && event.code === "KeyM" && selected()) {
      event.preventDefault();
      fill();
    }
  });
})();
