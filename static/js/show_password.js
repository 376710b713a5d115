// [data-show-password="id"] shows and hides what is typed there; it is hidden again before it is sent. Its words for the other of
// the two stand in data-other and data-other-label.
(() => {
  const inputOf = (button) => document.getElementById(button.dataset.showPassword);

  function turn(button) {
    const { dataset, textContent, ariaLabel } = button;
    const input = inputOf(button);
    input.type = input.type === "password" ? "text" : "password";
    [button.textContent, button.ariaLabel] = [dataset.other, dataset.otherLabel];
    [dataset.other, dataset.otherLabel] = [textContent, ariaLabel];
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show-password]");
    if (button) turn(button);
  });

  document.addEventListener("submit", (event) => {
    [...event.target.querySelectorAll("[data-show-password]")].filter((button) => inputOf(button).type === "text").forEach(turn);
  });
})();
