// Boxes that scroll sideways are reached by the Tab key, so that arrow keys scroll them. The theme does
// so for listings and tables; formulas and the output of scripts are ours.
const scrollers = ".output_subarea, mjx-container[display='true'], div.math";

function makeReachable(box) {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
}

// Formulas grow when their fonts arrive, and boxes change with the window: whoever changes is looked at.
const watcher = new ResizeObserver((changes) => {
  for (const { target } of changes) makeReachable(target.closest(scrollers));
});

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  await document.fonts.ready;
  for (const box of document.querySelectorAll(scrollers)) {
    makeReachable(box);
    for (const part of [box, ...box.children]) watcher.observe(part);
  }
});
