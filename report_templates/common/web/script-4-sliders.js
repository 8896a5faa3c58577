// Images on sheets, and the sliders that choose among them.
const sheetOf = (address) => {
  const image = new Image();
  const ready = new Promise((resolve) => image.addEventListener("load", () => resolve(image), { once: true }));
  image.src = address;
  return ready;
};
// A canvas that shows one image of a sheet; `columns` images in a row of the sheet, each [height, width].
const viewer = (sheet, columns, [height, width], label) => {
  const canvas = make("canvas", { width, height, role: "img", "aria-label": label });
  const context = canvas.getContext("2d");
  canvas.show = (index, told) => {
    canvas.dataset.index = index;
    if (told) canvas.setAttribute("aria-label", told);
    sheet.then((image) => {
      if (Number(canvas.dataset.index) !== index) return;
      context.drawImage(image, (index % columns) * width, Math.floor(index / columns) * height, width, height, 0, 0, width, height);
    });
  };
  return canvas;
};
const decimal = (value, digits = 1) =>
  value === "inf" ? "∞" : value === "-inf" ? "−∞" : value === null || value === undefined ? "not known" : Number(value).toFixed(digits).replace("-", "−");
const field = (label, control) => make("label", { class: "field" }, make("span", {}, label), control);
const choice = (names) => make("select", {}, ...names.map((name, index) => make("option", { value: index }, name)));
const stageOf = (name) => {
  const stage = document.querySelector(`[data-part="${name}"]`);
  if (stage) stage.replaceChildren();
  return stage;
};

const interpolation = () => {
  const data = dataOf("interpolation");
  const stage = data && stageOf("interpolation");
  if (!stage) return;
  const steps = data.alphas.length;
  const pair = choice(data.pairs);
  const measured = Object.keys(data.models[0].means).map(Number).filter((step) => step > 0 && step < steps - 1);
  const start = measured.length ? measured[Math.floor((measured.length - 1) / 2)] : Math.floor(steps / 2);
  const slider = make("input", { type: "range", min: 0, max: steps - 1, step: 1, value: start });
  const output = make("output", { class: "value" });
  const rows = data.models.map((model) => {
    const sheet = sheetOf(model.sheet);
    const ways = ["from mixed images", "from mixed codes"].map((way) => viewer(sheet, steps, data.size, `${model.name}, ${way}`));
    const ratio = make("p", { class: "reading" });
    const mean = make("p", { class: "reading quiet" });
    const shown = ways.map((canvas, way) => make("figure", { class: "tile" }, canvas, make("figcaption", {}, way ? "Codes mixed" : "Images mixed")));
    const element = make("div", { class: "model-row" }, make("p", { class: "model-name" }, model.name), make("div", { class: "tiles" }, ...shown), make("div", {}, ratio, mean));
    return { model, ways, ratio, mean, element };
  });
  const show = () => {
    const [p, s] = [Number(pair.value), Number(slider.value)];
    const alpha = data.alphas[s];
    output.textContent = `α = ${alpha.toFixed(2)}`;
    slider.setAttribute("aria-valuetext", `alpha ${alpha.toFixed(2)}; ${rows.map(({ model }) => `${model.name}: ${decimal(model.psnr[p][s])} decibels`).join("; ")}`);
    for (const { model, ways, ratio, mean } of rows) {
      ways.forEach((canvas, way) => canvas.show((p * 2 + way) * steps + s, `${model.name}, ${data.pairs[p]}, decoded from mixed ${way ? "codes" : "images"} at alpha ${alpha}`));
      ratio.textContent = `PSNR of this pair: ${decimal(model.psnr[p][s])} dB`;
      const known = model.means[s];
      mean.replaceChildren();
      if (known) {
        const interval = known[2] === null || known[2] === undefined ? "" : ` [${decimal(known[2])}, ${decimal(known[3])}]`;
        mean.append("Mean of all pairs: ", make("span", { class: "num", "data-metric": known[0] }, decimal(known[1])), ` dB${interval}`);
      } else mean.append("Mean of all pairs: not measured at this α");
    }
  };
  slider.addEventListener("input", show);
  pair.addEventListener("change", show);
  stage.append(make("div", { class: "controls" }, field("Pair", pair), field("From the first image to the second", slider), output), make("div", { class: "model-rows" }, ...rows.map((row) => row.element)));
  show();
};

const traversal = () => {
  const data = dataOf("latent_traversal");
  const stage = data && stageOf("latent_traversal");
  if (!stage) return;
  const sheets = data.models.map((model) => sheetOf(model.sheet));
  const model = choice(data.models.map((entry) => entry.name));
  const dimension = make("select", {});
  const slider = make("input", { type: "range", min: 0, step: 1 });
  const output = make("output", { class: "value" });
  const box = make("div", { class: "tiles single" });
  const note = make("p", { class: "reading quiet" });
  let canvas = null;
  const show = () => {
    const entry = data.models[model.value];
    const [row, step] = [Number(dimension.value), Number(slider.value)];
    const told = `z${entry.order[row]} = ${decimal(entry.values[step], 2)}`;
    output.textContent = `${told} (${decimal(100 * entry.shares[step], 0)} % of the prior below)`;
    slider.setAttribute("aria-valuetext", output.textContent);
    note.textContent = `The image's own code has ${decimal(entry.start[row], 2)} here; the divergence of this dimension is ${decimal(entry.kl[row], 2)} nats.`;
    canvas.show(row * entry.shares.length + step, `${entry.name}: face decoded with ${told}`);
  };
  const choose = () => {
    const entry = data.models[model.value];
    dimension.replaceChildren(...entry.order.map((name, row) => make("option", { value: row }, `z${name}: ${decimal(entry.kl[row], 2)} nats`)));
    slider.max = entry.shares.length - 1;
    slider.value = Math.floor(entry.shares.length / 2);
    canvas = viewer(sheets[model.value], entry.shares.length, entry.size, "decoded face");
    box.replaceChildren(canvas);
    show();
  };
  model.addEventListener("change", choose);
  dimension.addEventListener("change", show);
  slider.addEventListener("input", show);
  stage.append(make("div", { class: "controls" }, field("Model", model), field("Dimension", dimension), field("Value", slider), output), make("div", { class: "traversal" }, box, note));
  choose();
};
interpolation();
traversal();
