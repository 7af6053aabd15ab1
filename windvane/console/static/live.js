// A page that lives says so when it does not, and in the title of its tab how far it is.
"use strict";

(() => {
  const show = (lost) => document.querySelectorAll("[data-lost]").forEach((one) => { one.hidden = !lost; });

  document.addEventListener("htmx:sseError", () => show(true));
  document.addEventListener("htmx:sseMessage", () => {
    const told = document.querySelector("[data-title]");
    if (told) document.title = told.dataset.title;
  });
  document.addEventListener("htmx:sseOpen", () => show(false));
})();
