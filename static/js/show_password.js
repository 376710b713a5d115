// [data-show-password="id"] shows and hides what is typed there; it is hidden again before it is sent.
(() => {
  function set(button, shown) {
    const input = document.getElementById(button.dataset.showPassword);
    input.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-label", `${button.textContent} ${input.labels[0].textContent.trim().toLowerCase()}`);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show-password]");
    if (button) set(button, button.textContent === "Show");
  });

  document.addEventListener("submit", (event) => {
    event.target.querySelectorAll("[data-show-password]").forEach((button) => set(button, false));
  });
})();
