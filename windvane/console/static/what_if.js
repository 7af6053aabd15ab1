// Sliders beside number fields, and the prediction of the row as it is changed, beside that of the row it started from.
"use strict";

(() => {
  const PAUSE_MS = 250;
  const form = document.getElementById("row-form"), panel = document.getElementById("what-if");
  if (!form || !panel) return;
  const shown = document.getElementById("what-if-shown"), live = document.getElementById("live");
  const cells = () => [...form.elements].filter((one) => /^cell-\d+$/.test(one.name))
    .sort((one, other) => Number(one.name.slice(5)) - Number(other.name.slice(5))).map((one) => one.value);
  let intervals = "", start = cells(), wait, isAsking = false, isStale = false;

  document.querySelectorAll("[data-slides]").forEach((slider) => {
    const field = document.getElementById(slider.dataset.slides);
    slider.hidden = false;
    slider.addEventListener("input", () => { field.value = String(Number(Number(slider.value).toPrecision(6))); });
    field.addEventListener("input", () => { if (field.value !== "") slider.value = field.value; });
  });

  // One question at a time, however quickly a slider is moved: what changes meanwhile is asked when the answer is there.
  async function ask() {
    isStale = true;
    if (isAsking) return;
    isAsking = true;
    shown.classList.add("try-asking");
    while (isStale) {
      isStale = false;
      const told = new URLSearchParams(new FormData(form));
      told.set("start", JSON.stringify(start));
      if (intervals) told.set("intervals", intervals);
      try {
        const answer = await fetch(panel.dataset.ask, { method: "POST", headers: { "HX-Request": "true" }, body: told });
        if (!answer.headers.get("content-type").startsWith("text/html")) throw new Error();
        if (!isStale) shown.innerHTML = await answer.text();
      } catch {
        shown.textContent = "The server is not responding.";
      }
    }
    isAsking = false;
    shown.classList.remove("try-asking");
  }

  function changed() {
    if (!live.checked) return;
    clearTimeout(wait);
    wait = setTimeout(ask, PAUSE_MS);
  }

  // Of a regression, from the report on the candidate; without them predictions are told alone.
  if (panel.dataset.intervals) {
    fetch(panel.dataset.intervals).then(async (answer) => { if (answer.ok) intervals = await answer.text(); }, () => {});
  }

  panel.hidden = false;
  form.addEventListener("input", (event) => { if (event.target !== live) changed(); });
  live.addEventListener("change", () => { if (live.checked) ask(); else shown.textContent = ""; });
  document.getElementById("what-if-start").addEventListener("click", () => { start = cells(); ask(); });
})();
