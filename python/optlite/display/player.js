// In a frame of a page of the same origin (elsewhere it is null): as high as what is in it.
function fit() {
  const frame = window.frameElement;
  if (frame) frame.style.height = document.documentElement.offsetHeight + "px";
}

window.addEventListener("load", fit);
window.addEventListener("resize", fit);

// A button that plays and pauses, and a slider that goes to a frame; show(frame) draws it.
function player(count, interval, show) {
  const slider = document.getElementById("frame");
  const button = document.getElementById("play");
  const readout = document.getElementById("iteration");
  let timer = null;

  function go(frame) {
    slider.value = frame;
    readout.textContent = "iteration " + show(frame);
    slider.setAttribute("aria-valuetext", readout.textContent);
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
  }

  function play() {
    if (Number(slider.value) >= count - 1) go(0);
    button.textContent = "Pause";
    timer = setInterval(() => {
      const next = Number(slider.value) + 1;
      if (next < count) go(next);
      else stop();
    }, interval);
  }

  button.addEventListener("click", () => (timer === null ? play() : stop()));
  slider.addEventListener("input", () => {
    stop();
    go(Number(slider.value));
  });
  return { go, play };
}
