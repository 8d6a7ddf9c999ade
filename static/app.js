// What pages do beyond links and forms: running times, ticking all rows, the caret at an error, scroll kept in place.
// Everything is found anew in the document, so what htmx swaps in needs no set-up.
"use strict";

(() => {
  // Times are the server's: its clock when the page was made, against ours then.
  let skew = 0;
  const now = () => Date.now() - skew;
  const syncClock = () => {
    const bar = document.querySelector("[data-now]");
    if (bar && !bar.dataset.synced) {
      skew = Date.now() - Number(bar.dataset.now);
      bar.dataset.synced = "yes";
    }
  };

  // dashboard/formats.py writes these the same way.
  const pair = (whole) => {
    for (const [length, unit, smaller, smallerUnit] of [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]]) {
      if (whole >= length) {
        const rest = Math.floor((whole % length) / smaller);
        return `${Math.floor(whole / length)} ${unit}` + (rest ? ` ${rest} ${smallerUnit}` : "");
      }
    }
    return `${whole} s`;
  };
  const countdown = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    return whole < 3600 ? `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}` : pair(whole);
  };
  const rough = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    for (const [length, unit] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
      if (whole >= length) return `${Math.floor(whole / length)} ${unit}`;
    }
    return `${whole} s`;
  };
  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const tick = () => {
    for (const element of document.querySelectorAll("[data-expires]")) {
      const left = (Number(element.dataset.expires) - now()) / 1000;
      write(element, left > 0 ? element.dataset.before + countdown(left) : "expired");
      if (left <= 0) element.closest("tr[data-item]")?.classList.add("gone");
    }
    for (const bar of document.querySelectorAll("[data-until]")) {
      const left = Math.max(0, (Number(bar.dataset.until) - now()) / 1000);
      bar.value = Math.min(1, Math.log1p(left) / Math.log1p(7 * 86400));
      bar.classList.toggle("low", left < 60);
    }
    for (const element of document.querySelectorAll("[data-ago]")) {
      const words = element.dataset.words;
      write(element, rough((now() - Number(element.dataset.ago)) / 1000) + (words ? ` ${words}` : ""));
    }
  };

  const localTimes = () => {
    for (const element of document.querySelectorAll("time[datetime]:not([data-zoned])")) {
      const at = new Date(element.dateTime);
      element.dataset.zoned = "yes";
      element.title = `${at.toLocaleString()} (${element.title})`;
      if ("local" in element.dataset) write(element, at.toLocaleString());
    }
  };

  const caretAtError = () => {
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

  const settle = () => {
    syncClock();
    localTimes();
    tick();
    countSelected();
    caretAtError();
  };

  const countSelected = () => {
    const button = document.querySelector("[data-selected]");
    if (!button) return;
    const ticked = document.querySelectorAll("tbody input[type=checkbox]:checked").length;
    button.disabled = !ticked;
    write(button, ticked ? `Delete ${ticked} selected…` : button.dataset.selected);
  };

  // What is typed into an editor is not dropped without a question.
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

  document.addEventListener("htmx:error", () => {
    document.querySelector(".notice")?.remove();
    const notice = document.createElement("p");
    notice.className = "notice bad";
    notice.setAttribute("role", "alert");
    notice.textContent = "No answer came, so it is not known whether this was done. What you typed is still here; look before you try again.";
    document.querySelector("header.bar")?.after(notice);
  });

  // A list stays where it was scrolled to while an item of it opens beside it.
  let kept = null;
  document.addEventListener("htmx:before:swap", () => {
    const list = document.querySelector("[data-scroll]");
    kept = list && { place: list.dataset.scroll, top: list.scrollTop, groups: document.getElementById("pane-groups")?.scrollTop };
  });
  document.addEventListener("htmx:after:swap", () => {
    document.querySelector(".notice.bad")?.remove();
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

  settle();
  setInterval(tick, 1000);
})();
