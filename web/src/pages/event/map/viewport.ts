import type { Box, Point } from "../hall";

/** View is which part of the hall is seen: the place in cm at the upper left corner, and how many pixels a cm has. */
export interface View extends Point {
  scale: number;
}

/** Size is what the map has on the page, in CSS pixels. */
export interface Size {
  width: number;
  height: number;
}

/** Frame is what views are kept in: the map's size, what there is to see, and how near one may come. */
export interface Frame {
  size: Size;
  /** All that is drawn, in cm. */
  extent: Box;
  /** The most pixels of a cm. */
  most: number;
}

/** margin is the room in pixels around what is fitted. */
export const margin = 10;

/** viewOf gives the view that shows all of a box in the middle, no nearer than `most` pixels a cm. */
export function viewOf(box: Box, { width, height }: Size, most = Infinity): View {
  const scale = Math.min(
    Math.max(1, width - 2 * margin) / Math.max(1, box.width),
    Math.max(1, height - 2 * margin) / Math.max(1, box.height),
    most,
  );
  return centredOn(box.x + box.width / 2, box.y + box.height / 2, scale, { width, height });
}

/** whole gives the view of the whole hall. */
export function whole({ extent, size, most }: Frame): View {
  return viewOf(extent, size, most);
}

/** centredOn gives the view with a place in its middle. */
export function centredOn(x: number, y: number, scale: number, { width, height }: Size): View {
  return { x: x - width / 2 / scale, y: y - height / 2 / scale, scale };
}

/** toHall tells which place is under a pixel. */
export function toHall({ x, y, scale }: View, at: Point): Point {
  return { x: x + at.x / scale, y: y + at.y / scale };
}

/** toScreen tells at which pixel a place is. */
export function toScreen({ x, y, scale }: View, at: Point): Point {
  return { x: (at.x - x) * scale, y: (at.y - y) * scale };
}

/** zoomed changes the scale by a factor; what is under the pixel `about` stays there, but for the hall's edges. */
export function zoomed(view: View, factor: number, about: Point, frame: Frame): View {
  const scale = Math.min(Math.max(view.scale * factor, whole(frame).scale), frame.most);
  const { x, y } = toHall(view, about);
  return kept({ x: x - about.x / scale, y: y - about.y / scale, scale }, frame);
}

/** panned moves the hall by pixels, as far as its edges. */
export function panned(view: View, dx: number, dy: number, frame: Frame): View {
  return kept({ ...view, x: view.x - dx / view.scale, y: view.y - dy / view.scale }, frame);
}

/** kept keeps a view in its frame: never further away than the whole hall, and no further aside than its edges. */
export function kept(view: View, frame: Frame): View {
  const scale = Math.min(Math.max(view.scale, whole(frame).scale), frame.most);
  const { extent, size } = frame;
  return {
    x: keptAlong(view.x, size.width / scale, extent.x, extent.width, margin / scale),
    y: keptAlong(view.y, size.height / scale, extent.y, extent.height, margin / scale),
    scale,
  };
}

function keptAlong(start: number, seen: number, from: number, length: number, room: number): number {
  if (length + 2 * room <= seen) {
    return from + (length - seen) / 2;
  }
  return Math.min(Math.max(start, from - room), from + length + room - seen);
}

/** isWhole tells whether a view shows the whole hall. */
export function isWhole(view: View, frame: Frame): boolean {
  return view.scale <= whole(frame).scale * 1.01;
}

/** withInView moves a view as little as is needed for a place to be `away` pixels from its edges. */
export function withInView(view: View, at: Point, away: number, frame: Frame): View {
  const { x, y } = toScreen(view, at);
  const room = Math.min(away, frame.size.width / 3, frame.size.height / 3);
  const dx = Math.max(room - x, 0) - Math.max(x - (frame.size.width - room), 0);
  const dy = Math.max(room - y, 0) - Math.max(y - (frame.size.height - room), 0);
  return dx === 0 && dy === 0 ? view : panned(view, dx, dy, frame);
}

/** between gives a view on the way from one to another, at t from 0 to 1: even steps of zoom look even. */
export function between(from: View, to: View, t: number, { width, height }: Size): View {
  const scale = from.scale * (to.scale / from.scale) ** t;
  // What part of the way the middle has gone is by how much was zoomed, so that nothing swings out of sight.
  const gone =
    Math.abs(to.scale - from.scale) < 1e-9 ? t : (1 / scale - 1 / from.scale) / (1 / to.scale - 1 / from.scale);
  const x = middle(from.x, width, from.scale) * (1 - gone) + middle(to.x, width, to.scale) * gone;
  const y = middle(from.y, height, from.scale) * (1 - gone) + middle(to.y, height, to.scale) * gone;
  return centredOn(x, y, scale, { width, height });
}

function middle(start: number, length: number, scale: number): number {
  return start + length / 2 / scale;
}
