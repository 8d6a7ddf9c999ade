// The pane of an item: what can be copied of its value, the keyboard in its tree, and parts of it that were put in place.
import { copied } from "./copy.js";

const treeOf = (element) => element?.closest?.(".jt");
const memberOf = (element) => treeOf(element) && element.closest("li:not(.more, .page)");
const rowOf = (member) => member.querySelector(":scope > .row, :scope > details > .row");
const members = (tree) => [...tree.querySelectorAll("li")].filter((one) => rowOf(one)?.checkVisibility());
const parentOf = (member) => memberOf(member.parentElement);

// What became of copying is said, and shown for a moment, outside of what htmx swaps.
const told = document.createElement("p");
told.className = "told-copied";
told.setAttribute("aria-live", "polite");
let fading = 0;
const tell = (text) => {
  if (!told.isConnected) document.body.append(told);
  told.textContent = text;
  clearTimeout(fading);
  fading = setTimeout(() => { told.textContent = ""; }, 2000);
};

// The way to a member: names and indices, or the position of a field whose name cannot stand in the page.
const stepOf = ({ dataset: { name, index, pos } }) => name ?? ((index ?? pos) && Number(index ?? pos));
const stepsTo = (member) => {
  const below = [];
  for (let one = member; one; one = parentOf(one)) below.unshift(stepOf(one));
  return [...JSON.parse(treeOf(member).dataset.at), ...below.filter((step) => step !== undefined)];
};
const everyNameKnown = (member) => {
  for (let one = member; one; one = parentOf(one)) if ("pos" in one.dataset) return false;
  return "named" in treeOf(member).dataset;
};
// As the form for operations takes it: a literal name, or a list of names.
const pathTo = (member) => {
  const steps = stepsTo(member);
  const plain = steps.length === 1 && typeof steps[0] === "string" && !steps[0].startsWith("[");
  return plain ? steps[0] : `[${steps.map((step) => JSON.stringify(step)).join(", ")}]`;
};
const valueAt = async (raw, steps) => {
  const url = new URL(raw, location.href);
  if (steps.length) url.searchParams.set("at", JSON.stringify(steps));
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(answer.statusText);
  const text = await answer.text();
  return text.startsWith('"') ? JSON.parse(text) : text; // numbers stay the text that they are
};
const WHAT = {
  value: (member) => valueAt(treeOf(member).dataset.raw, stepsTo(member)),
  key: (member) => member.dataset.name ?? member.dataset.index,
  path: pathTo,
};
const copy = async (label, text) => {
  try {
    tell((await copied(await text)) ? `Copied ${label}` : "Not copied: the browser does not allow it");
  } catch {
    tell("Not copied: it is not there any more, or no answer came");
  }
};

// One set of buttons for all rows: it stands in the row that is pointed at or has the focus.
const bar = document.createElement("span");
bar.className = "copy";
for (const what of Object.keys(WHAT)) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = what;
  button.title = button.ariaLabel = `Copy ${what}`;
  button.dataset.what = what;
  bar.append(button);
}
const offer = (member) => {
  const row = rowOf(member);
  if (!row || bar.parentElement?.closest("li") === member) return;
  const known = stepsTo(member).length > 0 && everyNameKnown(member);
  for (const button of bar.children) {
    const { what } = button.dataset;
    button.hidden = (what === "key" && WHAT.key(member) === undefined) || (what === "path" && !known);
  }
  if (row.matches("details[open] > summary")) row.after(bar);
  else member.append(bar);
};
document.addEventListener("pointerover", (event) => {
  const member = memberOf(event.target);
  if (member) offer(member);
  else if (!bar.contains(document.activeElement)) bar.remove();
});
document.addEventListener("focusin", (event) => {
  const member = memberOf(event.target);
  if (member) offer(member);
});
document.addEventListener("click", (event) => {
  const what = event.target.closest?.(".copy [data-what]")?.dataset.what;
  if (what) copy(what, WHAT[what](memberOf(event.target)));
});

// The whole value, and the key.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-copies]");
  if (!button) return;
  if (button.dataset.copies === "key") copy("key", JSON.parse(button.dataset.key));
  else copy("value", valueAt(button.dataset.raw, []));
});

// Arrow keys go from row to row; left and right fold, unfold, and lead up and to the copy buttons.
const focus = (row) => {
  if (!row) return;
  if (!row.matches("summary, a")) row.tabIndex = -1;
  row.focus();
};
const ARROWS = {
  ArrowDown: (member, row, all) => focus(rowOf(all[all.indexOf(member) + 1] ?? member)),
  ArrowUp: (member, row, all) => focus(rowOf(all[all.indexOf(member) - 1] ?? member)),
  ArrowRight: (member, row) => {
    const details = row.closest("details");
    if (row.matches("summary") && !details.open) details.open = true;
    else if (row.matches("a")) row.click();
    else bar.querySelector("button:not([hidden])")?.focus();
  },
  ArrowLeft: (member, row) => {
    if (bar.contains(document.activeElement)) focus(row);
    else if (row.matches("details[open] > summary")) row.parentElement.open = false;
    else if (parentOf(member)) focus(rowOf(parentOf(member)));
  },
};
document.addEventListener("keydown", (event) => {
  const tree = treeOf(event.target);
  if (!tree || !(event.key in ARROWS) || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const all = members(tree);
  const member = memberOf(event.target);
  if (member) ARROWS[event.key](member, rowOf(member), all);
  else if (all.length) focus(rowOf(all[0]));
  event.preventDefault();
});

// What was put in place has the focus that its link had.
document.addEventListener("htmx:after:swap", (event) => {
  const part = event.target;
  if (part.matches?.("[data-part]") && document.activeElement === document.body) part.querySelector("summary, a, pre")?.focus();
});

// When the page follows the store, parts that were put in place stay, and are asked for again.
htmx.registerExtension("stepstate-parts", {
  htmx_before_morph_node: (element, { newNode }) => !(element.dataset?.part && !newNode.dataset?.part),
});
const renew = async () => {
  for (const part of document.querySelectorAll("#live-value [data-part]")) {
    if (part.isConnected) await htmx.ajax("GET", part.dataset.part, { target: part, swap: "outerMorph" });
  }
};
new MutationObserver((changes) => {
  if (changes.some((change) => change.target.id === "live-value")) renew();
}).observe(document.body, { subtree: true, attributeFilter: ["data-live"] });

// Times are typed in the browser's zone.
const offset = () => {
  const minutes = -new Date().getTimezoneOffset();
  const pad = (number) => String(Math.trunc(Math.abs(number))).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${pad(minutes / 60)}:${pad(minutes % 60)}`;
};
document.addEventListener("submit", (event) => {
  const field = event.target.querySelector("[data-zone]");
  if (field) field.value = `${Intl.DateTimeFormat().resolvedOptions().timeZone ?? ""} ${offset()}`.trim();
}, true);

// The place that was asked for is in sight.
export const showMarked = () => document.querySelector(".jt .marked:not([data-seen])")?.scrollIntoView({ block: "center" });
