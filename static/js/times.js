// Running times: countdowns, ages and TTL bars, by the server's clock.

let skew = 0;
export const now = () => Date.now() - skew;

const syncClock = () => {
  const bar = document.querySelector("[data-now]");
  if (bar && bar.dataset.synced !== bar.dataset.now) {
    skew = Date.now() - Number(bar.dataset.now);
    bar.dataset.synced = bar.dataset.now;
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

// What does not change is not written: writing would end a selection of text.
export const write = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

const tick = (root = document) => {
  for (const element of root.querySelectorAll("[data-expires]")) {
    const left = (Number(element.dataset.expires) - now()) / 1000;
    const { before, after, over } = element.dataset; // with something to say after it, it is told roughly
    write(element, left > 0 ? before + (after ? rough(left) : countdown(left)) : after || over || "expired");
    if (left <= 0 && !after) element.closest("tr[data-item]")?.classList.add("gone");
  }
  for (const bar of root.querySelectorAll("[data-until]")) {
    const left = Math.max(0, (Number(bar.dataset.until) - now()) / 1000);
    bar.value = Math.min(1, Math.log1p(left) / Math.log1p(7 * 86400));
    bar.classList.toggle("low", left < 60);
  }
  for (const element of root.querySelectorAll("[data-ago]")) {
    const words = element.dataset.words;
    write(element, rough((now() - Number(element.dataset.ago)) / 1000) + (words ? ` ${words}` : ""));
  }
};

const localTimes = (root) => {
  for (const element of root.querySelectorAll("time[datetime]:not([data-zoned])")) {
    const at = new Date(element.dateTime);
    element.dataset.zoned = "yes";
    element.title = `${at.toLocaleString()} (${element.title})`;
    if ("local" in element.dataset) write(element, at.toLocaleString());
  }
};

// Called whenever something new is in the document, or with what is about to come into it.
export const runTimes = (root = document) => {
  syncClock();
  localTimes(root);
  tick(root);
};

setInterval(() => tick(), 1000);
