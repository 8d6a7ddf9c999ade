// Ticking rows, one by one, all of a page, or all that match.
import { write } from "./times.js";

const boxesOf = (table) => [...table.querySelectorAll("tbody input[type=checkbox]")];

// Called whenever there may be other rows: as long as all that match are meant, a row that comes is one of them.
export const countSelected = () => {
  const told = document.querySelector("[data-selected]");
  if (!told) return;
  const { form } = told.closest(".sel").querySelector("button");
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
