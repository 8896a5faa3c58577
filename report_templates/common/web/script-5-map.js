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
  const sheet = sheetOf(data.sheet);
  const thumbnail = viewer(sheet, data.columns, data.size, "No code chosen");
  const told = make("p", { class: "reading" }, "Point at a code to see its image.");
  const status = make("p", { class: "reading", role: "status" });
  const shown = new Set(data.classes.map((_, index) => index));
  const camera = { turn: 0.6, height: 0.45, distance: 1.75 };
  const isDark = () => getComputedStyle(document.documentElement).colorScheme === "dark";
  const paper = () => getComputedStyle(document.documentElement).getPropertyValue("--paper").trim();
  const eye = () => ({
    x: camera.distance * Math.cos(camera.height) * Math.cos(camera.turn),
    y: camera.distance * Math.cos(camera.height) * Math.sin(camera.turn),
    z: camera.distance * Math.sin(camera.height),
  });
  const members = data.classes.map((_, index) => data.labels.flatMap((label, position) => (label === index ? [position] : [])));
  const traces = () => {
    const [x, y, z] = data.models[model.value].points;
    const colours = isDark() ? DARK_COLOURS : CLASS_COLOURS;
    return members.map((positions, index) => ({
      type: "scatter3d", mode: "markers", name: data.classes[index], visible: shown.has(index), hoverinfo: "none",
      x: positions.map((p) => x[p]), y: positions.map((p) => y[p]), z: positions.map((p) => z[p]), customdata: positions,
      marker: { size: 2.6, color: colours[index % colours.length], opacity: 0.9, line: { width: 0 } },
    }));
  };
  const axis = () => ({ showticklabels: false, title: { text: "" }, showspikes: false, showbackground: false, zeroline: false, range: [-1080, 1080], gridcolor: isDark() ? "#363a40" : "#dddddd" });
  const layout = () => ({
    margin: { l: 0, r: 0, t: 0, b: 0 }, showlegend: false, paper_bgcolor: paper(), uirevision: "camera",
    scene: { bgcolor: paper(), xaxis: axis(), yaxis: axis(), zaxis: axis(), aspectmode: "cube", camera: { eye: eye() }, dragmode: "orbit" },
  });
  const describe = () => {
    const entry = data.models[model.value];
    plot.setAttribute("aria-label", `Map in three dimensions of ${data.labels.length} codes of the ${entry.name}, coloured by class; turn it with the arrow keys, enlarge it with plus and minus. The table below says how far it can be trusted.`);
  };
  let drawn = false;
  const draw = () => (drawn ? window.Plotly.react(plot, traces(), layout(), { displayModeBar: false, responsive: true }) : undefined);
  const turn = (dx, dy, factor = 1) => {
    camera.turn += dx;
    camera.height = Math.min(1.5, Math.max(-1.5, camera.height + dy));
    camera.distance = Math.min(5, Math.max(0.5, camera.distance * factor));
    if (drawn) window.Plotly.relayout(plot, { "scene.camera.eye": eye() });
  };
  const point = (position) => {
    thumbnail.show(position, `Image of class ${data.classes[data.labels[position]]}`);
    told.textContent = `${data.classes[data.labels[position]]} (test image ${data.positions[position]})`;
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
        plot.on("plotly_hover", (event) => point(event.points[0].customdata));
        plot.on("plotly_click", (event) => point(event.points[0].customdata));
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
  const key = make("fieldset", { class: "key" }, make("legend", {}, "Classes shown"));
  const paint = () => all(".swatch", key).forEach((swatch, index) => {
    swatch.style.backgroundColor = (isDark() ? DARK_COLOURS : CLASS_COLOURS)[index % CLASS_COLOURS.length];
  });
  data.classes.forEach((name, index) => {
    const box = make("input", { type: "checkbox", checked: true });
    box.addEventListener("change", () => {
      if (box.checked) shown.add(index); else shown.delete(index);
      if (drawn) window.Plotly.restyle(plot, { visible: box.checked }, [index]);
    });
    key.append(make("label", {}, box, make("span", { class: "swatch", "aria-hidden": "true" }), name));
  });
  paint();
  const press = (label, text, action) => make("button", { type: "button", "aria-label": label, onclick: action }, text);
  const buttons = make("div", { class: "camera", role: "group", "aria-label": "Turn the map" },
    press("Turn left", "←", () => turn(-0.26, 0)), press("Turn right", "→", () => turn(0.26, 0)), press("Turn up", "↑", () => turn(0, 0.2)),
    press("Turn down", "↓", () => turn(0, -0.2)), press("Nearer", "+", () => turn(0, 0, 0.8)), press("Farther", "−", () => turn(0, 0, 1.25)));
  plot.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [-0.13, 0], ArrowRight: [0.13, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1], "+": [0, 0, 0.85], "=": [0, 0, 0.85], "-": [0, 0, 1.18] };
    if (!steps[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    turn(...steps[event.key]);
  });
  model.addEventListener("change", () => { describe(); draw(); });
  document.addEventListener("theme", () => { paint(); draw(); });
  describe();
  stage.append(make("div", { class: "controls" }, field("Codes of", model), start, status), make("div", { class: "map" }, plot, make("div", { class: "map-side" }, thumbnail, told, key, buttons)));
  if ("IntersectionObserver" in window && window.matchMedia("(min-width: 48rem)").matches) {
    new IntersectionObserver((entries, observer) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      begin();
    }, { rootMargin: "200px" }).observe(plot);
  }
};
map();
