// Builds what is shown out of nodes. No data ever becomes markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element: el("p", {class: "quiet", onclick: act}, "text", node, [more]); null is left out. */
export function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same inside of a picture. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/** Puts these nodes where the old ones were; what has the same `data-key` keeps focus and stays open. */
export function show(node, ...children) {
  const focused = node.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const open = [...node.querySelectorAll("details[open][data-key]")].map((each) => each.dataset.key);
  node.replaceChildren(...flat(children));
  node.removeAttribute("aria-busy");
  for (const key of open) keyed(node, key)?.setAttribute("open", "");
  if (focused) keyed(node, focused)?.focus({ preventScroll: true });
}

function keyed(node, key) {
  return node.querySelector(`[data-key="${CSS.escape(key)}"]`);
}

/** Text for those who hear the page. */
export function spoken(text) {
  return el("span", { class: "spoken" }, text);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") setStyle(node, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...flat(children));
  return node;
}

function setStyle(node, properties) {
  for (const [name, value] of Object.entries(properties)) node.style.setProperty(name, value);
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}
