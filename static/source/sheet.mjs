// The form over a text: more programs, labels that exclude each other, a suggestion taken over, and keys.

export function wirePrograms(form, enhance) {
  const button = form.querySelector("[data-add]");
  button?.addEventListener("click", (event) => {
    const total = form.elements["file-TOTAL_FORMS"];
    const number = Number(total.value);
    if (number >= Number(form.elements["file-MAX_NUM_FORMS"].value)) return; // the page that comes says so
    event.preventDefault();
    const made = document.createElement("template");
    made.innerHTML = document.getElementById("new-program").innerHTML.replaceAll("__number__", number);
    const program = made.content.firstElementChild;
    document.getElementById("programs").append(program);
    total.value = number + 1;
    enhance(program.querySelector("[data-box]"));
    program.querySelector("input").focus();
  });
}

// "all" excludes the four generations, and each of them excludes "all".
export function wireLabels(form) {
  form.addEventListener("change", ({ target }) => {
    if (target.name !== "field-generation" || !target.checked) return;
    for (const box of boxes(form, target.name)) {
      if ((box.value === "all") !== (target.value === "all")) box.checked = false;
    }
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-accept]");
    if (!button || !boxes(form, "field-generation").length) return; // in Markdown the studio writes it
    event.preventDefault();
    accept(form, button);
  });
}

function accept(form, button) {
  for (const [name, words] of Object.entries(JSON.parse(button.dataset.accept))) {
    for (const box of boxes(form, `field-${name}`)) box.checked = words.includes(box.value);
  }
  form.elements.accepted.value = button.dataset.signature;
  form.querySelector('[name="field-generation"]').dispatchEvent(new Event("input", { bubbles: true }));
}

const boxes = (form, name) => [...form.querySelectorAll(`input[name="${name}"]`)];

// Before the boxes see them: Ctrl Enter would add a line there.
export function wireKeys(form, check) {
  const press = (selector) => form.querySelector(selector)?.click();
  const keys = [
    [(e) => (e.ctrlKey || e.metaKey) && !e.altKey && (e.key.toLowerCase() === "s" || e.key === "Enter"), () => press("[data-save]")],
    [(e) => e.altKey && !e.ctrlKey && e.code === "KeyG", () => press("[data-accept]")],
    [(e) => e.key === "F8", (e) => check.goOn(e.shiftKey ? -1 : 1)],
  ];
  document.addEventListener(
    "keydown",
    (event) => {
      const found = keys.find(([fits]) => fits(event));
      if (!found) return;
      event.preventDefault();
      event.stopPropagation();
      found[1](event);
    },
    { capture: true },
  );
}
