// Boxes that scroll sideways are reached by the Tab key, so that arrow keys scroll them. The theme does
// so for listings and tables; formulas and the output of scripts are ours.
function makeScrollersReachable() {
  const boxes = ".output_subarea, mjx-container[display='true'], div.math";
  for (const box of document.querySelectorAll(boxes)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

window.addEventListener("resize", makeScrollersReachable);
window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  makeScrollersReachable();
});
