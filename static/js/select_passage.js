// [data-passages]: a button [data-comment-on="form"] comes to what is selected in it; it, or Ctrl+Alt+M, puts the passage into the form.
(() => {
  const comment = () => document.querySelector("[data-comment-on]");

  function selected() {
    const selection = getSelection();
    const range = !selection.isCollapsed && selection.getRangeAt(0);
    const box = document.querySelector("[data-passages]");
    return range && box?.contains(range.commonAncestorContainer) ? [range, box] : [];
  }

  // what the desk has put into the text is none of it
  function words(range) {
    const part = range.cloneContents();
    part.querySelectorAll("summary, .where, .remote-image").forEach((node) => node.remove());
    return part.textContent;
  }

  function show() {
    const [button, [range]] = [comment(), selected()];
    if (!button) return;
    button.hidden = !range;
    if (!range) return;
    const { left, bottom } = range.getBoundingClientRect();
    button.style.left = `min(${Math.max(left, 8)}px, 100vw - 13rem)`;
    button.style.top = `min(${bottom + 8}px, 100vh - 3rem)`;
  }

  function fill() {
    const [range, box] = selected();
    const form = range && document.getElementById(comment()?.dataset.commentOn);
    if (!form) return;
    const { quote, prefix, suffix, text } = form.elements;
    const around = document.createRange();
    around.selectNodeContents(box);
    around.setEnd(range.startContainer, range.startOffset);
    prefix.value = words(around).slice(-60);
    around.selectNodeContents(box);
    around.setStart(range.endContainer, range.endOffset);
    suffix.value = words(around).slice(0, 60);
    quote.value = words(range).trim();
    form.querySelector("details").open = true;
    text.focus();
    comment().hidden = true;
  }

  const pressed = (event) => event.target.closest?.("[data-comment-on]");
  document.addEventListener("selectionchange", show);
  addEventListener("scroll", show);
  // a press would end the selection before the click
  document.addEventListener("mousedown", (event) => pressed(event) && event.preventDefault());
  document.addEventListener("click", (event) => pressed(event) && fill());
  document.addEventListener("keydown", (event) => event.ctrlKey && event.altKey && event.code === "KeyM" && fill());
})();
