// Ticking rows, one by one, all of a page, or all that match.
import { write } from "./times.js";

const boxesOf = (table) => [...table.querySelectorAll("tbody input[type=checkbox]")];

const listed = () => document.querySelector("[data-selected]")?.closest(".sel").querySelector("button").form;

// Called whenever there may be other rows: as long as all that match are meant, a row that comes is one of them.
export const countSelected = () => {
  const told = document.querySelector("[data-selected]");
  if (!told) return;
  const form = listed();
  const every = form.querySelector("[data-every]");
  const all = form.querySelector("[data-all]");
  const boxes = boxesOf(form);
  if (every?.checked) boxes.forEach((box) => { box.checked = true; });
  const ticked = boxes.filter((box) => box.checked).length;
  all.checked = ticked === boxes.length;
  if (every) every.closest("label").hidden = !all.checked;
  write(told, every?.checked ? "All that match" : `${ticked} selected`);
  form.classList.toggle("none-ticked", !ticked);
  for (const button of form.querySelectorAll("[data-for-selected]")) button.disabled = !ticked;
};

// What is ticked stays so while something opens or closes beside the same list, but not once it was done to those rows.
const keyOf = (box) => box.value.slice(0, box.value.lastIndexOf("@"));
let kept = null;
document.addEventListener("htmx:before:swap", ({ detail }) => {
  const form = listed();
  kept = form && !detail.ctx?.sourceElement?.closest?.(".selected") && {
    list: form.action,
    keys: new Set(boxesOf(form).filter((box) => box.checked).map(keyOf)),
    every: form.querySelector("[data-every]")?.checked,
  };
});
document.addEventListener("htmx:after:swap", () => {
  const form = listed();
  if (!kept || form?.action !== kept.list) return;
  for (const box of boxesOf(form)) box.checked ||= kept.keys.has(keyOf(box));
  const every = form.querySelector("[data-every]");
  if (every) every.checked ||= kept.every;
});

// With Shift, all rows from the one clicked before become as this one.
let clicked = null;
document.addEventListener("click", (event) => {
  const box = event.target;
  const table = box.closest?.("tbody")?.closest("table");
  if (!table || box.type !== "checkbox") return;
  const boxes = boxesOf(table);
  const [from, to] = [boxes.indexOf(clicked), boxes.indexOf(box)].sort((one, other) => one - other);
  if (event.shiftKey && from >= 0) boxes.slice(from, to + 1).forEach((other) => { other.checked = box.checked; });
  clicked = box;
});

document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.type !== "checkbox") return;
  if ("every" in box.dataset) countSelected();
  const table = box.closest("table");
  if (!table) return;
  const boxes = boxesOf(table);
  const all = table.querySelector("[data-all]");
  if (box === all) boxes.forEach((other) => { other.checked = all.checked; });
  else if (all) all.checked = boxes.every((other) => other.checked);
  const every = box.form?.querySelector("[data-every]");
  if (every && !all.checked) every.checked = false;
  countSelected();
});
