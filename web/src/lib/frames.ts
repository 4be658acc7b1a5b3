// Many messages, one drawing: what changed within a frame is shown once at its end.

const due = new Set<() => void>();
let isAsked = false;

function run(): void {
  isAsked = false;
  const now = [...due];
  due.clear();
  for (const draw of now) draw();
}

/** Calls `draw` once before the next frame, however often it is asked. A hidden page draws once a second at most. */
export function onNextFrame(draw: () => void): void {
  due.add(draw);
  if (isAsked) return;
  isAsked = true;
  if (document.visibilityState === 'visible') requestAnimationFrame(run);
  else setTimeout(run, 1_000);
}
