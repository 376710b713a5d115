// form[data-upload-form]: sends itself by XMLHttpRequest, the one way to tell how far an upload is, and shows it in [data-upload-progress].
// The words stand at [data-upload-text]: data-part for how much is sent, data-whole when all is, data-broken.
// The answer is the page that a plain submit would have led to, and takes its place.
(() => {
  function show(page, text) {
    const parsed = new DOMParser().parseFromString(text, "text/html");
    document.title = parsed.title;
    document.body.replaceWith(parsed.body);
    window.htmx?.process(document.body);
    document.querySelector(".error-summary, [data-autofocus]")?.focus();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-upload-form]");
    const files = form?.querySelector("[type=file]").files;
    if (!files?.length) return;
    event.preventDefault();
    const [box, button] = [form.querySelector("[data-upload-progress]"), form.querySelector("[type=submit]")];
    const [bar, words] = [box.querySelector("progress"), box.querySelector("[data-upload-text]")];
    const sending = new XMLHttpRequest();
    sending.open("POST", form.action);
    sending.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = loaded / total;
      const percent = Math.floor((100 * loaded) / total);
      if (percent % 5 === 0) words.textContent = percent < 100 ? words.dataset.part.replace("#", percent) : words.dataset.whole;
    });
    sending.addEventListener("load", () => {
      if (sending.status < 400) location.assign(sending.responseURL);
      else show(form, sending.responseText);
    });
    sending.addEventListener("error", () => {
      words.textContent = words.dataset.broken;
      button.disabled = false;
    });
    box.hidden = false;
    button.disabled = true;
    sending.send(new FormData(form));
  });
})();
