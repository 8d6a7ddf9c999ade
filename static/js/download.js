// A button that brings a file: the browser sends its form by itself, without htmx, which would put the file into the page.
document.addEventListener("submit", (event) => {
  if (event.submitter?.matches("[data-download]")) event.stopImmediatePropagation();
}, true);

// A menu closes when one of its files was chosen.
document.addEventListener("click", (event) => {
  const menu = event.target.closest?.(".menu a[download]")?.closest("details");
  if (menu) menu.open = false;
});
