// What is typed into form[data-autosave] stands in this browser too until the server has it: neither a crash nor a lost network
// takes it. Kept by person and article, so that nobody else at this browser gets it. Listens to what autosave.js tells.
(() => {
  const form = () => document.querySelector("form[data-autosave]");
  const key = () => `draft ${document.body.dataset.person} ${form()?.dataset.autosave}`;

  // a browser may forbid to keep anything, or have no room
  const tried = (work) => { try { return work(); } catch { return null; } };
  const kept = () => new URLSearchParams(tried(() => localStorage.getItem(key())) ?? "");
  const forget = (name) => tried(() => localStorage.removeItem(name));

  document.addEventListener("draft:edited", () => {
    const body = new URLSearchParams(new FormData(form()));
    body.delete("csrf_token");
    tried(() => localStorage.setItem(key(), body));
  });

  document.addEventListener("draft:saved", ({ detail }) => {
    if (Number(kept().get("draft_sequence")) <= detail) forget(key());
  });

  document.addEventListener("draft:ended", () => forget(key()));
  document.addEventListener("submit", (event) => { if (event.target.id === "discard") forget(key()); });

  // another window of the same person types on the same article
  addEventListener("storage", (event) => {
    if (form() && event.key === key() && event.newValue) document.querySelector("[data-elsewhere]").hidden = false;
  });

  // what the server never got goes there first, which then shows it like any other draft
  async function bringBack() {
    if (!form()) return;
    const [name, body] = [key(), kept()];
    if (Number(body.get("draft_sequence")) <= Number(form().elements.draft_known.value)) return forget(name);
    const answer = await window.sendDraft(form(), body);
    if (!answer?.ok) return;
    forget(name);
    location.reload();
  }
  bringBack();
})();
