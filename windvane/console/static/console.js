// What every page does beyond forms and links: times in the reader's zone, copy buttons, names that confirm, the theme.
"use strict";

(() => {
  const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  const steps = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

  function ago(moment) {
    const seconds = (moment.getTime() - Date.now()) / 1000;
    const [unit, size] = steps.find(([, one]) => Math.abs(seconds) >= one) || steps[3];
    return relative.format(Math.round(seconds / size), unit);
  }

  function showTime(element) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) return;
    const text = element.dataset.show === "ago" ? ago(moment) : full.format(moment);
    if (element.textContent !== text) element.textContent = text;
    element.title = full.format(moment);
  }

  function say(text) {
    document.getElementById("said").textContent = text;
  }

  async function copy(button) {
    const code = button.closest(".code").querySelector("code");
    await navigator.clipboard.writeText(code.textContent);
    say("Copied.");
    button.classList.add("done");
  }

  // The page stays as it is, with what was typed into it: it may be the answer to a form.
  async function chooseTheme(form, theme) {
    const fields = new URLSearchParams(new FormData(form));
    fields.set("theme", theme);
    try {
      const answer = await fetch(form.action, { method: "POST", body: fields, redirect: "manual" });
      if (answer.type !== "opaqueredirect") throw new Error(answer.status);
    } catch (error) {
      say("The theme was not changed: the server is not responding.");
      return;
    }
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    form.querySelectorAll("button").forEach((one) => one.setAttribute("aria-pressed", one.value === theme));
    // Reports in frames are drawn in the theme by the server.
    document.querySelectorAll("iframe").forEach((one) => one.replaceWith(one.cloneNode()));
  }

  function settle(root) {
    root.querySelectorAll("time[data-show]").forEach(showTime);
    // Clipboards are there on loopback and with TLS alone.
    if (navigator.clipboard) root.querySelectorAll("[data-copy]").forEach((one) => { one.hidden = false; });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form.theme");
    if (!form || !event.submitter) return;
    event.preventDefault();
    chooseTheme(form, event.submitter.value);
  });
  document.addEventListener("input", (event) => {
    const wanted = event.target.dataset.mustBe;
    if (wanted !== undefined) {
      event.target.setCustomValidity(event.target.value === wanted ? "" : `Type ${wanted}`);
    }
  });
  document.addEventListener("htmx:afterSettle", (event) => settle(event.target));
  // What a page waited for is there: the page is shown anew, with it.
  document.addEventListener("htmx:sseClose", (event) => {
    if (event.detail.type === "message" && event.target.closest("[data-reload]")) window.location.reload();
  });
  document.addEventListener("htmx:sseMessage", (event) => settle(event.target));
  document.addEventListener("htmx:beforeSwap", (event) => {
    // Errors come as fragments to be shown, not to be dropped.
    if (event.detail.xhr.status >= 400) event.detail.shouldSwap = true;
  });
  document.addEventListener("DOMContentLoaded", () => settle(document));
  if (document.readyState !== "loading") settle(document);
  setInterval(() => document.querySelectorAll('time[data-show="ago"]').forEach(showTime), 10000);
})();
