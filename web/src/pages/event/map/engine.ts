import { effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { kinds, type Point } from "../hall";
import { type Seats, states } from "../status";
import { listen } from "./gestures";
import { nearest } from "./grid";
import { onKey } from "./keys";
import { shapeAt } from "./outlines";
import { type Passage, Picture } from "./picture";
import { showsSeats } from "./scene";
import { placeIn } from "./summary";
import type { View } from "./viewport";
import * as viewport from "./viewport";

/** SeatMapProps is what the map shows, and what it tells. */
export interface SeatMapProps {
  /** Redrawn when their version changes. */
  seats: Seats;
  /** The places that the buyer chose. */
  selection: ReadonlySignal<ReadonlySet<number>>;
  /** Filters: what does not fit is dimmed; undefined: there are none. */
  fits: ReadonlySignal<((place: number) => boolean) | undefined>;
  /** Places to point out. The first is brought into view. */
  hints: ReadonlySignal<readonly number[]>;
  /** The place that pointer, tap or keyboard is at. The map writes it; when others do, it brings that place into view. */
  at: Signal<number | undefined>;
  /** Toggles a place that is free or chosen; of an area where people stand, its first free place that is not chosen. */
  pick: (place: number) => void;
  /** Says all about a place in one sentence, for who hears the map. */
  describe: (place: number) => string;
  /** Called once when there can be no map: it then shows nothing. */
  onFailure: (error: unknown) => void;
}

/** How long a change of view takes, in ms. */
const passing = 260;

/** A finger means the nearest seat within so many pixels, a mouse within fewer. */
const reach = { touch: 22, mouse: 10 };

/** Engine moves the view over a picture, and turns what people do on it into seats. */
export class Engine {
  /** Undefined until the map has a size. */
  readonly view = signal<View | undefined>(undefined);
  /** Counts up when it comes to rest. */
  readonly rests = signal(0);
  /** Set when the keyboard comes to a place, for who hears it. */
  readonly said = signal("");
  readonly picture: Picture;
  isFocused = false;
  private passage: (Passage & { start: number }) | undefined;
  private isMoving = false;
  private asked = 0;
  private written: number | undefined;

  constructor(
    readonly canvas: HTMLCanvasElement,
    probe: HTMLElement,
    readonly props: SeatMapProps,
  ) {
    this.picture = new Picture(canvas, probe, props.seats);
  }

  /** start follows the page, the seats and the people, until what it gives is called. */
  start(field: HTMLElement): () => void {
    const { seats, selection, fits, hints, at } = this.props;
    const observer = new ResizeObserver(() => this.resize(field.clientWidth, field.clientHeight));
    observer.observe(field);
    const stops = [
      () => observer.disconnect(),
      () => cancelAnimationFrame(this.asked),
      this.picture.watchTheme(() => this.ask()),
      listen(this.canvas, this),
      onKey(this.canvas, this),
      effect(() => {
        void seats.version.value;
        this.picture.change(seats.changed);
        this.ask();
      }),
      effect(() => {
        this.picture.scene.fits = fits.value;
        this.picture.refresh();
        this.ask();
      }),
      effect(() => {
        void selection.value;
        this.ask();
      }),
      effect(() => this.pointOut(hints.value[0])),
      effect(() => this.follow(at.value)),
    ];
    return () => {
      for (const stop of stops) {
        stop();
      }
    };
  }

  /** isSeats tells whether single seats are shown, and not sections. */
  get isSeats(): boolean {
    return showsSeats(this.picture.scene, this.view.peek()?.scale ?? 0);
  }

  /** isWhole tells whether the whole hall is shown. */
  get isWhole(): boolean {
    const view = this.view.peek();
    return !view || viewport.isWhole(view, this.picture.frame);
  }

  /** sectionInSight names the section in the middle of what is seen. */
  get sectionInSight(): string | undefined {
    const view = this.view.peek();
    const { size, scene } = this.picture;
    const { hall } = this.props.seats;
    if (!view || hall.sections.length < 2) {
      return hall.sections[0]?.name;
    }
    const middle = viewport.toHall(view, { x: size.width / 2, y: size.height / 2 });
    return hall.sections[shapeAt(scene.shapes, middle, 2 * scene.pitch)]?.name;
  }

  /** exists tells whether an event has a place at all. */
  readonly exists = (place: number): boolean => this.props.seats.stateOf[place] !== states.absent;

  /** comfortable is the scale at which seats are easily hit. */
  get comfortable(): number {
    return 30 / this.picture.scene.pitch;
  }

  /** pan moves the hall by pixels, and gives what could not be moved up or down. */
  pan(dx: number, dy: number): number {
    const view = this.land();
    if (!view) {
      return 0;
    }
    const next = viewport.panned(view, dx, dy, this.picture.frame);
    this.view.value = next;
    this.ask();
    return dy - (view.y - next.y) * view.scale;
  }

  /** zoom zooms at once by a factor about a pixel. */
  zoom(factor: number, about: Point): void {
    const view = this.land();
    if (view) {
      this.view.value = viewport.zoomed(view, factor, about, this.picture.frame);
      this.ask();
    }
  }

  /** zoomStep zooms by a step, as a button does, about the middle or a pixel. */
  zoomStep(factor: number, about?: Point): void {
    const view = this.land();
    const { frame } = this.picture;
    if (view) {
      this.pass(viewport.zoomed(view, factor, about ?? { x: frame.size.width / 2, y: frame.size.height / 2 }, frame));
    }
  }

  /** showWhole goes back to the whole hall. */
  showWhole(): void {
    this.pass(viewport.whole(this.picture.frame));
  }

  /** jump goes to a view at once. */
  jump(view: View): void {
    this.land();
    this.view.value = view;
    this.ask();
  }

  /** moving says that views follow each other quickly, as long as fingers are on the map. */
  moving(isMoving: boolean): void {
    this.isMoving = isMoving;
    this.ask();
  }

  /** bring brings a place into view, near enough to see it. It passes there unless the place is about in view already. */
  bring(place: number): void {
    const view = this.view.peek();
    if (!view) {
      return;
    }
    const { hall } = this.props.seats;
    const { frame } = this.picture;
    const point = { x: hall.x[place] ?? 0, y: hall.y[place] ?? 0 };
    if (!this.isSeats && hall.kindOf[place] !== kinds.standing) {
      this.pass(viewport.kept(viewport.centredOn(point.x, point.y, this.comfortable, frame.size), frame));
      return;
    }
    const next = viewport.withInView(this.passage?.to ?? view, point, 64, frame);
    if (this.passage) {
      this.pass(next);
    } else if (next !== view) {
      this.view.value = next;
      this.ask();
    }
  }

  /** goTo makes a place the one where the buyer is. */
  goTo(place: number | undefined): void {
    this.written = place;
    this.props.at.value = place;
    this.ask();
  }

  /** hover follows a mouse; undefined: it left. It tells whether there is anything to click on. */
  hover(point: Point | undefined): void {
    const place = point && this.isSeats ? this.placeAt(point, reach.mouse) : undefined;
    this.canvas.classList.toggle("hits", place !== undefined || (point !== undefined && this.sectionAt(point, 0) >= 0));
    if (place !== this.props.at.peek() && (place !== undefined || !this.isFocused)) {
      this.goTo(place);
    }
  }

  /** tap chooses the seat at a pixel, or zooms into the section. It gives the seat. */
  tap(point: Point, isTouch: boolean): number | undefined {
    const tolerance = isTouch ? reach.touch : reach.mouse;
    if (this.isSeats) {
      const place = this.placeAt(point, tolerance);
      if (place !== undefined) {
        this.choose(place);
      }
      return place;
    }
    const section = this.sectionAt(point, tolerance);
    if (this.props.seats.hall.sections[section]?.outline) {
      const place = placeIn(this.props.seats, section, this.props.selection.peek());
      this.choose(place);
      return place;
    }
    if (section >= 0) {
      this.zoomInto(section, point);
    }
    return undefined;
  }

  /** choose goes to a place, and picks it if it can be had or is to be given back. */
  choose(place: number): void {
    this.goTo(place);
    if (this.props.seats.stateOf[place] === states.available || this.props.selection.peek().has(place)) {
      this.props.pick(place);
    }
  }

  /** zoomInto shows a section, near enough to tell its seats; about a pixel of it where it is too large for that. */
  private zoomInto(section: number, point: Point): void {
    const view = this.view.peek();
    const shape = this.picture.scene.shapes[section];
    if (!view || !shape) {
      return;
    }
    const { frame, scene } = this.picture;
    const all = viewport.viewOf(shape.box, frame.size, this.comfortable);
    const near = 15 / scene.pitch;
    const { box } = shape;
    const tapped = viewport.toHall(view, point);
    const x = Math.min(Math.max(tapped.x, box.x), box.x + box.width);
    const y = Math.min(Math.max(tapped.y, box.y), box.y + box.height);
    this.pass(viewport.kept(all.scale >= near ? all : viewport.centredOn(x, y, near, frame.size), frame));
  }

  private placeAt(point: Point, tolerance: number): number | undefined {
    const view = this.view.peek();
    if (!view) {
      return undefined;
    }
    const { scene } = this.picture;
    const { hall } = scene.seats;
    const at = viewport.toHall(view, point);
    const place = nearest(scene.grid, hall, at, Math.max(tolerance / view.scale, scene.pitch * 0.5), this.exists);
    if (place !== undefined) {
      return place;
    }
    const section = shapeAt(scene.shapes, at, 0);
    return hall.sections[section]?.outline
      ? placeIn(this.props.seats, section, this.props.selection.peek())
      : undefined;
  }

  /** sectionAt gives the section at a pixel, or the first that is near; -1: none. */
  private sectionAt(point: Point, tolerance: number): number {
    const view = this.view.peek();
    if (!view || this.isSeats) {
      return -1;
    }
    return shapeAt(this.picture.scene.shapes, viewport.toHall(view, point), tolerance / view.scale);
  }

  private follow(place: number | undefined): void {
    if (place !== this.written) {
      this.written = place;
      if (place !== undefined) {
        this.bring(place);
      }
    }
    this.ask();
  }

  private pointOut(place: number | undefined): void {
    if (place !== undefined) {
      this.bring(place);
    }
    this.ask();
  }

  private resize(width: number, height: number): void {
    const before = this.view.peek();
    const { size } = this.picture;
    const wasWhole = this.isWhole;
    if (!this.picture.resize(width, height) || width === 0 || height === 0) {
      return;
    }
    this.passage = undefined;
    const { frame } = this.picture;
    if (before && !wasWhole) {
      const middle = viewport.toHall(before, { x: size.width / 2, y: size.height / 2 });
      this.view.value = viewport.kept(viewport.centredOn(middle.x, middle.y, before.scale, frame.size), frame);
    } else {
      this.view.value = viewport.whole(frame);
    }
    this.draw(performance.now()); // in the same frame, so that nothing stretched is seen
  }

  /** pass goes to a view, at once where people want less motion. */
  private pass(to: View): void {
    const from = this.view.peek();
    if (!from) {
      return;
    }
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.passage = undefined;
      this.view.value = to;
    } else {
      this.guard(() => this.picture.expect(to));
      this.passage = { from, to, done: 0, start: 0 };
    }
    this.ask();
  }

  /** land breaks off a passage, for what comes next to begin where it is. */
  private land(): View | undefined {
    this.passage = undefined;
    return this.view.peek();
  }

  /** ask has the picture drawn with the browser's next frame, however often it is asked. */
  ask(): void {
    this.asked ||= requestAnimationFrame((now) => {
      this.asked = 0;
      this.draw(now);
    });
  }

  private draw(now: number): void {
    if (this.passage) {
      this.advance(this.passage, now);
    }
    const view = this.view.peek();
    if (!view || this.picture.size.width === 0 || this.picture.size.height === 0) {
      return;
    }
    const { selection, hints, at } = this.props;
    const marked = {
      chosen: selection.peek(),
      hints: hints.peek(),
      at: at.peek(),
      isFocused: this.isFocused,
    };
    this.guard(() => this.picture.show(view, this.passage, this.isMoving, marked));
    if (this.passage) {
      this.ask();
    } else if (!this.isMoving) {
      this.rests.value++;
    }
  }

  private advance(passage: Passage & { start: number }, now: number): void {
    passage.start ||= now;
    const t = Math.min((now - passage.start) / passing, 1);
    passage.done = 1 - (1 - t) ** 3;
    this.view.value = viewport.between(passage.from, passage.to, passage.done, this.picture.size);
    if (t === 1) {
      this.view.value = passage.to;
      this.passage = undefined;
      this.picture.arrive();
    }
  }

  private guard(paint: () => void): void {
    try {
      paint();
    } catch (error) {
      this.props.onFailure(error);
    }
  }
}
