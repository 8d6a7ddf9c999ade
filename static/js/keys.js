// Keys that do things. None does while something is typed, or together with Ctrl, Meta or Alt.
import { focusedRow, goBack, move } from "./cursor.js";

const dialog = () => document.getElementById("keys");
const seen = (selectors) => selectors.map((one) => document.querySelector(one)).find((one) => one?.checkVisibility());

// Those who speak to their computer can turn them off: what they say would press some.
const SETTING = "stepstate-keys";
const used = () => localStorage.getItem(SETTING) !== "off";
document.addEventListener("change", (event) => {
  if (event.target.id === "keys-used") localStorage.setItem(SETTING, event.target.checked ? "on" : "off");
});

const help = () => {
  document.getElementById("keys-used").checked = used();
  dialog().showModal();
};
document.addEventListener("click", (event) => {
  if (!event.target.closest?.(".bar .help") || !dialog() || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation(); // htmx would go to the page
  help();
}, true);

// What the next page is to have the focus at, if it has it.
let then = null;
document.addEventListener("htmx:after:swap", () => {
  const focus = then;
  then = null;
  focus?.();
});

// Links are followed as a click would, with the question whether what is typed may be dropped.
const follow = (href) => {
  const link = document.createElement("a");
  link.href = href;
  link.className = "aside-of-page";
  document.getElementById("page").append(link);
  htmx.process(link);
  link.click();
};
const toField = () => {
  const field = document.getElementById("ttl");
  field?.focus();
  field?.select();
  return Boolean(field);
};

// The item in question is that of the row with the focus, else the one that is open.
const rowBeside = () => {
  const row = focusedRow();
  return row?.matches("[data-item]:not(.on)") ? row : null;
};
const itemLink = () => rowBeside()?.querySelector("td.k a")?.href ?? document.querySelector(".side .tabs a")?.href;
const goTo = (view) => {
  const item = itemLink();
  if (!item) return;
  const url = new URL(item);
  url.pathname += `/${view}`;
  follow(url);
};
const toTtl = () => {
  if (!rowBeside() && toField()) return;
  const item = itemLink();
  if (!item) return;
  then = toField;
  follow(item);
};
// A row is deleted at the version that is shown.
const deleteRow = (row) => {
  const box = row.querySelector("input[name=key]");
  const form = document.createElement("form");
  form.method = "post";
  form.action = box.form.action;
  form.hidden = true;
  for (const [name, value] of [["do", "delete"], ["sure", "yes"], ["key", box.value]]) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    form.append(field);
  }
  document.getElementById("page").append(form);
  htmx.process(form);
  form.requestSubmit();
};
const remove = () => {
  const row = rowBeside();
  if (row) deleteRow(row);
  else document.querySelector(".side form[action*='/delete'] button")?.click();
};
const close = () => {
  const link = document.querySelector(".side a.close");
  if (!link) return;
  then = goBack;
  link.click();
};

const KEYS = {
  "/": () => {
    const field = seen(["#search", ".side [name=find]", "#pane-groups [type=search]", ".rules [name=match]"]);
    field?.focus();
    field?.select();
  },
  j: () => move(1),
  k: () => move(-1),
  e: () => goTo("edit"),
  o: () => goTo("operations"),
  t: toTtl,
  x: () => focusedRow()?.querySelector("input[type=checkbox]")?.click(),
  d: remove,
  u: () => document.querySelector("#undo form button")?.click(),
  "?": help,
};
const WRITING = "eotxdu";
const writes = () => "writes" in document.body.dataset;
const ROW_KEYS = { ArrowDown: KEYS.j, ArrowUp: KEYS.k };

const TYPED = "input:not([type=checkbox], [type=radio], [type=submit], [type=button]), textarea, select, json-editor, [contenteditable]";
const typing = (event) => event.composedPath().some((one) => one.matches?.(TYPED));

const escape = (event) => {
  if (!typing(event)) close();
  else if (!event.target.closest("json-editor, select")) {
    (event.target.closest("#pane-side, #content, #pane-groups") ?? document.getElementById("content")).focus({ preventScroll: true });
  }
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open], details.pop[open]")) return;
  if (event.key === "Escape") return escape(event);
  if (typing(event)) return;
  const rowKey = focusedRow() && ROW_KEYS[event.key];
  const act = rowKey || (used() && KEYS[event.key]);
  if (!act || (WRITING.includes(event.key) && !writes()) || (event.repeat && !rowKey && !"jk".includes(event.key))) return;
  event.preventDefault();
  act();
});
