// Elements are made, never parsed: what Prometheus says is text.

export function element(name, classes = "", content = []) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  made.append(...(Array.isArray(content) ? content : [content]));
  return made;
}

export function vector(name, attributes, content = []) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}
