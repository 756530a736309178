// Tables of class "sortable": a click on a heading sorts the rows by that column, a second click turns
// the order round. Cells that begin with a number sort by it; "< 1e-12" is small, "diverges" is last.
function sortKey(cell) {
  const text = cell.textContent.trim();
  if (text.startsWith("<")) return 0;
  if (text.startsWith("diverges")) return Infinity;
  const number = parseFloat(text);
  return Number.isNaN(number) ? text : number;
}

function sortRows(table, column, descending) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => [sortKey(row.cells[column]), row]);
  rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  if (descending) rows.reverse();
  body.append(...rows.map(([, row]) => row));
}

document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("table.sortable")) {
    const headings = Array.from(table.tHead.rows[0].cells);
    headings.forEach((heading, column) => {
      const button = document.createElement("button");
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const descending = heading.getAttribute("aria-sort") === "ascending";
        headings.forEach((each) => each.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sortRows(table, column, descending);
      });
    });
  }
});
