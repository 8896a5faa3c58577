// Figures in a dialog: zoom with wheel, pinch, buttons or + and -, move by dragging or arrows, close with Escape.
const zooming = () => {
  const dialog = document.getElementById("zoom");
  const image = make("img", { alt: "", draggable: "false" });
  const stage = make("div", { class: "zoom-stage" }, image);
  const caption = make("p", { class: "zoom-caption" });
  const state = { scale: 1, x: 0, y: 0 };
  const draw = () => {
    image.style.transform = `translate(${state.x}px, ${state.y}px) scale(${state.scale})`;
    dialog.dataset.scale = state.scale.toFixed(2);
  };
  const reset = () => { Object.assign(state, { scale: 1, x: 0, y: 0 }); draw(); };
  const zoom = (factor, x = 0, y = 0) => {
    const scale = Math.min(12, Math.max(1, state.scale * factor));
    const ratio = scale / state.scale;
    Object.assign(state, scale === 1 ? { scale, x: 0, y: 0 } : { scale, x: x - (x - state.x) * ratio, y: y - (y - state.y) * ratio });
    draw();
  };
  const move = (x, y) => { if (state.scale > 1) { state.x += x; state.y += y; draw(); } };
  const button = (label, text, action) => make("button", { type: "button", "aria-label": label, onclick: action }, text);
  const controls = make("div", { class: "zoom-tools" },
    button("Zoom in", "+", () => zoom(1.5)), button("Zoom out", "−", () => zoom(1 / 1.5)),
    button("Whole figure", "Fit", reset), button("Close", "Close", () => dialog.close()));
  dialog.append(controls, stage, caption);

  const centred = (event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  };
  stage.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, ...centred(event)); }, { passive: false });
  stage.addEventListener("dblclick", (event) => (state.scale > 1 ? reset() : zoom(3, ...centred(event))));
  const pointers = new Map();
  stage.addEventListener("pointerdown", (event) => { pointers.set(event.pointerId, event); stage.setPointerCapture(event.pointerId); });
  stage.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const other = [...pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
    if (other) {
      const distance = (pointer) => Math.hypot(pointer.clientX - other.clientX, pointer.clientY - other.clientY) || 1;
      zoom(distance(event) / distance(before), ...centred(event));
    } else move(event.clientX - before.clientX, event.clientY - before.clientY);
    pointers.set(event.pointerId, event);
  });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => pointers.delete(event.pointerId));
  dialog.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-") zoom(1 / 1.5);
    else if (event.key === "0") reset();
    else if (steps[event.key]) move(...steps[event.key]);
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  for (const picture of all(".picture")) {
    const shown = picture.querySelector("img");
    const open = make("button", { type: "button", class: "enlarge", "aria-haspopup": "dialog", "aria-label": `Enlarge ${shown.alt.split(":")[0]}` });
    // The image stays outside of the button, whose name would take the place of the image's own text.
    picture.append(open);
    const enlarge = () => {
      image.src = shown.src;
      image.alt = shown.alt;
      caption.textContent = shown.alt;
      dialog.setAttribute("aria-label", shown.alt.split(":")[0]);
      reset();
      dialog.showModal();
    };
    open.addEventListener("click", enlarge);
    shown.addEventListener("click", enlarge);
  }
};
zooming();
