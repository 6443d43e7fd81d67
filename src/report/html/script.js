
"use strict";
document.documentElement.classList.add("js");
for (const hidden of document.querySelectorAll("p.js")) hidden.hidden = false;
const value = (row, at) => row.cells[at].dataset.v ?? row.cells[at].textContent;
const compare = (a, b) => a !== "" && b !== "" && !isNaN(a) && !isNaN(b) ? a - b : a.localeCompare(b);
const press = (element, act) => {
  element.tabIndex = 0;
  element.addEventListener("click", act);
  element.addEventListener("keydown", (event) => { if (event.key === "Enter") act(); });
};
const sort = (table, head) => {
  const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
  const at = head.cellIndex;
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => way * compare(value(a, at), value(b, at)));
  table.tBodies[0].append(...rows);
};
for (const table of document.querySelectorAll("table.sortable")) {
  for (const head of table.tHead.rows[0].cells) press(head, () => sort(table, head));
}
const filter = document.getElementById("filter");
const apply = () => {
  const wanted = filter.value.toLowerCase();
  for (const row of document.querySelector("table.sites").tBodies[0].rows) {
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
    const site = document.querySelector(row.querySelector("a").getAttribute("href"));
    if (site) site.hidden = row.hidden;
  }
};
if (filter) {
  filter.addEventListener("input", apply);
  for (const chip of document.querySelectorAll(".chips .v")) {
    press(chip, () => {
      const verdict = chip.className.split(" ")[1];
      filter.value = filter.value === verdict ? "" : verdict;
      apply();
    });
  }
}
document.addEventListener("click", (event) => {
  const command = event.target.closest?.("code.cmd");
  if (!command) return;
  getSelection().selectAllChildren(command);
  if (document.execCommand("copy")) command.classList.add("copied");
  setTimeout(() => command.classList.remove("copied"), 900);
});
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
