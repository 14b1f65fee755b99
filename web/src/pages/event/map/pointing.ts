import type { Point } from "../hall";
import type { Engine } from "./engine";
import type { Hands } from "./gestures";
import { nearest } from "./grid";
import { shapeAt } from "./outlines";
import { placeIn } from "./summary";
import { toHall } from "./viewport";

/** A finger means the nearest seat within so many pixels, a mouse within fewer. */
const reach = { touch: 22, mouse: 10 };

/** pointing gives what mice and fingers do to a map. */
export function pointing(engine: Engine): Hands {
  const { camera, canvas } = engine;
  return {
    pan: (dx, dy) => camera.pan(dx, dy),
    zoom: (factor, about) => camera.zoom(factor, about),
    zoomStep: (factor, about) => camera.zoomStep(factor, about),
    moving: (isMoving) => {
      camera.isMoving = isMoving;
      engine.ask();
    },
    hover: (point) => {
      const place = point && placeAt(engine, point, reach.mouse);
      const hits = place !== undefined || (point !== undefined && sectionAt(engine, point, 0) >= 0);
      canvas.classList.toggle("hits", hits);
      if (place !== engine.props.at.peek() && (place !== undefined || !engine.isFocused)) {
        engine.goTo(place);
      }
    },
    tap: (point, isTouch) => tap(engine, point, isTouch ? reach.touch : reach.mouse),
  };
}

/** tap chooses the place at a pixel, and gives it; of a section it shows the seats. */
function tap(engine: Engine, point: Point, tolerance: number): number | undefined {
  const place = placeAt(engine, point, tolerance) ?? standingAt(engine, point, tolerance);
  if (place !== undefined) {
    engine.choose(place);
    return place;
  }
  const view = engine.camera.view.peek();
  const shape = engine.picture.scene.shapes[sectionAt(engine, point, tolerance)];
  if (view && shape) {
    engine.camera.showBox(shape.box, toHall(view, point));
  }
  return undefined;
}

/** placeAt gives the seat at a pixel, while seats are shown, or a place of the area there where people stand. */
function placeAt(engine: Engine, point: Point, tolerance: number): number | undefined {
  const view = engine.camera.view.peek();
  if (!view || !engine.camera.isSeats) {
    return undefined;
  }
  const { scene } = engine.picture;
  const within = Math.max(tolerance / view.scale, scene.pitch / 2);
  return (
    nearest(scene.grid, scene.seats.hall, toHall(view, point), within, engine.exists) ?? standingAt(engine, point, 0)
  );
}

function standingAt({ camera, picture, props }: Engine, point: Point, tolerance: number): number | undefined {
  const view = camera.view.peek();
  if (!view) {
    return undefined;
  }
  const section = shapeAt(picture.scene.shapes, toHall(view, point), tolerance / view.scale);
  return props.seats.hall.sections[section]?.outline && placeIn(props.seats, section, props.selection.peek());
}

/** sectionAt gives the section at a pixel, while sections are shown, or the nearest; -1: none. */
function sectionAt({ camera, picture }: Engine, point: Point, tolerance: number): number {
  const view = camera.view.peek();
  return view && !camera.isSeats ? shapeAt(picture.scene.shapes, toHall(view, point), tolerance / view.scale) : -1;
}
