import type { Box } from "../hall";
import { paint, type Target } from "./paint";
import { grown, overlap, type Scene, showsSeats } from "./scene";
import { newStamps, type Stamps } from "./stamps";
import type { Size, View } from "./viewport";

/** How much more than what is seen is painted at each side, as a part of it, so that panning only copies. */
const spare = 0.3;

/** Sheet is a painted part of the hall, kept to be copied to the screen in one go. */
export interface Sheet {
  canvas: HTMLCanvasElement;
  target: Target;
  /** The part of the hall, in cm. */
  area: Box;
}

/** newSheet paints what a view shows, and some around it. An old sheet is painted over, which spares memory. */
export function newSheet(scene: Scene, view: View, size: Size, dpr: number, old: Sheet | undefined): Sheet {
  const canvas = old?.canvas ?? document.createElement("canvas");
  const ctx = old?.target.ctx ?? canvas.getContext("2d", { alpha: false });
  if (!ctx) {
    throw new Error("no 2d context");
  }
  const width = Math.ceil(size.width * (1 + 2 * spare) * dpr);
  const height = Math.ceil(size.height * (1 + 2 * spare) * dpr);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const corner = {
    x: view.x - (size.width * spare) / view.scale,
    y: view.y - (size.height * spare) / view.scale,
    scale: view.scale,
  };
  const area = { x: corner.x, y: corner.y, width: width / dpr / view.scale, height: height / dpr / view.scale };
  const kept = old?.target;
  const stamps =
    kept && kept.view.scale === view.scale && kept.dpr === dpr && kept.stamps?.palette === scene.palette
      ? kept.stamps
      : stampsFor(scene, view.scale, dpr);
  const sheet = { canvas, area, target: { ctx, view: corner, dpr, stamps } };
  paint(scene, sheet.target, area);
  return sheet;
}

/** stampsFor gives the stamps of the seats' size; sections need none. */
function stampsFor(scene: Scene, scale: number, dpr: number): Stamps | undefined {
  return showsSeats(scene, scale)
    ? newStamps(scene.palette, scene.seats.offers.length, scene.pitch * 0.4 * scale, dpr)
    : undefined;
}

/** covers tells whether a sheet has all that a view shows. */
export function covers({ area }: Sheet, view: View, size: Size): boolean {
  const [right, bottom] = [view.x + size.width / view.scale, view.y + size.height / view.scale];
  return view.x >= area.x && view.y >= area.y && right <= area.x + area.width && bottom <= area.y + area.height;
}

/** copy puts a sheet on the screen, larger or smaller where the view's scale is another. */
export function copy(ctx: CanvasRenderingContext2D, sheet: Sheet, view: View, dpr: number): void {
  const { canvas, target } = sheet;
  const [dx, dy] = [(target.view.x - view.x) * view.scale * dpr, (target.view.y - view.y) * view.scale * dpr];
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  if (target.view.scale === view.scale) {
    ctx.drawImage(canvas, Math.round(dx), Math.round(dy));
  } else {
    const zoom = view.scale / target.view.scale;
    ctx.drawImage(canvas, dx, dy, canvas.width * zoom, canvas.height * zoom);
  }
}

/** More changed seats than this are painted with all others at once. */
const many = 400;

/** repaint brings a sheet up to date with the seats that changed: around each seat, or the sections as a whole. */
export function repaint(scene: Scene, sheet: Sheet, changed: ReadonlySet<number>): void {
  const { hall } = scene.seats;
  if (changed.size > many) {
    paint(scene, sheet.target, sheet.area);
    return;
  }
  const sections = new Set<number>();
  const isSeats = showsSeats(scene, sheet.target.view.scale);
  for (const i of changed) {
    const section = hall.sectionOf[i] ?? 0;
    if (!isSeats || hall.sections[section]?.outline) {
      sections.add(section);
      continue;
    }
    const around = grown({ x: hall.x[i] ?? 0, y: hall.y[i] ?? 0, width: 0, height: 0 }, scene.pitch * 0.6);
    if (overlap(around, sheet.area)) {
      paint(scene, sheet.target, around);
    }
  }
  for (const section of sections) {
    const box = scene.shapes[section]?.box;
    if (box && overlap(box, sheet.area)) {
      paint(scene, sheet.target, grown(box, 4 / sheet.target.view.scale));
    }
  }
}
