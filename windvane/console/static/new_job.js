// What a job would make of the data, and the request as code, follow what is chosen.
"use strict";

(() => {
  const form = document.getElementById("job");
  if (!form) return;

  // One part of the page that the server draws anew from the form; a later question takes the place of an earlier one.
  class Part {
    constructor(element, path) {
      this.element = element;
      this.path = path;
    }

    async draw() {
      this.question?.abort();
      const question = (this.question = new AbortController());
      this.element.setAttribute("aria-busy", "true");
      try {
        const answer = await fetch(this.path, {
          method: "POST",
          headers: { "HX-Request": "true" },
          body: new URLSearchParams(new FormData(form)),
          signal: question.signal,
        });
        const text = await answer.text();
        if (question.signal.aborted) return;
        window.htmx.swap(this.element, text, { swapStyle: "innerHTML", swapDelay: 0, settleDelay: 20 });
      } catch (error) {
        if (question.signal.aborted) return;
        document.getElementById("said").textContent = "The server does not answer.";
      }
      this.element.removeAttribute("aria-busy");
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
