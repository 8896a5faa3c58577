// The frame of the page: theme, contents that follow the reader, boxes that scroll. Every part works by itself.
"use strict";
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
};
const dataOf = (name) => {
  const element = document.getElementById(`data-${name}`);
  return element ? JSON.parse(element.textContent) : null;
};
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const tools = document.querySelector(".tools");
tools.hidden = false;

const themes = () => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const remembered = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const isDark = () => (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
  const button = make("button", { type: "button", class: "theme" });
  const show = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Use light colours" : "Use dark colours");
    document.dispatchEvent(new CustomEvent("theme"));
  };
  if (["light", "dark"].includes(remembered())) root.dataset.theme = remembered();
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* a file opened without storage */ }
    show();
  });
  dark.addEventListener("change", show);
  tools.append(button);
  show();
};

const contents = () => {
  const nav = document.querySelector(".contents");
  if (!nav) return; // a page of one part
  const details = nav.querySelector("details");
  const wide = window.matchMedia("(min-width: 68rem)");
  const fold = () => { details.open = wide.matches; };
  fold();
  wide.addEventListener("change", fold);
  nav.classList.add("following");
  nav.addEventListener("click", (event) => { if (event.target.closest("a") && !wide.matches) details.open = false; });
  const links = new Map(all("a", nav).map((link) => [link.getAttribute("href").slice(1), link]));
  const headings = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  const follow = () => {
    let current = headings[0];
    for (const heading of headings) if (heading.getBoundingClientRect().top < 120) current = heading;
    for (const link of links.values()) link.removeAttribute("aria-current");
    for (const item of all("li.open", nav)) item.classList.remove("open");
    const link = current && links.get(current.id);
    if (!link) return;
    link.setAttribute("aria-current", "location");
    for (let item = link.closest("li"); item; item = item.parentElement.closest("li")) item.classList.add("open");
  };
  let waiting = false;
  window.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; follow(); });
  }, { passive: true });
  follow();
};

const scrolling = () => {
  const boxes = all(".scroll, .equation");
  const look = () => {
    for (const box of boxes) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  look();
  window.addEventListener("resize", look);
};
themes();
contents();
scrolling();
