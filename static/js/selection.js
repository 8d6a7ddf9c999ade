// Ticking rows, one by one or all of a page.
import { write } from "./times.js";

export const countSelected = () => {
  const button = document.querySelector("[data-selected]");
  if (!button) return;
  const ticked = document.querySelectorAll("tbody input[type=checkbox]:checked").length;
  button.disabled = !ticked;
  write(button, ticked ? `Delete ${ticked} selected…` : button.dataset.selected);
};

document.addEventListener("change", (event) => {
  const box = event.target;
  const table = box.closest("table");
  if (!table || box.type !== "checkbox") return;
  const boxes = [...table.querySelectorAll("tbody input[type=checkbox]")];
  const all = table.querySelector("[data-all]");
  if (box === all) boxes.forEach((other) => { other.checked = all.checked; });
  else if (all) all.checked = boxes.every((other) => other.checked);
  countSelected();
});
