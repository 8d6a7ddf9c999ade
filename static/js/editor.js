// The JSON editor. <json-editor> holds the form's textarea and shows CodeMirror in its place, once that is loaded; what is
// typed gets into the textarea. CodeMirror lives in a shadow root, where it needs no style element.

const CHECKED = 1024 * 1024; // characters; a longer text is checked when it is saved
const QUICK = 100 * 1024; // characters; a longer text is put into the textarea in pauses: it takes a tenth of a second
const PAUSE = 300; // milliseconds without a key before that, and before the server is asked

// Columns count characters, offsets count UTF-16 units: an emoji is one of the former and two of the latter.
export const offsetOf = (text, line, column) => {
  const lines = text.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  return Math.min(text.length, before + [...lines[line - 1] ?? ""].slice(0, column - 1).join("").length);
};

// The state of an editor that went with its page: the answer to its form brings the text back, as it was or merged.
let left = null;

class JsonEditor extends HTMLElement {
  #cm = null;
  #view = null;
  #label = null;
  #timer = 0;
  #asking = false;
  #broken = false; // whether the text is known not to be JSON by its grammar alone

  connectedCallback() {
    import("./editor_view.js").then((cm) => this.isConnected && !this.#view && this.#open(cm));
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    if (!this.#view) return;
    left = { place: this.#place, state: this.#view.state };
    this.#view.destroy();
    this.#view = null;
  }

  get area() { return this.querySelector("textarea"); }
  get ready() { return Boolean(this.#view); }
  get text() { return this.#view.state.doc.toString(); }
  get #place() { return this.closest("form")?.getAttribute("action"); }
  get #told() { return this.parentElement.querySelector("#value-error"); }

  #open(cm) {
    const { area } = this;
    const focused = document.activeElement === area;
    const { selectionStart: anchor, selectionEnd: head } = area;
    const known = left?.place === this.#place && "typed" in area.form.dataset;
    this.#label ??= document.querySelector(`label[for="${area.id}"]`);
    this.#cm = cm;
    this.#view = cm.open(
      known ? cm.again(left.state, area.value) : cm.fresh(area.value, this.#label.textContent, area.placeholder),
      this.shadowRoot ?? this.attachShadow({ mode: "open" }),
    );
    this.#view.dom.addEventListener("keydown", (event) => event.stopPropagation()); // it is no shortcut of the page
    this.#label.removeAttribute("for");
    this.#label.onclick = () => this.#view?.focus();
    area.form.addEventListener("formdata", ({ formData }) => this.#view && formData.set(area.name, this.text));
    this.dataset.ready = "yes";
    if (focused) this.select(anchor, head);
    const { line, column } = this.#told?.dataset ?? {};
    cm.mark(this.#view, line && { at: offsetOf(area.value, line, column), message: this.#told.textContent });
  }

  // The caret goes here, or a selection.
  select(anchor, head = anchor) {
    this.#view.dispatch({ selection: { anchor, head }, scrollIntoView: true });
    this.#view.focus();
  }

  // What is called when CodeMirror's text has changed.
  typed() {
    const { length } = this.#view.state.doc;
    if (length <= QUICK) this.area.value = this.text;
    const was = this.#broken;
    const at = length > CHECKED ? null : this.#cm.grammarError(this.#view);
    this.#broken = at !== null;
    if (this.#broken) this.#show(this.#notJson(at));
    else if (was) this.#show(null); // what else was wrong stays until the server says that it is not any more
    this.#checkSoon();
  }

  // Text from elsewhere, which can be undone; the caret stays before the character that it was before.
  replace(text) {
    const before = this.text.slice(0, this.#view.state.selection.main.head).replace(/\s/g, "").length;
    let at = 0;
    for (let seen = 0; seen < before && at < text.length; at++) if (!/\s/.test(text[at])) seen++;
    const whole = { from: 0, to: this.#view.state.doc.length, insert: text };
    this.#view.dispatch({ changes: whole, selection: { anchor: at }, scrollIntoView: true, userEvent: "input.format" });
    this.#view.focus();
  }

  // Asks the server. The answer's `error` is null if the text could be saved; without an answer there is null.
  async ask(layout = "") {
    const body = new URLSearchParams({ value: this.text, do: layout });
    const response = await fetch(this.dataset.check, { method: "POST", body }).catch(() => null);
    return response?.ok ? response.json() : null;
  }

  // An error as the server tells it; null for none.
  show(error) {
    this.#show(error && { ...error, at: error.line ? offsetOf(this.text, error.line, error.column) : undefined });
  }

  #checkSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), PAUSE);
  }

  async #check() {
    const { text, area } = this;
    if (area.value !== text) area.value = text;
    if (text.length > CHECKED) return this.#show(null);
    if (this.#asking) return; // the answer asks again
    this.#asking = true;
    const answer = await this.ask();
    this.#asking = false;
    if (!this.#view) return;
    if (this.text !== text) this.#checkSoon();
    else if (answer) this.show(answer.error);
  }

  #notJson(at) {
    const { number, from } = this.#view.state.doc.lineAt(at);
    const column = [...this.#view.state.sliceDoc(from, at)].length + 1;
    return { at, message: `Not JSON at line ${number}, column ${column}.` };
  }

  // Under the editor there is a line for what is wrong; the server may have put it there.
  #show(error) {
    const message = error?.message ?? "";
    const told = this.#told ?? document.createElement("p");
    if (!told.id) this.after(Object.assign(told, { id: "value-error", className: "error", role: "status" }));
    if (told.textContent !== message) told.textContent = message;
    this.area.ariaInvalid = String(Boolean(error));
    this.#cm.mark(this.#view, error);
  }
}

customElements.define("json-editor", JsonEditor);

// The version that the item has now, 0 if it is gone, kept up to date by static/js/live.js: another one than was opened
// is told of, in place of the choices over what is no longer so.
class LiveVersion extends HTMLElement {
  static observedAttributes = ["data-version"];

  connectedCallback() { this.attributeChangedCallback(); }
  attributeChangedCallback() {
    const form = this.closest("form");
    if (!form) return;
    const same = form.elements.version.value === this.dataset.version;
    const gone = this.dataset.version === "0";
    form.querySelector("#meanwhile").hidden = same || gone;
    form.querySelector("#vanished").hidden = same || !gone;
    const conflict = form.querySelector("#conflict");
    if (conflict) conflict.hidden = !same;
  }
}

customElements.define("live-version", LiveVersion);

const editorOf = (form) => [...form?.querySelectorAll("json-editor") ?? []].find((editor) => editor.ready);

// Layouts are made by the server, which keeps integers exact, but in the editor, where they can be undone.
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[name=do]");
  const editor = button && ["indented", "compact"].includes(button.value) && editorOf(button.form);
  if (!editor || editor.text.length > CHECKED) return;
  event.preventDefault();
  const { text } = editor;
  const answer = await editor.ask(button.value);
  if (!editor.ready || editor.text !== text) return;
  if (answer?.error) {
    editor.show(answer.error);
    if (answer.error.line) editor.select(offsetOf(text, answer.error.line, answer.error.column));
  } else if (answer) editor.replace(answer.text);
});

// Ctrl+S and Ctrl+Enter save, before the browser or CodeMirror take them; not over somebody else's change, which is a
// choice to be made.
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || !["s", "Enter"].includes(event.key)) return;
  const form = document.querySelector("form:has(json-editor)");
  if (!form || (event.key === "Enter" && !form.contains(event.target))) return;
  event.preventDefault();
  event.stopPropagation();
  const conflict = form.querySelector("#conflict");
  if (conflict && !conflict.hidden) conflict.focus();
  else if (!event.repeat) form.requestSubmit();
}, true);
