import { signal } from "@preact/signals";
import type { Box, Point } from "../hall";
import type { Passage, Picture } from "./picture";
import { showsSeats } from "./scene";
import type { View } from "./viewport";
import * as viewport from "./viewport";

/** How long a change of view takes, in ms. */
const passing = 260;

/** Seats are easily hit, and just told from each other, when so many pixels apart. */
const easy = 30;
const near = 15;

/** Camera has the view of a picture, and moves it. */
export class Camera {
  /** Undefined until the map has a size. */
  readonly view = signal<View | undefined>(undefined);
  /** A change of view under way. */
  passage: (Passage & { start: number }) | undefined;
  /** Views follow each other quickly, as fingers or a wheel have them. */
  isMoving = false;

  /** ask is called when there is another view to draw. */
  constructor(
    private readonly picture: Picture,
    private readonly ask: () => void,
  ) {}

  /** isSeats tells whether single seats are shown, and not sections. */
  get isSeats(): boolean {
    return showsSeats(this.picture.scene, this.view.peek()?.scale ?? 0);
  }

  /** isWhole tells whether the whole hall is shown. */
  get isWhole(): boolean {
    const view = this.view.peek();
    return !view || viewport.isWhole(view, this.picture.frame);
  }

  /** middle is the place in the middle of what is seen, in cm. */
  get middle(): Point | undefined {
    const view = this.view.peek();
    const { size } = this.picture;
    return view && viewport.toHall(view, { x: size.width / 2, y: size.height / 2 });
  }

  /** pan moves the hall by pixels, and gives what could not be moved up or down. */
  pan(dx: number, dy: number): number {
    const view = this.land();
    if (!view) {
      return 0;
    }
    const next = viewport.panned(view, dx, dy, this.picture.frame);
    this.jump(next);
    return dy - (view.y - next.y) * view.scale;
  }

  /** zoom zooms at once by a factor about a pixel. */
  zoom(factor: number, about: Point): void {
    const view = this.land();
    if (view) {
      this.jump(viewport.zoomed(view, factor, about, this.picture.frame));
    }
  }

  /** zoomStep zooms by a step, as a button does, about a pixel or the middle; one press after the other adds up. */
  zoomStep(factor: number, about?: Point): void {
    const view = this.passage?.to ?? this.view.peek();
    const { frame } = this.picture;
    if (view) {
      this.pass(viewport.zoomed(view, factor, about ?? { x: frame.size.width / 2, y: frame.size.height / 2 }, frame));
    }
  }

  /** showWhole goes back to the whole hall. */
  showWhole(): void {
    this.pass(viewport.whole(this.picture.frame));
  }

  /** showBox shows a part of the hall, near enough to tell its seats: about a place of it where it is too large for that. */
  showBox(box: Box, { x, y }: Point): void {
    const { frame, scene } = this.picture;
    const all = viewport.viewOf(box, frame.size, easy / scene.pitch);
    const least = near / scene.pitch;
    const about = {
      x: Math.min(Math.max(x, box.x), box.x + box.width),
      y: Math.min(Math.max(y, box.y), box.y + box.height),
    };
    const view = all.scale >= least ? all : viewport.centredOn(about.x, about.y, least, frame.size);
    this.pass(viewport.kept(view, frame));
  }

  /** showSeat brings a seat into view, near enough to see it. It passes there unless it is about in view already. */
  showSeat(at: Point): void {
    const view = this.view.peek();
    const { frame, scene } = this.picture;
    if (!view) {
      return;
    }
    if (!this.isSeats) {
      this.pass(viewport.kept(viewport.centredOn(at.x, at.y, easy / scene.pitch, frame.size), frame));
      return;
    }
    const next = viewport.withInView(this.passage?.to ?? view, at, 64, frame);
    if (this.passage) {
      this.pass(next);
    } else if (next !== view) {
      this.jump(next);
    }
  }

  /** jump goes to a view at once. */
  jump(view: View): void {
    this.passage = undefined;
    this.view.value = view;
    this.ask();
  }

  /** goTo is jump to a view around a place, at the scale that there is. */
  goTo({ x, y }: Point): void {
    const view = this.view.peek();
    const { frame } = this.picture;
    if (view) {
      this.jump(viewport.kept(viewport.centredOn(x, y, view.scale, frame.size), frame));
    }
  }

  /** resize follows the map's size: the whole hall stays whole, and else what is in the middle stays there. */
  resize(width: number, height: number): boolean {
    const { isWhole, middle } = this;
    if (!this.picture.resize(width, height) || width === 0 || height === 0) {
      return false;
    }
    this.passage = undefined;
    const before = this.view.peek();
    const { frame } = this.picture;
    this.view.value =
      before && middle && !isWhole
        ? viewport.kept(viewport.centredOn(middle.x, middle.y, before.scale, frame.size), frame)
        : viewport.whole(frame);
    return true;
  }

  /** advance goes on with the passage under way, to where it is at a time in ms. */
  advance(now: number): void {
    const { passage } = this;
    if (!passage) {
      return;
    }
    passage.start ||= now;
    const t = Math.min((now - passage.start) / passing, 1);
    passage.done = 1 - (1 - t) ** 3;
    if (t < 1) {
      this.view.value = viewport.between(passage.from, passage.to, passage.done, this.picture.size);
      return;
    }
    this.view.value = passage.to;
    this.passage = undefined;
    this.picture.arrive();
  }

  /** pass goes to a view, at once where people want less motion. */
  private pass(to: View): void {
    const from = this.view.peek();
    if (!from) {
      return;
    }
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.jump(to);
      return;
    }
    this.passage = { from, to, done: 0, start: 0 };
    this.picture.expect(to);
    this.ask();
  }

  /** land breaks off a passage, for what comes next to begin where it is. */
  private land(): View | undefined {
    this.passage = undefined;
    return this.view.peek();
  }
}
