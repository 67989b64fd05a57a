// Sections of a form that depend on a choice: shown with it, and not sent without it.

function show(form) {
  const held = new FormData(form);
  for (const section of form.querySelectorAll("[data-when]")) {
    const fits = Object.entries(JSON.parse(section.dataset.when)).every(([name, values]) => values.includes(held.get(name)));
    section.hidden = !fits;
    section.querySelector("fieldset").disabled = !fits;
  }
}

const changed = (event) => {
  const form = event.target.closest?.("form[data-form]");
  if (form?.querySelector("[data-when]")) show(form);
};
document.addEventListener("change", changed);
document.addEventListener("gx:draft", changed);
