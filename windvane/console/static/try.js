// A file of rows, chosen or dropped, is read into the field for pasted rows and goes to the server with the form at once.
// A prediction that is not that of what the form says any more, or while it is asked for anew, says so.
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

  const told = document.getElementById("told"), earlier = document.getElementById("earlier");
  const result = document.getElementById("result");
  let asked = null;

  // "" where the prediction is that of the form.
  function isEarlier(why) {
    const hasAnswer = result.querySelector(".try-answer, .try-rows") !== null;
    told.classList.toggle("try-earlier", hasAnswer && why !== "");
    earlier.hidden = !hasAnswer || why === "";
    earlier.textContent = why;
  }

  const isOfResult = (event) => event.detail.target === result;
  document.querySelectorAll("#row-form, #csv-form").forEach((form) => form.addEventListener("input", (event) => {
    if (event.target.id === "live" || (asked && asked !== form)) return;
    isEarlier("This prediction is that of the earlier values. Choose Predict for the present ones.");
  }));
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isOfResult(event)) return;
    asked = event.detail.elt.form;
    isEarlier("Predicting … Until then, the earlier prediction is shown.");
  });
  document.addEventListener("htmx:afterSwap", (event) => { if (isOfResult(event)) isEarlier(""); });
  for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:swapError"]) {
    document.addEventListener(failure, (event) => {
      if (!isOfResult(event)) return;
      isEarlier("The server is not responding. The prediction shown is the earlier one.");
      if (earlier.hidden) say("The server is not responding.");
    });
  }
})();
