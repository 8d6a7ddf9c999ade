// The operations form: what a value looks like for the chosen type, Enter beside "Save", and errors that come while typing.

document.addEventListener("change", (event) => {
  const hint = event.target.selectedOptions?.[0]?.dataset.hint;
  const value = event.target.closest(".op")?.querySelector("[name=value]");
  if (value && hint !== undefined) value.placeholder = hint;
});

// Enter would press the form's first button, which previews.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.name !== "preset_name") return;
  event.preventDefault();
  document.getElementById("save-preset")?.click();
});

// A preview swaps what is said beside the fields, never the fields.
export const markErrors = () => {
  for (const place of document.querySelectorAll("#operations .wrong")) {
    for (const field of document.querySelectorAll(`#operations [aria-describedby="${place.id}"]`)) {
      if (place.querySelector(".error")) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
  }
};
