
"use strict";
document.documentElement.classList.add("js");
for (const hidden of document.querySelectorAll("p.js")) hidden.hidden = false;
const value = (row, at) => row.cells[at].dataset.v ?? row.cells[at].textContent;
const compare = (a, b) => a !== "" && b !== "" && !isNaN(a) && !isNaN(b) ? a - b : a.localeCompare(b);
for (const table of document.querySelectorAll("table.sortable")) {
  for (const head of table.tHead.rows[0].cells) {
    head.addEventListener("click", () => {
      const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
      const at = head.cellIndex;
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => way * compare(value(a, at), value(b, at)));
      table.tBodies[0].append(...rows);
    });
  }
}
const filter = document.getElementById("filter");
filter.addEventListener("input", () => {
  const wanted = filter.value.toLowerCase();
  for (const row of document.querySelector("table.sites").tBodies[0].rows) {
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
  }
});
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
