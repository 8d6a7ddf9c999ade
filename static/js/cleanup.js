// The cleanup page: how many groups are ticked, and how much each saved rule would clear.
import "./selection.js"; // which ticks all boxes at once: it is to have done so before they are counted
import { write } from "./times.js";

const groups = (number) => `${number.toLocaleString("en")} group${number === 1 ? "" : "s"}`;

export const countChosen = () => {
  const button = document.querySelector("[data-clears]");
  if (!button) return;
  const { total, more } = button.dataset;
  const rest = button.form.elements.rest?.checked ? Number(more) : 0;
  const ticked = button.form.querySelectorAll("[name=group]:checked").length + rest;
  button.disabled = !ticked;
  write(button, ticked === Number(total) && ticked > 1 ? `Clear all ${groups(ticked)}` : `Clear ${groups(ticked)}`);
};

document.addEventListener("change", (event) => {
  const rest = event.target.form?.elements.rest;
  if (rest && "all" in event.target.dataset) rest.checked = event.target.checked;
  countChosen();
});

// One question after the other, and only for what somebody can see: each has the store look at all its groups.
let questions = Promise.resolve();
const ask = async (place) => {
  const response = place.isConnected && await fetch(place.dataset.count).catch(() => null);
  if (response?.ok) place.textContent = await response.text();
};
const inView = new IntersectionObserver((entries) => {
  for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
    inView.unobserve(target);
    questions = questions.then(() => ask(target));
  }
});

export const countRules = () => {
  for (const place of document.querySelectorAll("[data-count]:empty")) inView.observe(place);
};
