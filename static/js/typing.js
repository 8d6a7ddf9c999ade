// What is typed into a form: the caret goes to an error, and nothing is dropped without a question.

export const caretAtError = () => {
  const error = document.querySelector(".error[data-line]:not([data-shown])");
  const area = error && document.querySelector(`[aria-describedby="${error.id}"]`);
  if (!area) return;
  error.dataset.shown = "yes";
  const lines = area.value.split("\n");
  // Columns count characters, selections count UTF-16 units: an emoji is one of the former and two of the latter.
  const inLine = [...lines[error.dataset.line - 1]].slice(0, error.dataset.column - 1).join("").length;
  const at = lines.slice(0, error.dataset.line - 1).reduce((sum, line) => sum + line.length + 1, inLine);
  area.focus();
  area.setSelectionRange(at, at + 1);
};

const changed = (control) =>
  control.type !== "hidden" &&
  (control.options ? [...control.options].some((one) => one.selected !== one.defaultSelected && control.selectedIndex > 0)
    : "defaultValue" in control && control.value !== control.defaultValue);
const unsaved = () => [...document.querySelectorAll("form.form")].find((form) => "typed" in form.dataset || [...form.elements].some(changed));
// A search only swaps the list.
const leaving = (source) => unsaved() && !unsaved().contains(source) && !source.closest("[hx-target='#results']");

document.addEventListener("htmx:config:request", (event) => {
  if (leaving(event.target) && !window.confirm("Drop what you typed?")) event.preventDefault();
});
window.addEventListener("beforeunload", (event) => {
  if (unsaved() && !document.querySelector(".htmx-request")) event.preventDefault();
});
