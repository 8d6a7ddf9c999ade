// What pages do beyond links and forms. Everything is found anew in the document, so what htmx swaps in needs no set-up.
import { countChosen, countRules } from "./js/cleanup.js";
import "./js/copy.js";
import "./js/download.js";
import "./js/editor.js";
import { showMarked } from "./js/item.js";
import { followJobs } from "./js/jobs.js";
import "./js/keys.js";
import { follow } from "./js/live.js";
import { markErrors } from "./js/operations.js";
import "./js/popovers.js";
import { countSelected } from "./js/selection.js";
import "./js/theme.js";
import { runTimes } from "./js/times.js";
import { caretAtError } from "./js/typing.js";

const settle = () => {
  runTimes();
  countSelected();
  caretAtError();
  showMarked();
  markErrors();
  countChosen();
  countRules();
  followJobs();
  follow();
};

document.addEventListener("htmx:error", (event) => {
  document.querySelector("#page > .notice")?.remove();
  const notice = document.createElement("p");
  notice.className = "notice bad";
  notice.setAttribute("role", "alert");
  notice.textContent = event.target.closest?.("[data-looks]")
    ? "No answer came, so the preview may not be of what you typed."
    : "No answer came, so it is not known whether this was done. What you typed is still here; look before you try again.";
  document.querySelector("header.bar")?.after(notice);
});

// A list stays where it was scrolled to while an item of it opens beside it.
let kept = null;
document.addEventListener("htmx:before:swap", () => {
  document.querySelector(".notice.bad")?.remove();
  const list = document.querySelector("[data-scroll]");
  kept = list && { place: list.dataset.scroll, top: list.scrollTop, groups: document.getElementById("pane-groups")?.scrollTop };
});
document.addEventListener("htmx:after:swap", () => {
  const list = document.querySelector("[data-scroll]");
  if (kept && list) {
    if (list.dataset.scroll === kept.place) list.scrollTop = kept.top;
    const groups = document.getElementById("pane-groups");
    if (groups) groups.scrollTop = kept.groups ?? 0;
  }
  settle();
  // The pane that was asked for comes next in the order of tabs.
  if (document.activeElement === document.body) {
    (document.getElementById("pane-side") ?? document.getElementById("content"))?.focus({ preventScroll: true });
  }
});

settle();
