import { type Box, kinds, type Point } from "../hall";
import { states } from "../status";
import { each } from "./grid";
import { fitted, lineHeight, linesFor } from "./labels";
import type { Shape } from "./outlines";
import { grown, overlap, type Scene } from "./scene";
import { type Stamps, stampOf } from "./stamps";
import type { View } from "./viewport";

/** Target is what is painted on: a canvas whose upper left corner is at the view's, and its pixels of the screen. */
export interface Target {
  ctx: CanvasRenderingContext2D;
  view: View;
  dpr: number;
  /** Undefined where sections are shown. */
  stamps: Stamps | undefined;
}

/** paint paints a part of the hall anew, whatever was there: sections while seats would be dots, seats else. */
export function paint(scene: Scene, target: Target, area: Box): void {
  const { ctx, view, dpr } = target;
  const left = Math.floor((area.x - view.x) * view.scale * dpr);
  const top = Math.floor((area.y - view.y) * view.scale * dpr);
  const right = Math.ceil((area.x + area.width - view.x) * view.scale * dpr);
  const bottom = Math.ceil((area.y + area.height - view.y) * view.scale * dpr);
  ctx.save();
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.beginPath();
  ctx.rect(left, top, right - left, bottom - top);
  ctx.clip();
  ctx.fillStyle = scene.palette.ground;
  ctx.fillRect(left, top, right - left, bottom - top);
  ctx.scale(dpr, dpr);
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineJoin = ctx.lineCap = "round";
  paintStage(scene, target, area);
  const isSeats = target.stamps !== undefined;
  scene.shapes.forEach((shape, i) => {
    if (overlap(shape.box, area)) {
      paintSection(scene, target, shape, i, isSeats);
    }
  });
  if (target.stamps) {
    paintNames(scene, target, area);
    paintRowLabels(scene, target, area);
    paintSeats(scene, target, target.stamps, area);
  }
  ctx.restore();
}

function paintStage({ seats, palette }: Scene, { ctx, view }: Target, area: Box): void {
  const { stage } = seats.hall;
  if (!overlap(grown(stage, 30 / view.scale), area)) {
    return;
  }
  const [x, y] = [(stage.x - view.x) * view.scale, (stage.y - view.y) * view.scale];
  const [width, height] = [stage.width * view.scale, stage.height * view.scale];
  ctx.fillStyle = palette.stage;
  ctx.beginPath();
  ctx.roundRect(x, y, width, height, Math.min(10, height / 3));
  ctx.fill();
  ctx.font = `650 1px ${palette.font}`;
  const size = Math.min(18 * palette.text, (width * 0.8) / ctx.measureText(stage.label).width);
  const isInside = height >= size * 1.3;
  ctx.font = `650 ${size}px ${palette.font}`;
  ctx.fillStyle = isInside ? palette.onStage : palette.soft;
  ctx.fillText(stage.label, x + width / 2, isInside ? y + height / 2 : y + height + size * 0.9);
}

function paintSection(scene: Scene, target: Target, shape: Shape, i: number, isSeats: boolean): void {
  const { ctx, view } = target;
  const { palette } = scene;
  const summary = scene.summaries[i];
  const isStanding = scene.seats.hall.sections[i]?.outline !== undefined;
  const isPlain = (isSeats && !isStanding) || !summary?.free;
  const offer = (summary?.offer ?? 0) % palette.offers.length;
  const reach = 2 * shape.reach * view.scale;
  trace(ctx, shape.corners, view);
  ctx.strokeStyle = isPlain ? palette.line : (palette.offers[offer] ?? palette.line);
  ctx.lineWidth = reach + (isPlain ? 2 : 3);
  ctx.stroke();
  ctx.fillStyle = ctx.strokeStyle = isPlain ? palette.section : (palette.tints[offer] ?? palette.section);
  if (reach > 0) {
    ctx.lineWidth = reach;
    ctx.stroke();
  }
  ctx.fill();
  if (!isSeats || isStanding) {
    paintLabel(scene, target, shape, i);
  }
}

function trace(ctx: CanvasRenderingContext2D, corners: readonly Point[], view: View): void {
  ctx.beginPath();
  for (const { x, y } of corners) {
    ctx.lineTo((x - view.x) * view.scale, (y - view.y) * view.scale);
  }
  ctx.closePath();
}

function paintLabel(scene: Scene, { ctx, view }: Target, { rooms }: Shape, i: number): void {
  const { palette } = scene;
  const fonts = [`700 10px ${palette.font}`, `500 10px ${palette.font}`] as const;
  const written = fitted(linesFor(scene, i), rooms, view.scale, palette.text, (line, isBold) =>
    widthOf(ctx, fonts[isBold ? 0 : 1], line),
  );
  if (!written) {
    return;
  }
  const { lines, size, room } = written;
  const [x, y] = [(room.x - view.x) * view.scale, (room.y - view.y) * view.scale];
  ctx.fillStyle = scene.summaries[i]?.free ? palette.ink : palette.soft;
  lines.forEach((line, n) => {
    ctx.font = fonts[n === 0 ? 0 : 1].replace("10px", `${size}px`);
    ctx.fillText(line, x, y + (n - (lines.length - 1) / 2) * size * lineHeight);
  });
}

