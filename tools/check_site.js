// What check_site.py asks of a page that is open in the browser.

// Wait for fonts, formulas and images; return the addresses of all that was loaded.
async function pageIsComplete() {
  if (window.MathJax?.startup?.promise) await window.MathJax.startup.promise;
  await document.fonts.ready;
  const images = [...document.images];
  for (const image of images) image.loading = "eager";
  await Promise.all(images.map((image) => image.decode().catch(() => null)));
  return performance.getEntriesByType("resource").map((entry) => entry.name);
}

// Name an element so that it can be found in the page's source.
function describe(element) {
  const name = element.tagName.toLowerCase();
  const classes = [...element.classList].map((each) => `.${each}`).join("");
  const text = (element.textContent || "").trim().replace(/\s+/g, " ").slice(0, 40);
  return `<${name}${element.id ? `#${element.id}` : ""}${classes}> "${text}"`;
}

function imageFaults() {
  return [...document.images]
    .filter((image) => !image.complete || image.naturalWidth === 0)
    .map((image) => ["image", `${image.getAttribute("src")} does not load`]);
}

function formulaFaults() {
  return [...document.querySelectorAll("mjx-merror, merror")].map((each) => [
    "formula",
    each.textContent,
  ]);
}

// Whether an element lies in a box that scrolls or cuts by itself.
function isBoxed(element) {
  for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
    if (getComputedStyle(box).overflowX !== "visible") return true;
  }
  return false;
}

function widthFaults() {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const wide = [...document.body.querySelectorAll("*")].filter(
    (each) => each.getBoundingClientRect().right > clientWidth + 1 && !isBoxed(each),
  );
  const culprit = wide.length ? describe(wide.at(-1)) : "an element that was not found";
  return [["width", `${scrollWidth} pixels instead of ${clientWidth}, because of ${culprit}`]];
}

// Rules of axe-core by name, or null for all of them.
async function accessFaults(rules) {
  const options = { resultTypes: ["violations"] };
  if (rules) options.runOnly = { type: "rule", values: rules };
  const { violations } = await axe.run(document, options);
  return violations
    .filter((each) => ["serious", "critical"].includes(each.impact))
    .map((each) => {
      const [first] = each.nodes;
      const why = first.failureSummary.split("\n").slice(1).join("; ").trim();
      return ["access", `${each.id}, ${each.nodes.length} times; ${first.target}: ${why}`];
    });
}

async function siteFaults(rules) {
  return [
    ...imageFaults(),
    ...formulaFaults(),
    ...widthFaults(),
    ...(await accessFaults(rules)),
  ];
}
