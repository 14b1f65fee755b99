import { kinds } from "../hall";
import { states } from "../status";
import { colours, paths, shapeOf, shapePath } from "./marks";
import type { Palette } from "./palette";

/** The radius of what marks.ts draws, with its line. */
const drawn = 26;

/** How wide a seat is, in CSS pixels, for a clock or a fine wheelchair in it, and for a number. */
const detailed = 15;
const numbered = 19;

/** With more offers than this, looks come again. */
const mostOffers = 56;

/** Stamps are seats drawn once for each look, at one size, side by side, and then copied: drawing all takes many times longer. */
export interface Stamps {
  picture: ImageBitmap;
  columns: number;
  /** The side of a stamp, in pixels of the screen. */
  side: number;
  /** Pixels of the screen for a unit of marks.ts. */
  unit: number;
  offers: number;
  /** Whether numbers have room in seats. */
  isNumbered: boolean;
  palette: Palette;
}

/** Look is all that a stamp depends on. */
export interface Look {
  state: number;
  offer: number;
  kind: number;
  restricted: boolean;
  /** Does not fit what the buyer looks for. */
  dim: boolean;
}

interface Size {
  isDetailed: boolean;
  isNumbered: boolean;
}

/** newStamps draws all looks. `radius` is of a seat, in CSS pixels; `dpr` is how many of the screen's are in one. */
export function newStamps(palette: Palette, offers: number, radius: number, dpr: number): Stamps {
  const unit = (radius * dpr) / 20;
  const side = 2 * Math.ceil(drawn * unit);
  const looks = allLooks(Math.min(offers, mostOffers));
  const columns = Math.ceil(Math.sqrt(looks.length));
  const canvas = new OffscreenCanvas(columns * side, Math.ceil(looks.length / columns) * side);
  const ctx = canvas.getContext("2d");
  if (!ctx) {
    throw new Error("no 2d context");
  }
  const size = { isDetailed: 2 * radius >= detailed, isNumbered: 2 * radius >= numbered };
  ctx.lineCap = ctx.lineJoin = "round";
  looks.forEach((look, i) => {
    const [x, y] = [((i % columns) + 0.5) * side, (Math.floor(i / columns) + 0.5) * side];
    ctx.save();
    ctx.setTransform(unit, 0, 0, unit, x, y);
    ctx.globalAlpha = look.dim ? 0.22 : 1;
    draw(ctx, palette, look, size);
    ctx.restore();
  });
  const picture = canvas.transferToImageBitmap();
  return { picture, columns, side, unit, offers: Math.min(offers, mostOffers), isNumbered: size.isNumbered, palette };
}

/** stampOf gives which stamp shows a look: they are counted row by row. */
export function stampOf({ offers }: Pick<Stamps, "offers">, look: Look): number {
  const dim = look.dim ? 1 : 0;
  if (look.state !== states.available) {
    return (look.state - 1) * 2 + dim;
  }
  return gone + (((look.offer % offers) * 3 + look.kind) * 2 + (look.restricted ? 1 : 0)) * 2 + dim;
}

/** Held, sold and blocked seats come first, each as it is and dimmed. */
const gone = 6;

/** allLooks lists the looks in the order of stampOf. */
export function allLooks(offers: number): Look[] {
  const looks: Look[] = [];
  const plain = { offer: 0, kind: kinds.ordinary, restricted: false, dim: false };
  for (let i = 0; i < gone; i++) {
    looks.push({ ...plain, state: Math.floor(i / 2) + 1, dim: i % 2 === 1 });
  }
  for (let i = 0; i < offers * 12; i++) {
    const [offer, kind] = [Math.floor(i / 12), Math.floor(i / 4) % 3];
    looks.push({ state: states.available, offer, kind, restricted: Math.floor(i / 2) % 2 === 1, dim: i % 2 === 1 });
  }
  return looks;
}

type Context = OffscreenCanvasRenderingContext2D;

function draw(ctx: Context, palette: Palette, look: Look, size: Size): void {
  if (look.state === states.available) {
    drawFree(ctx, palette, look, size);
  } else if (look.state === states.held) {
    drawHeld(ctx, palette, size);
  } else {
    drawGone(ctx, palette, look.state === states.blocked);
  }
}

function drawFree(ctx: Context, palette: Palette, look: Look, size: Size): void {
  const isAccessible = look.kind === kinds.accessible;
  ctx.fillStyle = palette.offers[look.offer % colours] ?? palette.ink;
  ctx.fill(new Path2D(isAccessible ? paths.accessible : shapePath(shapeOf(look.offer))));
  ctx.fillStyle = ctx.strokeStyle = palette.onOffer;
  ctx.globalCompositeOperation = "source-atop"; // a mark is seen on its seat alone
  if (look.restricted) {
    ctx.fill(new Path2D(paths.restricted));
  }
  if (isAccessible) {
    ctx.lineWidth = size.isDetailed ? 4 : 5;
    ctx.stroke(new Path2D(paths.wheelchair));
  } else if (look.kind === kinds.companion) {
    drawCompanion(ctx, size);
  }
}

/** drawCompanion puts a dot in the middle, or below a number. */
function drawCompanion(ctx: Context, { isNumbered }: Size): void {
  if (isNumbered) {
    ctx.translate(0, 14);
    ctx.scale(0.55, 0.55);
  }
  ctx.fill(new Path2D(paths.companion));
}

function drawHeld(ctx: Context, palette: Palette, { isDetailed }: Size): void {
  ctx.strokeStyle = palette.gone;
  ctx.lineWidth = isDetailed ? 2.5 : 4;
  ctx.stroke(new Path2D(paths.held));
  if (isDetailed) {
    ctx.stroke(new Path2D(paths.clock));
  }
}

function drawGone(ctx: Context, palette: Palette, isBlocked: boolean): void {
  ctx.fillStyle = ctx.strokeStyle = palette.gone;
  if (isBlocked) {
    ctx.lineWidth = 4;
    ctx.stroke(new Path2D(paths.blocked));
  } else {
    ctx.fill(new Path2D(paths.sold));
  }
}
