// The map of the codes in three dimensions. Plotly is run only when the map comes into view, or on demand.
const CLASS_COLOURS = ["#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499", "#777777"];
const DARK_COLOURS = ["#8a7fe0", "#88CCEE", "#44AA99", "#3fae6a", "#b5b54a", "#DDCC77", "#e07f8e", "#d0559b", "#cc77bb", "#bbbbbb"];


const map = () => {
  const data = dataOf("embedding_3d");
  const stage = data && stageOf("embedding_3d");
  const source = document.getElementById("library-plotly");
  if (!stage || !source) return;
  const model = choice(data.models.map((entry) => entry.name));
  const plot = make("div", { class: "plot", tabindex: 0, role: "img" });
  const sheets = data.sets.map((set) => sheetOf(set.sheet));
  const viewers = data.sets.map((set, index) => viewer(sheets[index], set.columns, set.size, "No code chosen"));
  const picture = make("div", { class: "picked" });
  const told = make("p", { class: "reading", "aria-live": "polite" });
  const status = make("p", { class: "reading", role: "status" });
  const key = make("fieldset", { class: "key" });
  const camera = { turn: 0.6, height: 0.45, distance: 1.75 };
  const isDark = () => getComputedStyle(document.documentElement).colorScheme === "dark";
  const paper = () => getComputedStyle(document.documentElement).getPropertyValue("--paper").trim();
  const colours = () => (isDark() ? DARK_COLOURS : CLASS_COLOURS);
  const entry = () => data.models[model.value];
  let [set, members, shown, boxes, chosen, drawn] = [null, [], new Set(), [], null, false];
  const eye = () => ({
    x: camera.distance * Math.cos(camera.height) * Math.cos(camera.turn),
    y: camera.distance * Math.cos(camera.height) * Math.sin(camera.turn),
    z: camera.distance * Math.sin(camera.height),
  });
  const traces = () => {
    const [x, y, z] = entry().points;
    return members.map((positions, index) => ({
      type: "scatter3d", mode: "markers", name: set.classes[index], visible: shown.has(index), hoverinfo: "none",
      x: positions.map((p) => x[p]), y: positions.map((p) => y[p]), z: positions.map((p) => z[p]), customdata: positions,
      marker: { size: 2.6, color: colours()[index % CLASS_COLOURS.length], opacity: 0.9, line: { width: 0 } },
    }));
  };
  // The code that was chosen by a step or a click, since no pointer shows which one it is.
  const ring = () => {
    if (chosen === null) return [];
    const [x, y, z] = entry().points.map((axis) => axis[chosen]);
    return [{ x, y, z, text: "◯", showarrow: false, font: { size: 22, color: isDark() ? "#ffffff" : "#000000" } }];
  };
  const axis = () => ({ showticklabels: false, title: { text: "" }, showspikes: false, showbackground: false, zeroline: false, range: [-1080, 1080], gridcolor: isDark() ? "#363a40" : "#dddddd" });
  const layout = () => ({
    margin: { l: 0, r: 0, t: 0, b: 0 }, showlegend: false, paper_bgcolor: paper(), uirevision: "camera",
    scene: { bgcolor: paper(), xaxis: axis(), yaxis: axis(), zaxis: axis(), aspectmode: "cube", camera: { eye: eye() }, dragmode: "orbit", annotations: ring() },
  });
  const draw = () => (drawn ? window.Plotly.react(plot, traces(), layout(), { displayModeBar: false, responsive: true }) : undefined);
  const turn = (dx, dy, factor = 1) => {
    camera.turn += dx;
    camera.height = Math.min(1.5, Math.max(-1.5, camera.height + dy));
    camera.distance = Math.min(5, Math.max(0.5, camera.distance * factor));
    if (drawn) window.Plotly.relayout(plot, { "scene.camera.eye": eye() });
  };
  const mark = (position) => {
    if (chosen === position) return;
    chosen = position;
    if (drawn) window.Plotly.relayout(plot, { "scene.annotations": ring() });
  };
  const point = (position) => {
    const name = set.classes[set.labels[position]];
    viewers[entry().of].show(position, `Image of class ${name}`);
    told.textContent = `Class ${name}, image ${set.positions[position]} of the test split`;
    told.dataset.position = position;
  };
  const step = (by) => {
    const open = set.labels.flatMap((label, position) => (shown.has(label) ? [position] : []));
    if (!open.length) return;
    const at = told.dataset.position === undefined ? -1 : Number(told.dataset.position);
    const next = by > 0 ? open.find((position) => position > at) : open.findLast((position) => position < at);
    const position = next === undefined ? open[by > 0 ? 0 : open.length - 1] : next;
    point(position);
    mark(position);
  };
  const show = (classes) => {
    shown = new Set(classes);
    boxes.forEach((box, index) => { box.checked = shown.has(index); });
    if (drawn) window.Plotly.restyle(plot, { visible: members.map((_, index) => shown.has(index)) });
  };
  const isolate = (index) => show(shown.size === 1 && shown.has(index) ? members.keys() : [index]);
  const paint = () => all(".swatch", key).forEach((swatch, index) => { swatch.style.backgroundColor = colours()[index % CLASS_COLOURS.length]; });
  // What belongs to a data set: its classes, and the images of its test split.
  const enter = () => {
    set = data.sets[entry().of];
    members = set.classes.map((_, index) => set.labels.flatMap((label, position) => (label === index ? [position] : [])));
    boxes = set.classes.map(() => make("input", { type: "checkbox", checked: true }));
    key.replaceChildren(make("legend", {}, "Classes shown"), ...set.classes.map((name, index) => {
      boxes[index].addEventListener("change", () => { shown[boxes[index].checked ? "add" : "delete"](index); show(shown); });
      boxes[index].addEventListener("keydown", (event) => { if (event.key === "Enter") isolate(index); });
      const label = make("label", {}, boxes[index], make("span", { class: "swatch", "aria-hidden": "true" }), name);
      label.addEventListener("dblclick", (event) => { event.preventDefault(); isolate(index); });
      return label;
    }));
    shown = new Set(members.keys());
    paint();
    picture.replaceChildren(viewers[entry().of]);
    told.textContent = "Point at a code to see its image.";
    delete told.dataset.position;
    chosen = null;
  };
  const choose = () => {
    if (set !== data.sets[entry().of]) enter();
    plot.setAttribute("aria-label", `Map in three dimensions of ${set.labels.length} codes of the ${entry().name}, coloured by class; turn it with the arrow keys, enlarge it with plus and minus. The table below says how far it can be trusted.`);
    draw();
  };
  const begin = () => {
    if (drawn) return;
    start.remove();
    status.textContent = "Drawing the map…";
    try {
      if (!window.Plotly) document.head.append(make("script", {}, source.textContent));
      drawn = true;
      Promise.resolve(draw()).then(() => {
        status.textContent = "";
        plot.dataset.drawn = "true";
        plot.on("plotly_hover", (event) => { point(event.points[0].customdata); mark(null); });
        plot.on("plotly_click", (event) => { point(event.points[0].customdata); mark(event.points[0].customdata); });
        plot.on("plotly_relayout", (change) => {
          const found = change["scene.camera"] && change["scene.camera"].eye;
          if (!found) return;
          camera.distance = Math.hypot(found.x, found.y, found.z);
          camera.turn = Math.atan2(found.y, found.x);
          camera.height = Math.asin(found.z / camera.distance);
        });
      });
    } catch (error) {
      status.textContent = `The map could not be drawn here (${error.message}).`;
    }
  };
  const start = make("button", { type: "button", class: "start", onclick: begin }, "Draw the map");
  const press = (label, text, action) => make("button", { type: "button", "aria-label": label, onclick: action }, text);
  const steps = make("div", { class: "steps", role: "group", "aria-label": "From code to code" },
    press("Previous code", "‹", () => step(-1)), press("Next code", "›", () => step(1)));
  const hint = make("p", { class: "reading quiet" }, "A double click, or Enter, shows one class alone, and another one all of them.");
  const buttons = make("div", { class: "camera", role: "group", "aria-label": "Turn the map" },
    press("Turn left", "←", () => turn(-0.26, 0)), press("Turn right", "→", () => turn(0.26, 0)), press("Turn up", "↑", () => turn(0, 0.2)),
    press("Turn down", "↓", () => turn(0, -0.2)), press("Nearer", "+", () => turn(0, 0, 0.8)), press("Farther", "−", () => turn(0, 0, 1.25)));
  plot.addEventListener("keydown", (event) => {
    const turns = { ArrowLeft: [-0.13, 0], ArrowRight: [0.13, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1], "+": [0, 0, 0.85], "=": [0, 0, 0.85], "-": [0, 0, 1.18] };
    if (!turns[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    turn(...turns[event.key]);
  });
  // On a page of its own the address names the model: tsne.html#sparse.
  const named = () => data.models.findIndex((one) => one.id === location.hash.slice(1));
  if (data.alone) {
    if (named() >= 0) model.value = named();
    window.addEventListener("hashchange", () => { if (named() >= 0) { model.value = named(); choose(); } });
  }
  model.addEventListener("change", () => {
    if (data.alone) history.replaceState(null, "", `#${entry().id}`);
    choose();
  });
  document.addEventListener("theme", () => { paint(); draw(); });
  choose();
  stage.append(make("div", { class: "controls" }, field("Codes of", model), start, status),
    make("div", { class: "map" }, plot, make("div", { class: "map-side" }, picture, told, steps, key, hint, buttons)));
  if (data.alone) begin();
  else if ("IntersectionObserver" in window && window.matchMedia("(min-width: 48rem)").matches) {
    new IntersectionObserver((entries, observer) => {
      if (!entries.some((one) => one.isIntersecting)) return;
      observer.disconnect();
      begin();
    }, { rootMargin: "200px" }).observe(plot);
  }
};
map();
