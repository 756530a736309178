// What check_site.py asks of a page that is open in the browser.

// Wait until the theme's scripts have followed the colours that the browser asks for.
async function turnColours(colours) {
  const themed = () => [undefined, colours].includes(document.documentElement.dataset.theme);
  for (let waited = 0; !themed() && waited < 100; waited += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// Wait for fonts, formulas and images; return the addresses of all that was loaded.
async function pageIsComplete() {
  const still = document.createElement("style");
  still.textContent = "* { transition: none !important; animation: none !important }";
  document.head.append(still);
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

// Whether an element lies in a box that scrolls or cuts by itself, within a larger one.
function isBoxed(element, larger) {
  const ends = [larger, document.body, null];
  for (let box = element.parentElement; !ends.includes(box); box = box.parentElement) {
    if (getComputedStyle(box).overflowX !== "visible") return true;
  }
  return false;
}

// The page, and a box that holds its title: the reader cannot tell which of them scrolls.
function pageBoxes() {
  const boxes = [document.documentElement];
  for (let box = document.querySelector("h1")?.parentElement; box; box = box.parentElement) {
    if (!["visible", "clip"].includes(getComputedStyle(box).overflowX)) boxes.push(box);
  }
  return boxes;
}

function widthFaults() {
  const wide = pageBoxes().find((box) => box.scrollWidth > box.clientWidth);
  if (!wide) return [];
  const edge = wide.getBoundingClientRect().left + wide.clientWidth;
  const culprits = [...wide.querySelectorAll("*")].filter(
    (each) => each.getBoundingClientRect().right > edge + 1 && !isBoxed(each, wide),
  );
  const culprit = culprits.length ? describe(culprits.at(-1)) : "an element that was not found";
  return [["width", `${wide.scrollWidth} pixels instead of ${wide.clientWidth}: ${culprit}`]];
}

// Contrast ---------------------------------------------------------------------------------------

// Red, green, blue and opacity of a computed colour, all from 0 to 1.
function parseColor(text) {
  const numbers = text.match(/[\d.]+(e-?\d+)?/g).map(Number);
  const whole = text.startsWith("rgb") ? 255 : 1; // or "color(srgb 0.1 0.2 0.3)"
  return [...numbers.slice(0, 3).map((each) => each / whole), numbers[3] ?? 1];
}

// What is seen of a colour in front of an opaque one.
function over([r, g, b, opacity], behind) {
  return [r, g, b].map((each, i) => opacity * each + (1 - opacity) * behind[i]);
}

// Relative luminance (WCAG 2.2).
function luminance(color) {
  const [r, g, b] = color.map((each) =>
    each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

// Elements that hold text themselves and are seen.
function textElements() {
  const found = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (texts.currentNode.data.trim()) found.add(element);
  }
  const seen = { opacityProperty: true, visibilityProperty: true };
  return [...found].filter((each) => {
    const { width, height } = each.getBoundingClientRect();
    return width > 1 && height > 1 && each.checkVisibility(seen);
  });
}

// Text against what is behind, as axe-core measures it, which takes a hundred times as long. Of what
// stands before an image neither can tell.
function contrastFaults() {
  const backgrounds = new Map([[null, [1, 1, 1]]]);
  const behind = (element) => {
    if (!backgrounds.has(element)) {
      const { backgroundColor, backgroundImage } = getComputedStyle(element);
      const below = behind(element.parentElement);
      const unknown = !below || backgroundImage !== "none";
      backgrounds.set(element, unknown ? null : over(parseColor(backgroundColor), below));
    }
    return backgrounds.get(element);
  };
  const faults = new Map();
  for (const element of textElements()) {
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    const background = behind(element);
    const size = parseFloat(fontSize);
    if (!background || size === 0) continue;
    const limit = size >= 24 || (size >= 18.66 && fontWeight >= 700) ? 3 : 4.5;
    const reached = contrast(over(parseColor(color), background), background);
    const [text, ground] = [color, background.map((each) => Math.round(255 * each))];
    if (reached < limit - 0.01) {
      faults.set(
        `${text} on ${ground}`,
        `${reached.toFixed(2)} instead of ${limit}: ${text} on rgb(${ground}), ${describe(element)}`,
      );
    }
  }
  return [...faults.values()].map((each) => ["contrast", each]);
}

// The other rules of accessibility ----------------------------------------------------------------

// Words of listings and links of sidebars are thousands of elements of a few kinds. They are as good
// as each other but for their contrast, which was looked at: all but some are taken away.
function thinOut() {
  for (const listing of document.querySelectorAll("pre")) {
    for (const word of listing.querySelectorAll("span")) word.replaceWith(word.textContent);
    listing.normalize();
  }
  for (const list of document.querySelectorAll("nav ul")) {
    for (const item of [...list.children].slice(3)) item.remove();
  }
}

// What sorts of elements a page is made of: names, classes and attributes, of parents as well, whether
// they are empty, and whether they scroll. Of a page that has no new sort, axe-core finds nothing new.
function sortsOfElements() {
  thinOut();
  const sorts = new Set();
  const name = (element) => `${element.tagName}.${[...element.classList].sort().join(".")}`;
  for (const element of document.querySelectorAll("body *:not(mjx-container *)")) {
    const attributes = [...element.attributes].map((each) => each.name).sort();
    const empty = !element.textContent.trim() && !element.children.length;
    const scrolls =
      element.scrollWidth > element.clientWidth && getComputedStyle(element).overflowX !== "visible";
    sorts.add(
      [name(element.parentElement), name(element), attributes, empty, scrolls].join(" "),
    );
  }
  return [...sorts];
}

async function accessFaults() {
  await new Promise((resolve) => setTimeout(resolve, 400)); // scripts of the theme wait after a resize
  const found = await axe.run(document, {
    resultTypes: ["violations"],
    preload: false, // or it asks for the style sheets once more, at wrong places
    rules: { "color-contrast": { enabled: false } }, // measured above, in each view
  });
  return found.violations
    .filter((each) => ["serious", "critical"].includes(each.impact))
    .map((each) => {
      const [first] = each.nodes;
      const why = first.failureSummary.split("\n").slice(1).join("; ").trim();
      return ["access", `${each.id}, ${each.nodes.length} times; ${first.target}: ${why}`];
    });
}

function viewFaults() {
  return [...imageFaults(), ...formulaFaults(), ...widthFaults(), ...contrastFaults()];
}
