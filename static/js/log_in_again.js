// What is refused because the session ended (401), or belongs to an earlier one (400), is sent once more when the same person has
// logged in again in a dialog over the page. Serves htmx, and whoever sends by window.fetchAgain.
(() => {
  let asking;
  const beats = (ctx) => ["every", "load"].includes(ctx.sourceEvent?.type);

  const ask = (body) => fetch("/login", {
    method: body ? "POST" : "GET",
    headers: { "HX-Request": "true", "HX-Request-Type": "partial", "X-Person": document.body.dataset.person },
    body,
  });

  function renew(token) {
    document.querySelectorAll("[name=csrf_token]").forEach((input) => { input.value = token; });
    document.body.setAttribute("hx-headers:inherited", JSON.stringify({ "X-CSRFToken": token }));
    return token;
  }

  // shows the server's dialog and puts its next answer in its place, until one is the token or the person turns away
  function show(html, done) {
    const dialog = new DOMParser().parseFromString(html, "text/html").querySelector("dialog");
    if (!dialog) return done();
    document.body.append(dialog);
    const email = dialog.querySelector("[name=email]");
    if (email) email.value ||= document.body.dataset.email;
    dialog.addEventListener("close", () => { dialog.remove(); done(); });
    dialog.addEventListener("click", (event) => { if (event.target.closest("[data-close]")) dialog.close(); });
    dialog.querySelector("form")?.addEventListener("submit", async (event) => {
      event.preventDefault();
      const answer = await ask(new URLSearchParams(new FormData(event.target))).catch(() => undefined);
      if (!answer) return;
      dialog.remove();
      take(answer, done);
    });
    dialog.showModal();
    (dialog.querySelector(".summary") ?? dialog.querySelector("[type=password]"))?.focus();
  }

  async function take(answer, done) {
    if (answer.headers.get("Content-Type")?.includes("json")) done(renew((await answer.json()).csrf_token));
    else show(await answer.text(), done);
  }

  async function newToken() {
    const before = document.activeElement;
    const answer = await ask();
    const token = await new Promise((done) => { take(answer, done); });
    before?.focus();
    return token;
  }

  window.fetchAgain = async (url, options) => {
    const answer = await fetch(url, options);
    if (answer.status !== 401 && answer.status !== 400) return answer;
    asking ??= newToken().finally(() => { asking = undefined; });
    const token = await asking;
    if (!token) return answer;
    options.body?.set?.("csrf_token", token);
    return fetch(url, { ...options, headers: { ...options.headers, "X-CSRFToken": token }, signal: undefined });
  };

  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    if (!beats(ctx)) ctx.fetch = window.fetchAgain;
  });
  // what asks by itself neither interrupts nor says the same thing every ten seconds
  document.addEventListener("htmx:after:request", (event) => {
    if (event.detail.ctx.response.status === 401 && beats(event.detail.ctx)) event.preventDefault();
  });
})();
