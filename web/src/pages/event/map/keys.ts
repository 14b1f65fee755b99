import { states } from "../status";
import type { Engine } from "./engine";
import { nearest } from "./grid";
import { type Direction, ends, step } from "./step";
import { placeIn } from "./summary";

const arrows: Record<string, Direction> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

/** What a press of + or − zooms by, as the buttons do. */
export const zoomStep = 1.6;

/** onKey lets the keyboard do all that pointers do, until what it gives is called. */
export function onKey(canvas: HTMLCanvasElement, engine: Engine): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const focus = (isFocused: boolean) => () => {
    engine.isFocused = isFocused && canvas.matches(":focus-visible");
    engine.ask();
  };
  canvas.addEventListener("focus", focus(true), { signal });
  canvas.addEventListener("blur", focus(false), { signal });
  canvas.addEventListener(
    "keydown",
    (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey && press(engine, event.key)) {
        event.preventDefault();
        engine.isFocused = true;
      }
    },
    { signal },
  );
  return () => stop.abort();
}

/** press does what a key stands for, and tells whether it stands for anything here. */
function press(engine: Engine, key: string): boolean {
  const direction = arrows[key];
  if (direction) {
    move(engine, (from) => step(engine.props.seats.hall, engine.exists, from, direction));
    return true;
  }
  switch (key) {
    case "Home":
    case "End":
      move(engine, (from) => ends(engine.props.seats.hall, engine.exists, from)[key === "Home" ? 0 : 1]);
      return true;
    case "Enter":
    case " ":
      pick(engine);
      return true;
    case "+":
    case "=":
      engine.camera.zoomStep(zoomStep);
      return true;
    case "-":
      engine.camera.zoomStep(1 / zoomStep);
      return true;
    case "0":
      engine.camera.showWhole();
      return true;
    case "Escape":
      if (engine.camera.isWhole) {
        return false;
      }
      engine.camera.showWhole();
      return true;
    default:
      return false;
  }
}

/** move goes on from where the buyer is; the first key only shows where that is. */
function move(engine: Engine, next: (from: number) => number): void {
  const { at, describe } = engine.props;
  const from = at.peek();
  const place = from === undefined ? begin(engine) : next(from);
  if (place === undefined) {
    return;
  }
  engine.goTo(place);
  engine.bring(place);
  engine.said.value = describe(place);
}

function pick(engine: Engine): void {
  const { at, seats, selection } = engine.props;
  const place = at.peek();
  if (place === undefined) {
    move(engine, (from) => from);
    return;
  }
  const section = seats.hall.sectionOf[place] ?? 0;
  const isArea = seats.hall.sections[section]?.outline !== undefined;
  engine.choose(isArea ? placeIn(seats, section, selection.peek()) : place);
}

/** begin gives the free seat in the middle of what is seen, else the first one. */
function begin(engine: Engine): number | undefined {
  const { hall, stateOf } = engine.props.seats;
  const { camera, picture } = engine;
  const isFree = (i: number) => stateOf[i] === states.available;
  const { middle } = camera;
  const near = middle && camera.isSeats ? nearest(picture.scene.grid, hall, middle, 2000, isFree) : undefined;
  const first = near ?? stateOf.indexOf(states.available);
  return first >= 0 ? first : stateOf.findIndex((_, i) => engine.exists(i));
}
