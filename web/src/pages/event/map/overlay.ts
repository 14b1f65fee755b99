import { kinds } from "../hall";
import { paths } from "./marks";
import type { Scene } from "./scene";
import { toScreen, type View } from "./viewport";

/** Seats that matter to the buyer are drawn at least so large, in pixels from the middle. */
const least = 7;

/** What lies over the seats: few things, painted with each frame. */
export interface Marked {
  chosen: ReadonlySet<number>;
  hints: readonly number[];
  at: number | undefined;
  /** The map has the keyboard: what it is at is ringed clearly. */
  isFocused: boolean;
}

/** paintOver marks what was chosen, what is pointed out, and where the buyer is. */
export function paintOver(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  view: View,
  dpr: number,
  { chosen, hints, at, isFocused }: Marked,
): void {
  ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
  ctx.lineJoin = ctx.lineCap = "round";
  const radius = Math.max(scene.pitch * 0.46 * view.scale, least);
  const standing = new Map<number, number>();
  for (const i of chosen) {
    if (scene.seats.hall.kindOf[i] === kinds.standing) {
      const section = scene.seats.hall.sectionOf[i] ?? 0;
      standing.set(section, (standing.get(section) ?? 0) + 1);
    } else {
      paintChosen(ctx, scene, view, i, radius);
    }
  }
  for (const [section, n] of standing) {
    paintCount(ctx, scene, view, section, n);
  }
  for (const i of hints) {
    ring(ctx, scene, view, i, radius + 2, scene.palette.hint, [4, 4]);
  }
  if (at !== undefined) {
    ring(ctx, scene, view, at, radius + 2, isFocused ? scene.palette.ink : scene.palette.soft, []);
  }
}

function paintChosen(ctx: CanvasRenderingContext2D, scene: Scene, view: View, i: number, radius: number): void {
  const { palette } = scene;
  const { x, y } = placeOnScreen(scene, view, i);
  ctx.save();
  ctx.translate(x, y);
  ctx.scale(radius / 23, radius / 23);
  ctx.fillStyle = palette.chosen;
  ctx.strokeStyle = palette.ground;
  ctx.lineWidth = 5;
  const disc = new Path2D(paths.chosen);
  ctx.stroke(disc);
  ctx.fill(disc);
  ctx.strokeStyle = palette.onChosen;
  ctx.stroke(new Path2D(paths.check));
  ctx.restore();
}

/** paintCount says how many places of an area were chosen, below its label. */
function paintCount(ctx: CanvasRenderingContext2D, scene: Scene, view: View, section: number, n: number): void {
  const { palette, shapes } = scene;
  const { x, y } = toScreen(view, shapes[section]?.rooms[0] ?? { x: 0, y: 0 });
  const text = `✓ ${n}`;
  ctx.font = `700 ${14 * palette.text}px ${palette.font}`;
  const width = ctx.measureText(text).width + 18;
  const below = y + 46 * palette.text;
  ctx.fillStyle = palette.chosen;
  ctx.beginPath();
  ctx.roundRect(x - width / 2, below - 13, width, 26, 13);
  ctx.fill();
  ctx.fillStyle = palette.onChosen;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, x, below);
}

function ring(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  view: View,
  i: number,
  radius: number,
  colour: string,
  dashes: number[],
): void {
  const isStanding = scene.seats.hall.kindOf[i] === kinds.standing;
  const shape = scene.shapes[scene.seats.hall.sectionOf[i] ?? 0];
  ctx.beginPath();
  if (isStanding && shape) {
    for (const corner of shape.corners) {
      const { x, y } = toScreen(view, corner);
      ctx.lineTo(x, y);
    }
    ctx.closePath();
  } else {
    const { x, y } = placeOnScreen(scene, view, i);
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
  }
  ctx.strokeStyle = scene.palette.ground; // so that the ring is seen on whatever it lies
  ctx.lineWidth = 5;
  ctx.setLineDash([]);
  ctx.stroke();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2.5;
  ctx.setLineDash(dashes);
  ctx.stroke();
  ctx.setLineDash([]);
}

/** placeOnScreen is where a place is drawn, in pixels of the map. */
export function placeOnScreen({ seats }: Scene, view: View, i: number): { x: number; y: number } {
  return toScreen(view, { x: seats.hall.x[i] ?? 0, y: seats.hall.y[i] ?? 0 });
}
