// form[data-autosave=address]: what is typed is kept on the server a second after the last edit, one request at a time, tried again
// while it fails. Tells the document "draft:edited", "draft:saved" (its number) and "draft:ended".
(() => {
  const PAUSE = 1000;
  const LONGEST = 60000;
  let [timer, sending, unsent, failures] = [0, false, false, 0];
  const theForm = () => document.querySelector("form[data-autosave]");
  const typed = (form) => new URLSearchParams(new FormData(form));
  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(`draft:${name}`, { detail }));
  const soon = (delay) => { clearTimeout(timer); timer = setTimeout(save, delay); };

  // resolves to nothing when the server cannot be reached
  window.sendDraft = (form, body, more) => {
    const token = form.elements.csrf_token.value;
    const headers = { "HX-Request": "true", "HX-Request-Type": "partial", "X-CSRFToken": token };
    return window.fetchAgain(form.dataset.autosave, { method: "PUT", headers, body, ...more }).catch(() => undefined);
  };

  function edited(form) {
    const { draft_sequence: own, draft_known: known } = form.elements;
    own.value = Math.max(Date.now(), Number(own.value) + 1, Number(known.value) + 1);
    unsent = true;
    tell("edited");
    soon(PAUSE);
  }

  function failed(form, answer) {
    unsent = true;
    form.dataset.dirtyForm = "unsent";
    const [good, bad] = document.querySelectorAll("[data-saved], [data-unsaved]");
    [good.hidden, bad.hidden] = [true, false];
    if (!failures) document.getElementById("live").textContent = bad.textContent;
    failures += 1;
    // asked for the password and turned away: the next edit asks again
    if (answer?.status !== 401) soon(Math.min(PAUSE * 2 ** failures, LONGEST));
  }

  function saved(form, html, sequence) {
    failures = 0;
    form.dataset.dirtyForm = "";
    document.getElementById("saved").outerHTML = html;
    const known = form.elements.draft_known;
    known.value = Math.max(known.value, document.getElementById("saved").dataset.sequence);
    tell("saved", sequence);
    if (unsent) soon(PAUSE);
  }

  async function save() {
    const form = theForm();
    if (sending || !unsent || !form) return;
    [sending, unsent] = [true, false];
    const body = typed(form);
    const answer = await window.sendDraft(form, body);
    sending = false;
    if (!form.isConnected) return;
    if (answer?.ok) saved(form, await answer.text(), Number(body.get("draft_sequence")));
    else if (!answer || [401, 429].includes(answer.status) || answer.status >= 500) failed(form, answer);
    else document.getElementById("messages").outerHTML = await answer.text();
  }

  document.addEventListener("input", ({ target }) => { if (target.form?.matches("[data-autosave]")) edited(target.form); });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "s" || !theForm()) return;
    event.preventDefault();
    unsent = true;
    save();
  });
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    if (!ctx.sourceElement.matches("[data-autosave]") || ctx.response.status >= 300) return;
    unsent = false;
    tell("ended");
  });
  addEventListener("online", save);
  addEventListener("pagehide", () => {
    if (unsent && theForm()) window.sendDraft(theForm(), typed(theForm()), { keepalive: true });
  });
})();
