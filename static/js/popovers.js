// Cards that open below their button: they stay inside their pane, and close by Escape or when something else is clicked.

const MARGIN = 8;

const others = (target) => [...document.querySelectorAll("details.pop[open]")].filter((pop) => !pop.contains(target));

document.addEventListener("click", (event) => {
  for (const pop of others(event.target)) pop.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const pop of document.querySelectorAll("details.pop[open]")) {
    pop.open = false;
    pop.querySelector("summary").focus();
  }
});

// Events of this kind do not bubble.
document.addEventListener("toggle", (event) => {
  const card = event.target.matches?.("details.pop[open]") && event.target.querySelector(".card");
  if (!card) return;
  card.style.translate = "";
  const over = card.getBoundingClientRect().right + MARGIN - card.closest("main, .side").getBoundingClientRect().right;
  if (over > 0) card.style.translate = `${-over}px`;
  card.querySelector('[name="field"]')?.focus();
}, true);
