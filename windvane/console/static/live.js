// A page that lives says so when it does not, and in the title of its tab how far it is; if it was asked to, it shows a
// notification of the browser when its job ends.
"use strict";

(() => {
  const show = (lost) => document.querySelectorAll("[data-lost]").forEach((one) => { one.hidden = !lost; });

  document.addEventListener("htmx:sseError", () => show(true));
  document.addEventListener("htmx:sseMessage", () => {
    const told = document.querySelector("[data-title]");
    if (told) document.title = told.dataset.title;
  });
  document.addEventListener("htmx:sseOpen", () => show(false));

  // Asked for by a button, never unasked; the choice is kept for this tab, as the page may be loaded again.
  const button = document.querySelector("[data-notify]");
  if (!button || !window.isSecureContext || !("Notification" in window)) return;
  const key = `notify ${button.dataset.notify}`;
  const choose = (wanted) => {
    button.setAttribute("aria-pressed", String(wanted));
    if (wanted) sessionStorage.setItem(key, "yes");
    else sessionStorage.removeItem(key);
  };
  choose(sessionStorage.getItem(key) === "yes" && Notification.permission === "granted");
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-pressed") === "true") return choose(false);
    const answer = await Notification.requestPermission();
    choose(answer === "granted");
    if (answer !== "granted") document.getElementById("said").textContent = "This browser does not allow notifications of this page.";
  });
  document.addEventListener("htmx:sseClose", () => {
    const ended = document.querySelector("[data-ended]");
    if (!ended) return;
    button.hidden = true;
    if (button.getAttribute("aria-pressed") !== "true") return;
    choose(false);
    const told = new Notification(`${button.dataset.notify}: ${ended.dataset.ended}`, { tag: key });
    told.addEventListener("click", () => window.focus());
  });
})();
