import { useSignalEffect } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { type Box, middleOf, type Point } from "../hall";
import type { Engine } from "./engine";
import type { Size, View } from "./viewport";

/** Minimap is the whole hall, small, with what is seen of it marked. A click on it goes there. */
export function Minimap({ engine }: { engine: Engine }) {
  const { extent, shapes, seats } = engine.picture.scene;
  const sections = useMemo(() => shapes.map(({ corners }) => pathOf(corners)).join(""), [shapes]);
  const mark = useRef<SVGRectElement>(null);
  useSignalEffect(() => {
    const view = engine.camera.view.value;
    if (view) {
      for (const [name, value] of Object.entries(seenOf(view, engine.picture.size, extent))) {
        mark.current?.setAttribute(name, String(value)); // with each frame: nothing else is to be rendered anew
      }
    }
  });
  const line = Math.max(extent.width, extent.height) / 50;
  const go = (event: PointerEvent & { currentTarget: SVGSVGElement }) => {
    if (event.type === "pointerdown" || event.buttons > 0) {
      engine.camera.goTo(placeUnder(event, event.currentTarget.getBoundingClientRect(), extent));
    }
  };
  return (
    <svg
      class="map-mini"
      data-minimap
      viewBox={`${extent.x} ${extent.y} ${extent.width} ${extent.height}`}
      aria-hidden="true"
      onPointerDown={go}
      onPointerMove={go}
    >
      <rect class="map-mini-stage" {...boxOf(seats.hall.stage)} rx={line} />
      <path class="map-mini-sections" d={sections} stroke-width={line} />
      <rect ref={mark} class="map-mini-view" rx={line / 2} stroke-width={line} />
    </svg>
  );
}

function boxOf({ x, y, width, height }: Box): Box {
  return { x, y, width, height };
}

/** seenOf gives the part of a hall that a view shows. */
export function seenOf({ x, y, scale }: View, { width, height }: Size, extent: Box): Box {
  const [left, top] = [Math.max(x, extent.x), Math.max(y, extent.y)];
  const right = Math.min(x + width / scale, extent.x + extent.width);
  const bottom = Math.min(y + height / scale, extent.y + extent.height);
  return { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
}

/** placeUnder gives the place of the hall that a pointer on the minimap is at. */
function placeUnder({ clientX, clientY }: PointerEvent, on: DOMRect, extent: Box): Point {
  const style = 6; // its padding, in pixels
  const scale = Math.min((on.width - 2 * style) / extent.width, (on.height - 2 * style) / extent.height);
  const middle = middleOf(extent);
  return {
    x: middle.x + (clientX - on.left - on.width / 2) / scale,
    y: middle.y + (clientY - on.top - on.height / 2) / scale,
  };
}

/** A minimap needs no more corners than this of a section. */
const most = 40;

function pathOf(corners: readonly Point[]): string {
  const every = Math.ceil(corners.length / most);
  const few = corners.filter((_, i) => i % every === 0);
  return few.length === 0 ? "" : `M${few.map(({ x, y }) => `${Math.round(x)} ${Math.round(y)}`).join("L")}Z`;
}
