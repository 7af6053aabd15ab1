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

  form.addEventListener("change", async (event) => {
    if (!seen.element.contains(event.target)) return;
    await seen.draw();
    code?.draw();
  });
  form.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(() => code?.draw(), 250);
  });
})();
