// A file of rows, chosen or dropped, is read into the field for pasted rows and goes to the server with the form at once.
"use strict";
(() => {
  const MOST_BYTES = 6000000;

  function say(text) { document.getElementById("said").textContent = text; }

  function tooLarge() {
    say("The file is larger than 6 MB, the most that an endpoint accepts in one request. Use “Predict a file of any size”.");
    document.getElementById("larger").focus();
  }

  async function take(form, field, file) {
    if (file.size > MOST_BYTES) return tooLarge();
    field.value = await file.text();
    say(`${file.name} was read.`);
    const ask = form.querySelector("button.primary");
    (ask || field).focus();
    if (ask) ask.click();
  }

  document.querySelectorAll("[data-fills]").forEach((input) => {
    const form = input.form, field = document.getElementById(input.dataset.fills);
    input.closest("label").hidden = false;
    input.addEventListener("change", async () => {
      const file = input.files[0];
      input.value = "";
      if (file) await take(form, field, file);
    });
    form.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      form.classList.add("try-over");
    });
    form.addEventListener("dragleave", () => form.classList.remove("try-over"));
    form.addEventListener("drop", (event) => {
      const file = event.dataTransfer.files[0];
      form.classList.remove("try-over");
      if (!file) return;
      event.preventDefault();
      take(form, field, file);
    });
  });
})();