/** Measuring takes longer than all else of a label, and most texts come again. */
const widths = new Map<string, number>();

/** widthOf gives the width of a text at 1 px. */
function widthOf(ctx: CanvasRenderingContext2D, font: string, line: string): number {
  const key = `${font} ${line}`;
  let width = widths.get(key);
  if (width === undefined) {
    if (widths.size > 3000) {
      widths.clear();
    }
    ctx.font = font;
    width = ctx.measureText(line).width / 10;
    widths.set(key, width);
  }
  return width;
}

/** paintNames writes the names of sections beside them, where there is room. */
function paintNames({ seats, nameSpots, palette }: Scene, { ctx, view }: Target, area: Box): void {
  ctx.fillStyle = palette.soft;
  ctx.font = `650 ${Math.min(Math.max(40 * view.scale, 10), 17)}px ${palette.font}`;
  nameSpots.forEach((spot, i) => {
    if (spot && overlap(spot, area) && !seats.hall.sections[i]?.outline && nameSpots.length > 1) {
      const [x, y] = [spot.x + spot.width / 2 - view.x, spot.y + spot.height / 2 - view.y];
      ctx.fillText(seats.hall.sections[i]?.name ?? "", x * view.scale, y * view.scale);
    }
  });
}

/** Letters of rows are written when seats are so many pixels apart. */
const lettered = 12;

/** paintRowLabels writes letters where the next seat of a row would be, at both ends. */
function paintRowLabels({ seats, shapes, pitch, palette }: Scene, { ctx, view }: Target, area: Box): void {
  if (pitch * view.scale < lettered) {
    return;
  }
  const { hall } = seats;
  const size = Math.min(Math.max(pitch * view.scale * 0.4, 9) * palette.text, pitch * view.scale * 0.8);
  ctx.fillStyle = palette.soft;
  ctx.font = `600 ${size}px ${palette.font}`;
  const write = (label: string, end: number, before: number) => {
    const [dx, dy] = [x(end) - x(before), y(end) - y(before)];
    const far = (pitch * 1.15) / (Math.hypot(dx, dy) || 1);
    const [px, py] = [x(end) + dx * far - view.x, y(end) + dy * far - view.y];
    ctx.fillText(label, px * view.scale, py * view.scale);
  };
  const x = (i: number) => hall.x[i] ?? 0;
  const y = (i: number) => hall.y[i] ?? 0;
  for (const { section, label, first, end } of hall.rows) {
    const box = shapes[section]?.box;
    if (end - first >= 3 && box && overlap(grown(box, pitch), area)) {
      write(label, first, first + 1);
      write(label, end - 1, end - 2);
    }
  }
}

function paintSeats({ seats, grid, pitch, fits }: Scene, { ctx, view, dpr }: Target, stamps: Stamps, area: Box): void {
  const { hall, stateOf, offerOf } = seats;
  const { picture, columns, side } = stamps;
  const scale = view.scale * dpr;
  const look = { state: 0, offer: 0, kind: 0, restricted: false, dim: false };
  ctx.setTransform(1, 0, 0, 1, 0, 0); // stamps lie on whole pixels
  ctx.imageSmoothingEnabled = false;
  if (stamps.isNumbered) {
    ctx.font = `650 ${17 * stamps.unit}px ${stamps.palette.font}`;
    ctx.fillStyle = stamps.palette.onOffer;
  }
  each(grid, grown(area, pitch), (i) => {
    look.state = stateOf[i] ?? states.absent;
    if (look.state === states.absent) {
      return;
    }
    look.offer = offerOf[i] ?? 0;
    look.kind = hall.kindOf[i] ?? kinds.ordinary;
    look.restricted = hall.restricted[i] === 1;
    look.dim = fits !== undefined && !fits(i);
    const stamp = stampOf(stamps, look);
    const [from, below] = [(stamp % columns) * side, Math.floor(stamp / columns) * side];
    const x = Math.round(((hall.x[i] ?? 0) - view.x) * scale);
    const y = Math.round(((hall.y[i] ?? 0) - view.y) * scale);
    ctx.drawImage(picture, from, below, side, side, x - side / 2, y - side / 2, side, side);
    if (stamps.isNumbered && look.state === states.available && look.kind !== kinds.accessible && !look.dim) {
      ctx.fillText(String(hall.numbers[i]), x, y + 1.5 * stamps.unit);
    }
  });
}
