// The theme is chosen without loading the page anew; the server remembers it.
document.addEventListener("change", (event) => {
  const { form } = event.target;
  if (!form?.matches(".bar .theme")) return;
  document.documentElement.dataset.theme = event.target.value;
  fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual", keepalive: true }).catch(() => {});
});
