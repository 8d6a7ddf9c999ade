// The bar says how many background jobs are not over, as long as there are any.
import { write } from "./times.js";

const PAUSE = 1000; // milliseconds between an answer and the next question

let timer = 0;
const ask = async () => {
  const chip = document.querySelector("[data-jobs]");
  if (!chip) return;
  const response = document.hidden ? null : await fetch(chip.dataset.jobs).catch(() => null);
  const text = response?.ok ? await response.text() : chip.textContent;
  if (text) write(chip, text);
  else chip.remove();
  followJobs();
};

// Called whenever the bar may be a new one.
export const followJobs = () => {
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE);
};
