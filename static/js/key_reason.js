// The keys of Request changes and Reject decide nothing: they put the cursor into the note and show, below it in [data-reasons],
// the one button that confirms. Pressed with the pointer, the buttons themselves send what the note says.
(() => {
  function show(opened) {
    document.querySelectorAll("[data-reasons] > *").forEach((reason) => { reason.hidden = reason.id !== opened; });
  }

  document.addEventListener("key:opens", (event) => {
    show(event.detail);
    document.getElementById("note")?.focus();
  });

  // Esc gives it up: what was typed stays
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.id === "note") show(null);
  });
})();
