// What another threshold would do, while the slider moves.
"use strict";

(() => {
  const source = document.getElementById("threshold-data");
  if (!source) return;
  const { n_positive: positives, n_negative: negatives, threshold, hits, alarms } = JSON.parse(source.textContent);
  const slider = document.getElementById("threshold-at");
  const said = document.getElementById("threshold-said");
  const deploy = document.getElementById("threshold-deploy");
  const cells = [...document.querySelectorAll("[data-at]")];
  const marks = [...document.querySelectorAll(".chart [data-x]")];
  const whole = new Intl.NumberFormat("en");

  function percent(value) {
    if (value === null) return "–";
    const told = value * 100;
    if (told > 0 && told < 0.05) return "less than 0.1 %";
    if (told > 99.95 && told < 100) return "more than 99.9 %";
    return `${told.toFixed(1).replace(/\.0$/, "")} %`;
  }

  // Thresholds fall: how many are at least as high.
  function placeOf(asked) {
    let low = 0;
    let high = threshold.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (threshold[middle] >= asked) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // A mark says which share its place along an axis is, and where the axis begins and ends.
  function placed(told, shares) {
    const [name, start, end] = told.split(" ");
    return Number(start) + shares[name] * (Number(end) - Number(start));
  }

  function move(mark, shares) {
    const x = placed(mark.dataset.x, shares);
    if (mark.localName === "line") {
      mark.setAttribute("x1", x);
      mark.setAttribute("x2", x);
      return;
    }
    mark.setAttribute("cx", x);
    mark.setAttribute("cy", placed(mark.dataset.y, shares));
    const told = [mark.dataset.x, mark.dataset.y].map((one) => one.split(" ")[0]);
    mark.querySelector("title").textContent = `At the threshold ${shares.threshold.toFixed(3)}: ${told.map((name) => `${name.replaceAll("_", " ")} ${percent(shares[name])}`).join(", ")}.`;
  }

  function show(asked) {
    const place = placeOf(asked);
    const hit = place ? hits[place - 1] : 0;
    const alarm = place ? alarms[place - 1] : 0;
    const found = {
      precision: percent(hit + alarm ? hit / (hit + alarm) : null),
      recall: percent(hit / positives),
      f1: percent((2 * hit) / (hit + alarm + positives)),
      accuracy: percent((hit + negatives - alarm) / (positives + negatives)),
      hits: whole.format(hit),
      misses: whole.format(positives - hit),
      alarms: whole.format(alarm),
      passed: whole.format(negatives - alarm),
    };
    const shares = {
      threshold: asked,
      recall: hit / positives,
      precision: hit + alarm ? hit / (hit + alarm) : 1,
      false_positive_rate: alarm / negatives,
    };
    marks.forEach((mark) => move(mark, shares));
    cells.forEach((cell) => { cell.textContent = found[cell.dataset.at]; });
    said.textContent = asked.toFixed(3);
    deploy.search = `?threshold=${asked.toFixed(3)}`;
  }

  slider.addEventListener("input", () => show(Number(slider.value)));
  document.getElementById("threshold-own").addEventListener("click", (event) => {
    event.preventDefault();
    const own = Number(event.currentTarget.dataset.own);
    slider.value = own;
    show(own);
  });
  document.querySelector("#threshold-form [data-needless]").hidden = true;
})();
