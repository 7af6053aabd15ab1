// What a job would make of the data, and the request as code, follow what is chosen.
"use strict";

(() => {
  const form = document.getElementById("job");
  if (!form) return;

  // One part of the page that the server draws anew from the form. One question at a time, however quickly choices
  // follow each other (every arrow key is one): what changes meanwhile is asked when the answer is there.
  class Part {
    constructor(element, path) {
      this.element = element;
      this.path = path;
    }

    async draw() {
      this.isStale = true;
      if (this.isAsking) return;
      this.isAsking = true;
      this.element.setAttribute("aria-busy", "true");
      while (this.isStale) {
        this.isStale = false;
        await this.ask();
      }
      this.element.removeAttribute("aria-busy");
      this.isAsking = false;
    }

    async ask() {
      try {
        const answer = await fetch(this.path, {
          method: "POST",
          headers: { "HX-Request": "true" },
          body: new URLSearchParams(new FormData(form)),
        });
        const text = await answer.text();
        if (this.isStale) return;
        window.htmx.swap(this.element, text, { swapStyle: "innerHTML", swapDelay: 0, settleDelay: 20 });
      } catch (error) {
        document.getElementById("said").textContent = "The server is not responding.";
      }
    }
  }

  const seen = new Part(document.getElementById("seen"), "/console/new/look");
  const code = document.getElementById("code") && new Part(document.getElementById("code"), "/console/new/code");
  let wait;

  // The page's address follows what is chosen, so that it can be loaded again, or sent to somebody. Of columns it has those
  // whose use was chosen; if it becomes longer than servers and proxies take, it stays as it was.
  const DERIVED = new Set(["csrf_token", "implied", "default_objective", "content_type", "compression"]);
  const LONGEST_ADDRESS = 7000;

  function remember() {
    const told = new URLSearchParams();
    let column;
    for (const [name, value] of new FormData(form)) {
      if (name === "column") column = value;
      else if (name === "type") { if (value) { told.append("column", column); told.append("type", value); } }
      else if (!DERIVED.has(name) && (value || form.elements[name].defaultValue)) told.append(name, value);
    }
    const address = `/console/new?${told}`;
    if (address.length <= LONGEST_ADDRESS) window.history.replaceState(window.history.state, "", address);
  }

  form.addEventListener("change", async (event) => {
    remember();
    // Why the job was not started holds for the form as it was sent.
    document.querySelector("[data-refusal]")?.remove();
    if (!seen.element.contains(event.target)) return;
    await seen.draw();
    remember();
    code?.draw();
  });
  // A button that chooses the use of a column; without this script it asks the server for the same.
  form.addEventListener("click", (event) => {
    const select = document.getElementById(event.target.closest("[data-use]")?.dataset.use);
    if (!select) return;
    event.preventDefault();
    select.value = "categorical";
    select.dispatchEvent(new Event("change", { bubbles: true }));
    document.getElementById("said").textContent = `${select.labels[0].textContent}: categorical.`;
  });
  form.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(() => { remember(); code?.draw(); }, 250);
  });
})();
