import { effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { kinds } from "../hall";
import { type Seats, states } from "../status";
import { Camera } from "./camera";
import { listen } from "./gestures";
import { onKey } from "./keys";
import { shapeAt } from "./outlines";
import { Picture } from "./picture";
import { pointing } from "./pointing";
import type { View } from "./viewport";

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

/** Engine keeps a picture true to the seats, and turns what people do on it into seats. */
export class Engine {
  readonly picture: Picture;
  readonly camera: Camera;
  /** Counts up when the map comes to rest. */
  readonly rests = signal(0);
  /** Set when the keyboard comes to a place, for who hears it. */
  readonly said = signal("");
  /** The map has the keyboard. */
  isFocused = false;
  private asked = 0;
  /** The place that we wrote: any other was written by somebody else. */
  private written: number | undefined;
  private rested: View | undefined;

  /** It throws where there is no canvas to paint on. */
  constructor(
    readonly canvas: HTMLCanvasElement,
    probe: HTMLElement,
    readonly props: SeatMapProps,
  ) {
    this.picture = new Picture(canvas, probe, props.seats);
    this.camera = new Camera(this.picture, () => this.ask());
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
      listen(this.canvas, pointing(this)),
      onKey(this.canvas, this),
      effect(() => {
        void seats.version.value;
        this.picture.change(seats.changed);
        this.ask();
      }),
      effect(() => {
        this.picture.filter(fits.value);
        this.ask();
      }),
      effect(() => {
        void selection.value;
        this.ask();
      }),
      effect(() => this.bring(hints.value[0])),
      effect(() => this.follow(at.value)),
    ];
    return () => {
      for (const stop of stops) {
        stop();
      }
    };
  }

  /** sectionInSight names the section in the middle of what is seen. */
  get sectionInSight(): string | undefined {
    const { scene } = this.picture;
    const { middle } = this.camera;
    return middle && scene.seats.hall.sections[shapeAt(scene.shapes, middle, 2 * scene.pitch)]?.name;
  }

  /** exists tells whether the event has a ticket for a place. */
  readonly exists = (place: number): boolean => this.props.seats.stateOf[place] !== states.absent;

  /** goTo makes a place the one where the buyer is. */
  goTo(place: number | undefined): void {
    this.written = place;
    this.props.at.value = place;
    this.ask();
  }

  /** choose goes to a place, and picks it if it can be had or is to be given back. */
  choose(place: number): void {
    this.goTo(place);
    if (this.props.seats.stateOf[place] === states.available || this.props.selection.peek().has(place)) {
      this.props.pick(place);
    }
  }

  /** bring brings a place into view. Areas where people stand are seen from afar. */
  bring(place: number | undefined): void {
    const { hall } = this.props.seats;
    if (place !== undefined && (this.camera.isSeats || hall.kindOf[place] !== kinds.standing)) {
      this.guard(() => this.camera.showSeat({ x: hall.x[place] ?? 0, y: hall.y[place] ?? 0 }));
    }
    this.ask();
  }

  /** ask has the picture drawn with the browser's next frame, however often it is asked. */
  ask(): void {
    this.asked ||= requestAnimationFrame((now) => {
      this.asked = 0;
      this.guard(() => this.draw(now));
    });
  }

  private follow(place: number | undefined): void {
    if (place !== this.written) {
      this.written = place;
      this.bring(place);
    }
    this.ask();
  }

  private resize(width: number, height: number): void {
    this.guard(() => {
      if (this.camera.resize(width, height)) {
        this.draw(performance.now()); // in the same frame, so that nothing stretched is seen
      }
    });
  }

  private draw(now: number): void {
    const { camera, picture } = this;
    camera.advance(now);
    const view = camera.view.peek();
    if (!view || picture.size.width === 0 || picture.size.height === 0) {
      return;
    }
    const { selection, hints, at } = this.props;
    const { isFocused } = this;
    const marked = { chosen: selection.peek(), hints: hints.peek(), at: at.peek(), isFocused };
    picture.show(view, camera.passage, camera.isMoving, marked);
    if (camera.passage) {
      this.ask();
    } else if (!camera.isMoving && view !== this.rested) {
      this.rested = view;
      this.rests.value++;
    }
  }

  private guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.props.onFailure(error);
    }
  }
}
