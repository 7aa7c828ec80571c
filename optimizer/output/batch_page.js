"use strict";
const body = document.querySelector("tbody");
const heads = [...document.querySelectorAll("thead th")];

function key(row, column) {
  const cell = row.cells[column];
  return cell.dataset.key === undefined ? cell.textContent : cell.dataset.key;
}

function compare(a, b, numeric) {
  if (a === b) return 0;
  if (numeric) return a - b;
  return a < b ? -1 : 1;
}

heads.forEach((head, column) => {
  head.querySelector("button").addEventListener("click", () => {
    const numeric = head.classList.contains("number");
    const down = head.ariaSort === "ascending";
    const [empty, full] = [[], []];
    for (const row of body.rows) (key(row, column) === "" ? empty : full).push(row);
    full.sort((a, b) => compare(key(a, column), key(b, column), numeric) * (down ? -1 : 1));
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.ariaSort = down ? "descending" : "ascending";
    body.append(...full, ...empty);
  });
});
