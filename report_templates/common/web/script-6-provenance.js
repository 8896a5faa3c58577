// Where a number came from: a popover on hover; on the keyboard, once "Provenance" is on, each table and each
// paragraph with numbers is one tab stop, and arrow keys move among its numbers.
const provenance = () => {
  const data = dataOf("provenance") || { metrics: {}, stages: {}, marks: {} };
  const popover = document.getElementById("popover");
  const term = (list, name, value) => {
    if (value === undefined || value === null || value === "") return;
    list.append(make("dt", {}, name), make("dd", {}, value));
  };
  const written = (value) => (value === "inf" ? "∞" : value === "-inf" ? "−∞" : String(value));
  const originOf = (number) => {
    const metric = data.metrics[number.dataset.metric];
    const index = number.dataset.row && number.dataset.row in data.marks ? data.marks[number.dataset.row] : metric ? metric[5] : null;
    return { metric, stage: index === null || index === undefined ? null : data.stages[index] };
  };
  const fill = (number) => {
    const { metric, stage } = originOf(number);
    const list = make("dl");
    if (metric) {
      const [value, low, high, unit, seed] = metric;
      const interval = low === null || high === null ? "" : ` [${written(low)}, ${written(high)}]`;
      term(list, "Value", value === null ? "missing" : `${written(value)}${interval}${unit ? ` ${unit}` : ""}`);
      if (!stage || stage.seed === undefined) term(list, "Seed", seed === null ? "" : String(seed));
    }
    if (stage) {
      const code = (text) => make("code", {}, text);
      term(list, "Stage", code(stage.stage));
      term(list, "Artifact", code(stage.artifact));
      term(list, "Code", code(stage.source));
      term(list, "Seed", stage.seed === undefined ? "" : String(stage.seed));
      if (stage.settings) term(list, "Settings", code(JSON.stringify(stage.settings)));
      for (const [name, digest] of Object.entries(stage.data)) term(list, name.replace("data/", "Data "), code(digest));
      term(list, "Run again", stage.rerun || stage.command ? code(stage.rerun || stage.command) : "");
    }
    const parts = [make("p", { class: "popover-title" }, make("code", {}, number.dataset.metric || (stage ? stage.stage : "unknown"))), list];
    if (stage) parts.push(make("p", { class: "popover-link" }, make("a", { href: `${data.page || ""}#provenance-${stage.mark}` }, `Row ${stage.mark} of the provenance`)));
    popover.replaceChildren(...parts);
  };
  let owner = null;
  let timer = 0;
  const hide = () => {
    clearTimeout(timer);
    popover.hidden = true;
    if (owner) owner.removeAttribute("aria-describedby");
    owner = null;
  };
  const show = (number) => {
    clearTimeout(timer);
    if (owner === number && !popover.hidden) return;
    hide();
    owner = number;
    fill(number);
    popover.hidden = false;
    const place = number.getBoundingClientRect();
    const box = popover.getBoundingClientRect();
    const left = Math.max(8, Math.min(place.left, document.documentElement.clientWidth - box.width - 8));
    const below = place.bottom + box.height + 14 < window.innerHeight;
    popover.style.left = `${left + window.scrollX}px`;
    popover.style.top = `${(below ? place.bottom + 6 : Math.max(8, place.top - box.height - 6)) + window.scrollY}px`;
    number.setAttribute("aria-describedby", "popover");
  };
  const later = (action, delay) => { clearTimeout(timer); timer = setTimeout(action, delay); };
  const numberAt = (event) => (event.target.closest ? event.target.closest(".num[data-metric]") : null);
  document.addEventListener("pointerover", (event) => {
    const number = numberAt(event);
    if (number) later(() => show(number), event.pointerType === "mouse" ? 180 : 0);
    else if (event.target.closest && event.target.closest("#popover")) clearTimeout(timer);
    else if (owner && document.activeElement !== owner) later(hide, 250);
  });
  document.addEventListener("click", (event) => {
    const number = numberAt(event);
    if (number) show(number);
    else if (!event.target.closest("#popover")) hide();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !popover.hidden) hide(); });
  popover.addEventListener("click", (event) => { if (event.target.closest("a")) hide(); });

  // The keyboard: one stop for each table, list or paragraph.
  const numbers = () => all(".num[data-metric]");
  if (!numbers().length) return;
  const groupOf = (number) => number.closest("table, ul, ol, p, .model-row, figcaption") || number.parentElement;
  const toggle = make("button", { type: "button", class: "trace", "aria-pressed": "false" }, "Provenance");
  toggle.title = "Mark the numbers that tell where they came from, and reach them with Tab and the arrow keys";
  const set = (on) => {
    toggle.setAttribute("aria-pressed", String(on));
    document.documentElement.classList.toggle("tracing", on);
    const first = new Set();
    for (const number of numbers()) {
      if (!on) { for (const name of ["tabindex", "role", "aria-label"]) number.removeAttribute(name); continue; }
      if (number.querySelector("math")) number.setAttribute("aria-label", number.textContent.trim()); // a formula gives no name
      const group = groupOf(number);
      number.setAttribute("role", "button");
      number.tabIndex = first.has(group) ? -1 : 0;
      first.add(group);
    }
    if (!on) hide();
  };
  toggle.addEventListener("click", () => set(toggle.getAttribute("aria-pressed") !== "true"));
  tools.prepend(toggle);
  document.addEventListener("focusin", (event) => { const number = numberAt(event); if (number) show(number); else if (!event.target.closest("#popover")) hide(); });
  document.addEventListener("keydown", (event) => {
    const number = numberAt(event);
    if (!number || number.tabIndex < -1 || !number.hasAttribute("role")) return;
    const group = all(".num[data-metric]", groupOf(number));
    const at = group.indexOf(number);
    const row = number.closest("tr");
    const vertical = (step) => {
      if (!row) return group[at + step];
      const rows = all("tr", groupOf(number));
      const column = number.closest("td, th").cellIndex;
      for (let next = rows.indexOf(row) + step; rows[next]; next += step) {
        const found = rows[next].cells[column] && rows[next].cells[column].querySelector(".num[data-metric]");
        if (found) return found;
      }
      return null;
    };
    const next = { ArrowRight: () => group[at + 1], ArrowLeft: () => group[at - 1], ArrowDown: () => vertical(1), ArrowUp: () => vertical(-1), Home: () => group[0], End: () => group[group.length - 1] }[event.key];
    if (next) {
      event.preventDefault();
      const found = next();
      if (!found) return;
      number.tabIndex = -1;
      found.tabIndex = 0;
      found.focus();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      const link = popover.querySelector("a");
      if (!popover.hidden && owner === number && link) link.focus();
      else show(number);
    }
  });
};
provenance();
