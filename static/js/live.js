// Follows the store: what the server sends of a page's live regions is put in place without disturbing who is at work.
import { keepingRow } from "./cursor.js";
import { countSelected } from "./selection.js";
import { now, runTimes } from "./times.js";
import { unsaved } from "./typing.js";

// Milliseconds.
const FRESH = 2000; // a changed row is marked for so long
const LAG = 2000; // a change may be under way to the screen for so long
const SILENCE = 40_000; // without a sign of life for so long, the stream is taken for dead
const LATEST = 2000; // between two tries to connect, at most

const bar = () => document.querySelector("header.bar");
const regions = () => [...document.querySelectorAll("[data-live]")];
const place = () => location.pathname + location.search;

let morph;
htmx.registerExtension("stepstate-live", {
  init: (api) => { morph = api.morph; },
  // What the reader has opened or closed stays so.
  htmx_before_morph_attr: (element, { attrName }) => !(attrName === "open" && element.tagName === "DETAILS"),
});

// The bar says how the page and the store stand to each other. It is new after each navigation.
const WORDS = { live: "live", offline: "offline · trying again", gone: "not there any more" };
let state = "";
const show = (next) => {
  state = next;
  const indicator = document.querySelector(".bar .live");
  if (!indicator || indicator.textContent === (WORDS[state] ?? "")) return;
  if (state === "live") indicator.removeAttribute("role");
  else indicator.setAttribute("role", "status");
  indicator.textContent = WORDS[state] ?? "";
};

// Rows that changed or are new stay marked for a moment, whatever is put in place meanwhile.
const marks = new Map();
let shownUntil = 0; // when what is on screen was last known to be right, by the server's clock
const rows = (region) => [...region.querySelectorAll("[data-version][id]")];
const versions = (region) => new Map(rows(region).map((row) => [row.id, row.dataset.version]));
const mark = (region, before) => {
  for (const row of rows(region)) {
    const known = before.get(row.id);
    // One that only came into view, where another went, is not new.
    if (known ? known !== row.dataset.version : row.dataset.changed > shownUntil) marks.set(row.id, now() + FRESH);
  }
  for (const id of marks.keys()) document.getElementById(id)?.classList.add("fresh");
  setTimeout(unmark, FRESH + 20);
};
const unmark = () => {
  for (const [id, until] of marks) {
    if (until > now()) continue;
    marks.delete(id);
    document.getElementById(id)?.classList.remove("fresh");
  }
};

const replace = (region, digest, html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  runTimes(template.content); // so that only what really differs is touched, and a selection of text elsewhere holds
  const before = versions(region);
  keepingRow(() => morph(region, template.content, true));
  htmx.process(region);
  region.dataset.live = digest;
  mark(region, before);
};

// What came and is not in place yet: nothing moves while a word is being composed or a request is under way.
let waiting = null;
let composing = false;
const requests = new Set();
const put = () => {
  if (!waiting || composing || requests.size) return;
  const { revision, news } = waiting;
  waiting = null;
  for (const [name, [digest, html]] of Object.entries(news)) {
    const region = document.getElementById(`live-${name}`);
    if (region) replace(region, digest, html);
  }
  bar().dataset.since = revision;
  shownUntil = now() - LAG;
  countSelected();
};
document.addEventListener("compositionstart", () => { composing = true; });
document.addEventListener("compositionend", () => { composing = false; put(); });
document.addEventListener("htmx:before:request", (event) => requests.add(event.detail.ctx));
document.addEventListener("htmx:finally:request", (event) => { requests.delete(event.detail.ctx); put(); });

const gone = () => {
  if (unsaved()) {
    show("gone");
    document.querySelector("live-version")?.setAttribute("data-version", "0");
  } else htmx.ajax("GET", place(), { target: "#page", swap: "innerHTML" });
};

let source = null;
let followed = { place: "", regions: [] };
let retry = 0;
let silence = 0;
let failures = 0;
const leave = () => {
  source?.close();
  source = null;
  waiting = null;
  clearTimeout(retry);
  clearTimeout(silence);
};
const lost = () => {
  leave();
  if (failures || !navigator.onLine) show("offline"); // a stream may end, and the next be there at once
  retry = setTimeout(connect, Math.min(LATEST, 500 * 2 ** failures));
  failures += 1;
};
const alive = () => {
  clearTimeout(silence);
  silence = setTimeout(lost, SILENCE);
};

// When the page may change though nothing is written: an item on it expires, or it lists what is new or old.
const due = () => {
  const times = [...document.querySelectorAll("[data-live] [data-expires]")].map((one) => Number(one.dataset.expires));
  const again = regions().map((region) => Number(region.dataset.again)).filter(Boolean);
  return Math.min(...times.filter((at) => at > now()), ...again.map((seconds) => now() + 1000 * seconds));
};
const address = () => `${bar().dataset.stream}?${new URLSearchParams({
  page: place(),
  since: bar().dataset.since,
  has: regions().map((region) => `${region.id.slice("live-".length)}:${region.dataset.live}`).join(),
  due: Math.ceil(due()),
})}`;

const connect = () => {
  leave();
  if (document.hidden || !regions().length) return;
  source = new EventSource(address());
  source.addEventListener("open", () => {
    failures = 0;
    show("live");
    alive();
  });
  source.addEventListener("beat", alive);
  source.addEventListener("regions", ({ data, lastEventId }) => {
    alive();
    show("live");
    waiting = { revision: lastEventId, news: { ...waiting?.news, ...JSON.parse(data) } };
    put();
  });
  source.addEventListener("gone", gone);
  source.addEventListener("end", () => { leave(); show(""); });
  source.addEventListener("error", lost);
};

// Follow the page that is in the document now; called whenever that may be another.
export const follow = () => {
  const there = { place: place(), regions: regions() };
  show(there.regions.length && state !== "gone" ? state : "");
  const same = there.place === followed.place && there.regions.length === followed.regions.length
    && there.regions.every((region, index) => region === followed.regions[index]);
  if (same) return;
  followed = there;
  shownUntil = Math.max(shownUntil, bar().dataset.now - LAG);
  connect();
};

document.addEventListener("visibilitychange", connect);
window.addEventListener("online", connect);
window.addEventListener("offline", lost);
