// What the scores come to while they are typed: [data-overall] is the mean of all [data-score] rows, [data-under-names] those that
// an approval would be refused for. The server writes both as well.
(() => {
  function tell() {
    const overall = document.querySelector("[data-overall]");
    if (!overall) return;
    const rows = [...document.querySelectorAll("[data-score]")];
    const values = rows.map((row) => row.querySelector("[type=number]").valueAsNumber);
    const sum = values.reduce((one, other) => one + other, 0);
    const mean = Number.isNaN(sum) ? "–" : String(sum / values.length);
    // written only when it differs: a screen reader reads it out
    if (overall.textContent !== mean) overall.textContent = mean;
    const under = rows.filter((row, index) => values[index] < Number(row.dataset.least)).map((row) => row.dataset.score);
    document.querySelector("[data-under-all]").hidden = !under.length;
    document.querySelector("[data-under-names]").textContent = under.join(", ");
  }

  document.addEventListener("input", (event) => {
    if (event.target.closest("[data-score]")) tell();
  });
})();
