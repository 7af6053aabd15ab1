// A page that lives says so when it does not.
"use strict";

(() => {
  const show = (lost) => document.querySelectorAll("[data-lost]").forEach((one) => { one.hidden = !lost; });

  document.addEventListener("htmx:sseError", () => show(true));
  document.addEventListener("htmx:sseOpen", () => show(false));
})();
