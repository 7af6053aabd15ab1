// The leaderboard in place: sorted by a click on a head, filtered while typing, several chosen to be compared.
"use strict";

(() => {
  const table = document.getElementById("board");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.querySelectorAll("thead th[data-key]")];
  const words = new Set(["name", "status", "algorithm", "recipe"]);
  const filters = document.getElementById("board-filters");
  const shown = document.getElementById("shown");
  const collator = new Intl.Collator("en", { numeric: true });

  function keyOf(row, place, isWord) {
    const cell = row.cells[place];
    if (isWord) return cell.textContent.trim();
    const text = cell.dataset.v || cell.textContent.replace(/,/g, "");
    const number = parseFloat(text);
    return Number.isNaN(number) ? null : number;
  }

  function compare(one, other) {
    return typeof one === "string" ? collator.compare(one, other) : one - other;
  }

  function sort(head) {
    const place = head.cellIndex;
    const isWord = words.has(head.dataset.key);
    const order = new URL(head.querySelector("a").href).searchParams.get("order") || "ascending";
    const turn = order === "descending" ? -1 : 1;
    const keyed = rows.map((row) => [keyOf(row, place, isWord), row]);
    // What has no value comes last, whichever way.
    const isKnown = ([key]) => key !== null && key !== "";
    const known = keyed.filter(isKnown).sort((a, b) => turn * compare(a[0], b[0]));
    body.append(...known.map(([, row]) => row), ...keyed.filter((one) => !isKnown(one)).map(([, row]) => row));
    heads.forEach((one) => { if (one !== head) one.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", order);
    remember(head.dataset.key, order);
    turnLink(head, order);
  }

  function turnLink(head, order) {
    const link = head.querySelector("a");
    const url = new URL(link.href);
    url.searchParams.set("order", order === "descending" ? "ascending" : "descending");
    link.href = url;
  }

  function remember(key, order) {
    filters.elements.sort.value = key;
    filters.elements.order.value = order;
    const query = new URLSearchParams([...new FormData(filters)].filter(([, value]) => value));
    history.replaceState(null, "", `?${query}`);
    for (const head of heads) {
      const link = head.querySelector("a");
      const url = new URL(link.href);
      for (const name of ["text", "algorithm", "status"]) {
        const value = query.get(name);
        if (value) url.searchParams.set(name, value);
        else url.searchParams.delete(name);
      }
      link.href = url;
    }
  }

  // A number is looked for as a whole: "LightGBM 2" is not "LightGBM 25".
  function matcherOf(word) {
    const number = /^\d+$/.test(word) && new RegExp(`\\b${word}\\b`);
    return (text) => (number ? number.test(text) : text.includes(word));
  }

  function filter() {
    const asked = filters.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean).map(matcherOf);
    const algorithm = filters.elements.algorithm.value;
    const status = filters.elements.status.value;
    let count = 0;
    for (const row of rows) {
      const text = `${row.cells[2].textContent} ${row.cells[0].firstElementChild.value} ${row.cells[5].textContent} ${row.dataset.a} ${row.dataset.s}`.toLowerCase();
      const fits = (!algorithm || row.dataset.a === algorithm) && (!status || row.dataset.s === status) && asked.every((isIn) => isIn(text));
      row.classList.toggle("out", !fits);
      if (fits) count += 1;
    }
    shown.textContent = `${count} of ${shown.dataset.all} shown`;
    remember(filters.elements.sort.value, filters.elements.order.value);
  }

  function chosen() {
    return rows.flatMap((row) => (row.cells[0].firstElementChild.checked ? [row.cells[0].firstElementChild] : []));
  }

  const hint = document.getElementById("compare-hint");
  const most = Number(hint.dataset.most);
  const invitation = hint.textContent;

  function showChoice(latest) {
    const isTooMany = chosen().length > most && latest !== null;
    if (isTooMany) latest.checked = false;
    const names = chosen().map((one) => one.closest("tr").querySelector("th a").textContent);
    document.getElementById("compare-button").disabled = names.length < 2 || names.length > most;
    document.getElementById("said").textContent = isTooMany ? `${most} candidates are selected already.` : "";
    if (isTooMany) hint.textContent = `${most} candidates can be compared at once: clear one first.`;
    else if (names.length === 0) hint.textContent = invitation;
    else hint.textContent = names.join(", ") + (names.length === 1 ? "; select one more" : "");
  }

  table.tHead.addEventListener("click", (event) => {
    const head = event.target.closest("th[data-key]");
    if (!head || !event.target.closest("a") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    sort(head);
  });
  body.addEventListener("change", (event) => showChoice(event.target.checked ? event.target : null));

  // Rows that the server left out are not here: filters in place need all of them.
  if (String(rows.length) === shown.dataset.all) {
    filters.querySelector("[data-needless]").hidden = true;
    filters.addEventListener("input", filter);
    filters.addEventListener("submit", (event) => { event.preventDefault(); filter(); });
  }
  showChoice(null);
})();
