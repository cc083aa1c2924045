/** Makes an element. Text goes in as text, never as markup: names of campaigns are strangers' words. */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const SvgNamespace = "http://www.w3.org/2000/svg";

/** Makes an SVG element. */
export function s(name, attributes = {}, ...children) {
  const element = document.createElementNS(SvgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Sets text only where it changed, so that selections and assistive technology are left in peace. */
export function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/** Sets an attribute only where it changed; null takes it away. */
export function attribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** A list of rows of which each is made once per key and then updated in place, so that the focus stays where it is. */
export class KeyedRows {
  #rows = new Map();

  constructor(parent, make) {
    this.parent = parent;
    this.make = make;
  }

  /** @param items [key, item] in the order wanted */
  update(items) {
    const seen = new Set();
    let at = this.parent.firstElementChild;
    for (const [key, item] of items) {
      seen.add(key);
      let row = this.#rows.get(key);
      if (!row) this.#rows.set(key, (row = this.make(item)));
      row.update(item);
      // A row that is moved loses the focus: only the others are moved around it.
      if (row.element === at) at = at.nextElementSibling;
      else if (row.element.contains(document.activeElement) && row.element.parentNode === this.parent) {
        while (at && at !== row.element) {
          const next = at.nextElementSibling;
          this.parent.append(at);
          at = next;
        }
        at = row.element.nextElementSibling;
      } else this.parent.insertBefore(row.element, at);
    }
    for (const [key, row] of this.#rows) {
      if (seen.has(key)) continue;
      row.element.remove();
      this.#rows.delete(key);
    }
  }
}
