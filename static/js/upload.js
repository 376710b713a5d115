// [data-upload]: a drop area around a file input. Dropped files become the input's; names and sizes are listed in [data-upload-list].
(() => {
  const area = (event) => event.target.closest?.("[data-upload]");

  function size(bytes) {
    const [divisor, unit] = bytes < 1e3 ? [1, "byte"] : bytes < 1e6 ? [1e3, "kilobyte"] : [1e6, "megabyte"];
    const form = { style: "unit", unit, unitDisplay: divisor > 1 ? "short" : "long", maximumFractionDigits: 1 };
    return new Intl.NumberFormat(document.documentElement.lang, form).format(bytes / divisor);
  }

  function list(box) {
    const items = [...box.querySelector("[type=file]").files].map((file) => {
      const item = document.createElement("li");
      const [name, weight] = [document.createElement("span"), document.createElement("span")];
      [name.textContent, weight.textContent] = [file.name, size(file.size)];
      item.append(name, weight);
      return item;
    });
    box.querySelector("[data-upload-list]").replaceChildren(...items);
  }

  for (const type of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(type, (event) => {
      const box = area(event);
      if (!box) return;
      event.preventDefault();
      box.classList.toggle("over", type === "dragover");
    });
  }

  document.addEventListener("drop", (event) => {
    const box = area(event);
    const input = box?.querySelector("[type=file]");
    if (!input || !event.dataTransfer.files.length) return;
    const kept = new DataTransfer();
    const files = [...event.dataTransfer.files].slice(0, input.multiple ? Infinity : 1);
    files.forEach((file) => kept.items.add(file));
    input.files = kept.files;
    list(box);
  });

  document.addEventListener("change", (event) => {
    const box = area(event);
    if (box && event.target.type === "file") list(box);
  });
})();
