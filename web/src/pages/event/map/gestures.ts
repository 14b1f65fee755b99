import type { Point } from "../hall";

/** Hands is what a map does when people touch it. Points are pixels of the map. */
export interface Hands {
  /** Gives what could not be moved up or down. */
  pan(dx: number, dy: number): number;
  zoom(factor: number, about: Point): void;
  zoomStep(factor: number, about: Point): void;
  /** Gives the seat that was tapped. */
  tap(point: Point, isTouch: boolean): number | undefined;
  hover(point: Point | undefined): void;
  moving(isMoving: boolean): void;
}

/** A pointer that moves less than this, in pixels, is a tap. */
const steady = { touch: 10, mouse: 5 };

/** Two taps within so many ms and pixels are a double tap. */
const double = { time: 320, apart: 26, factor: 2 };

/** A wheel rests after so many ms. */
const rest = 160;

/** Finger is where a pointer is in the window, which stays true while the page scrolls, and where it went down. */
interface Finger extends Point {
  from: Point;
}

/** listen turns pointers and wheels on an element into what a map does, until what it gives is called. */
export function listen(element: HTMLElement, hands: Hands): () => void {
  const gestures = new Gestures(element, hands);
  const stop = new AbortController();
  const on = (type: string, handle: (event: never) => void, passive = true) =>
    element.addEventListener(type, handle as (event: Event) => void, { passive, signal: stop.signal });
  on("pointerdown", gestures.down);
  on("pointermove", gestures.move);
  on("pointerup", gestures.up);
  on("pointercancel", gestures.cancel);
  on("pointerleave", gestures.leave);
  on("wheel", gestures.wheel, false);
  on("touchmove", keepPinch, false);
  return () => stop.abort();
}

/** keepPinch keeps two fingers for the map: the page would scroll with them. */
function keepPinch(event: TouchEvent): void {
  if (event.touches.length > 1 && event.cancelable) {
    event.preventDefault();
  }
}

class Gestures {
  private readonly fingers = new Map<number, Finger>();
  /** A tap is one finger that went down and up, and was never far away, nor with others. */
  private isTap = false;
  private last: (Point & { time: number; seat: number | undefined }) | undefined;
  private resting: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly element: HTMLElement,
    private readonly hands: Hands,
  ) {}

  readonly down = (event: PointerEvent): void => {
    if (event.button !== 0) {
      return;
    }
    this.isTap = this.fingers.size === 0;
    this.fingers.set(event.pointerId, { ...inWindow(event), from: inWindow(event) });
  };

  readonly move = (event: PointerEvent): void => {
    const finger = this.fingers.get(event.pointerId);
    if (!finger) {
      if (event.pointerType !== "touch") {
        this.hands.hover(this.onMap(inWindow(event)));
      }
      return;
    }
    const to = inWindow(event);
    if (this.isTap && Math.hypot(to.x - finger.from.x, to.y - finger.from.y) < steady[kindOf(event)]) {
      return;
    }
    if (this.isTap || this.fingers.size > 1) {
      this.element.setPointerCapture(event.pointerId);
    }
    this.isTap = false;
    this.hands.moving(true);
    if (this.fingers.size === 1) {
      this.drag(finger, to, event.pointerType === "touch");
    } else {
      this.pinch(finger, to);
    }
  };

  readonly up = (event: PointerEvent): void => {
    const wasDown = this.fingers.delete(event.pointerId);
    if (wasDown && this.isTap) {
      this.tap(this.onMap(inWindow(event)), event);
    }
    this.end();
  };

  readonly cancel = (event: PointerEvent): void => {
    this.fingers.delete(event.pointerId);
    this.isTap = false;
    this.end();
  };

  readonly leave = (event: PointerEvent): void => {
    if (event.pointerType !== "touch" && this.fingers.size === 0) {
      this.hands.hover(undefined);
    }
  };

  /** The page scrolls with the wheel; with ctrl or ⌘ it zooms, which is also what a pinch on a trackpad comes as. */
  readonly wheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey) {
      return;
    }
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 20 : 1;
    const isTrackpad = Math.abs(event.deltaY) < 40;
    this.hands.moving(true);
    this.hands.zoom(Math.exp(-event.deltaY * lines * (isTrackpad ? 0.01 : 0.0025)), this.onMap(inWindow(event)));
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.hands.moving(false), rest);
  };

  /** drag moves the hall. Beyond its edge a finger moves the page, so that nobody is caught in the map. */
  private drag(finger: Finger, to: Point, isTouch: boolean): void {
    const left = this.hands.pan(to.x - finger.x, to.y - finger.y);
    finger.x = to.x;
    finger.y = to.y;
    if (isTouch && Math.abs(left) >= 1) {
      scrollBy({ top: -left, behavior: "instant" });
    }
  }

  /** pinch zooms about the middle of two fingers, and moves the hall with it. */
  private pinch(finger: Finger, to: Point): void {
    const other = [...this.fingers.values()].find((each) => each !== finger);
    if (!other) {
      return;
    }
    const before = Math.hypot(finger.x - other.x, finger.y - other.y);
    const after = Math.hypot(to.x - other.x, to.y - other.y);
    this.hands.pan((to.x - finger.x) / 2, (to.y - finger.y) / 2);
    this.hands.zoom(after / Math.max(before, 1), this.onMap({ x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 }));
    finger.x = to.x;
    finger.y = to.y;
  }

  private tap(point: Point, event: PointerEvent): void {
    const isTouch = kindOf(event) === "touch";
    const seat = this.hands.tap(point, isTouch);
    const { last } = this;
    const isDouble =
      last !== undefined &&
      event.timeStamp - last.time < double.time &&
      Math.hypot(point.x - last.x, point.y - last.y) < double.apart &&
      last.seat === seat; // two seats beside each other are two taps
    this.last = isDouble ? undefined : { ...point, time: event.timeStamp, seat };
    if (isDouble) {
      this.hands.zoomStep(double.factor, point);
    }
  }

  private end(): void {
    if (this.fingers.size === 0) {
      this.hands.moving(false);
    }
  }

  private onMap({ x, y }: Point): Point {
    const { left, top } = this.element.getBoundingClientRect();
    return { x: x - left, y: y - top };
  }
}

function inWindow({ clientX, clientY }: MouseEvent): Point {
  return { x: clientX, y: clientY };
}

function kindOf(event: PointerEvent): "touch" | "mouse" {
  return event.pointerType === "mouse" ? "mouse" : "touch";
}
