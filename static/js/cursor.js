// The row that the keyboard is at: the one whose link has the focus, so that screen readers follow.

const rows = () => [...document.querySelectorAll("main tbody tr")].filter((row) => linkOf(row)?.checkVisibility());
const linkOf = (row) => row.querySelector("td.k a, td a");

// Where the cursor was last. The row may have gone since; then the one that took its place goes on from there.
let last = { list: "", id: "", index: -1 };
const list = () => document.querySelector("main h1")?.textContent ?? "";

document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("main tbody tr");
  if (row) last = { list: list(), id: row.id, index: rows().indexOf(row) };
});

const put = (row) => {
  const link = row && linkOf(row);
  link?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
  return Boolean(link);
};

// The row that has the focus.
export const focusedRow = () => document.activeElement?.closest("main tbody tr");

const remembered = (all) => (last.list === list() && last.id ? all.find((row) => row.id === last.id) : undefined);

// To the row so many further on: from the one with the focus, the one that is open beside, or where the cursor was.
export const move = (step) => {
  const all = rows();
  const at = focusedRow() ?? all.find((row) => row.matches(".on")) ?? remembered(all);
  const from = at ? all.indexOf(at) : last.list === list() && last.index >= 0 ? last.index - (step > 0 ? 1 : 0) : -1;
  put(all[Math.min(Math.max(from + step, 0), all.length - 1)]);
};

// Back to where the cursor was; false if that is not on the page.
export const goBack = () => put(remembered(rows()));

// Does what takes rows away or brings new ones; if the one with the focus goes, the one in its place has it.
export const keepingRow = (change) => {
  const row = focusedRow();
  const at = row && rows().indexOf(row);
  change();
  if (!row || document.activeElement !== document.body) return;
  const all = rows();
  put(all.find(({ id }) => id === row.id) ?? all[Math.min(at, all.length - 1)]);
};
