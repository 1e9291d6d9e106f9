// Pan and zoom: wheel, drag, pinch, and the buttons that keys press.
const STEP = 90; // pixels
const SLACK = 4; // pixels a click may tremble

export function startMoves(stage, view, { changed, hover, open, moved, everything }) {
  const canvas = view.canvas;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const fingers = new Map();
  let travelled = 0;

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 30 : 1;
    view.zoomBy(Math.exp(-event.deltaY * lines * 0.0016), at(event));
    changed();
  }, { passive: false });

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    travelled = fingers.size > 1 ? Infinity : 0;
  });

  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") hover(at(event));
      return;
    }
    const now = at(event);
    if (fingers.size === 2) {
      const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
      const length = (place) => Math.max(1, Math.hypot(place[0] - other[0], place[1] - other[1]));
      const middle = (place) => [(place[0] + other[0]) / 2, (place[1] + other[1]) / 2];
      view.zoomBy(length(now) / length(before), middle(before));
      view.panBy(middle(now)[0] - middle(before)[0], middle(now)[1] - middle(before)[1]);
    } else {
      travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
      if (travelled > SLACK) {
        stage.classList.add("dragging");
        view.panBy(now[0] - before[0], now[1] - before[1]);
      }
    }
    fingers.set(event.pointerId, now);
    changed();
  });

  const lift = (event) => {
    if (!fingers.delete(event.pointerId) || fingers.size) return;
    stage.classList.remove("dragging");
    if (event.type === "pointerup" && travelled <= SLACK) open(at(event), event);
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  stage.addEventListener("pointerleave", () => hover(null));

  const moves = {
    in: () => view.zoomBy(1.5),
    out: () => view.zoomBy(1 / 1.5),
    fit: everything,
    left: () => view.panBy(STEP, 0),
    right: () => view.panBy(-STEP, 0),
    up: () => view.panBy(0, STEP),
    down: () => view.panBy(0, -STEP),
  };
  stage.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    moves[button.dataset.move]();
    changed();
    moved(button.dataset.move);
  });
}
