// What is typed into a form: the caret goes to an error, and nothing is dropped without a question.
import { offsetOf } from "./editor.js";

export const caretAtError = () => {
  const error = document.querySelector(".error[data-line]:not([data-shown])");
  const area = error && document.querySelector(`[aria-describedby="${error.id}"]`);
  if (!area) return;
  error.dataset.shown = "yes";
  const at = offsetOf(area.value, error.dataset.line, error.dataset.column);
  const editor = area.closest("json-editor");
  if (editor?.ready) return editor.select(at);
  area.focus();
  area.setSelectionRange(at, at);
};

const changed = (control) =>
  control.type !== "hidden" &&
  (control.options ? [...control.options].some((one) => one.selected !== one.defaultSelected && control.selectedIndex > 0)
    : "defaultValue" in control && control.value !== control.defaultValue);
export const unsaved = () => [...document.querySelectorAll("form.form")].find((form) => "typed" in form.dataset || [...form.elements].some(changed));
// A search only swaps the list.
const leaving = (source) => unsaved() && !unsaved().contains(source) && !source.closest("[hx-target='#results']");

document.addEventListener("htmx:config:request", (event) => {
  if (leaving(event.target) && !window.confirm("Drop what you typed?")) event.preventDefault();
});
window.addEventListener("beforeunload", (event) => {
  if (unsaved() && !document.querySelector(".htmx-request")) event.preventDefault();
});
