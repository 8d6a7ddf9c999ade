// Buttons that copy what stands elsewhere on the page: data-copy is a selector.

export const copied = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return byHand(text); // no HTTPS and not this machine: the clipboard is only open to what someone selects
  }
  return true;
};

const byHand = (text) => {
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  area.className = "aside-of-page";
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus({ preventScroll: true });
  return done;
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  const source = button && document.querySelector(button.dataset.copy);
  if (!source) return;
  button.dataset.label ??= button.textContent;
  button.textContent = (await copied(source.textContent)) ? "Copied" : "Not copied";
  setTimeout(() => { button.textContent = button.dataset.label; }, 2000);
});
