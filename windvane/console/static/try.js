// A file of rows is read into the field for pasted rows: it goes to the server with the form.
"use strict";
(() => {
  document.querySelectorAll("[data-fills]").forEach((input) => {
    input.closest("label").hidden = false;
    input.addEventListener("change", async () => {
      const file = input.files[0];
      if (!file) return;
      const field = document.getElementById(input.dataset.fills);
      if (file.size > 6000000) {
        document.getElementById("said").textContent = "The file is larger than 6 MB, the most that an endpoint accepts in one request.";
        return;
      }
      field.value = await file.text();
      field.focus();
    });
  });
})();
