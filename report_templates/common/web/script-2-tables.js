// Tables that are sorted by a click on a header: up, down, and back to the report's order.
const sorting = () => {
  const valueOf = (cell) => {
    if (cell.dataset.sort !== undefined) return Number(cell.dataset.sort);
    const text = cell.textContent.trim().replace(/\u2212/g, "-").replace(/[\s\u202f,](?=\d)/g, "");
    if (/^-?∞/.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
    const power = cell.querySelector("sup");
    if (power && /×10/.test(text)) return parseFloat(text) * 10 ** Number(power.textContent.replace("\u2212", "-"));
    if (power && /^10/.test(text)) return 10 ** Number(power.textContent.replace("\u2212", "-"));
    const number = /^<?\s*(-?\d+(?:\.\d+)?)/.exec(text);
    return number ? Number(number[1]) : null;
  };
  const compare = (a, b) => {
    if (a.value === null && b.value === null) return a.text.localeCompare(b.text, "en", { numeric: true });
    if (a.value === null) return 1;
    if (b.value === null) return -1;
    return a.value === b.value ? 0 : a.value < b.value ? -1 : 1;
  };
  for (const table of all("table.sortable")) {
    const body = table.tBodies[0];
    const original = [...body.rows];
    const headers = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    headers.forEach((header, column) => {
      const button = make("button", { type: "button", class: "sort", title: "Sort by this column" });
      button.append(...header.childNodes);
      header.append(button);
      header.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const next = { none: "ascending", ascending: "descending", descending: "none" }[header.getAttribute("aria-sort")];
        for (const other of headers) other.setAttribute("aria-sort", "none");
        header.setAttribute("aria-sort", next);
        const rows = original.map((row) => {
          const cell = row.cells[column];
          return { row, value: cell ? valueOf(cell) : null, text: cell ? cell.textContent : "" };
        });
        if (next !== "none") {
          const known = rows.filter((row) => row.value !== null || row.text.trim());
          known.sort(next === "ascending" ? compare : (a, b) => (a.value === null) !== (b.value === null) ? compare(a, b) : compare(b, a));
          rows.splice(0, rows.length, ...known, ...rows.filter((row) => !known.includes(row)));
        }
        table.classList.toggle("sorted", next !== "none");
        body.append(...rows.map((entry) => entry.row));
      });
    });
  }
};
sorting();
