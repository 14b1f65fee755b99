import { useComputed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Point } from "../hall";
import type { Engine } from "./engine";
import { centredOn, kept } from "./viewport";

/** Minimap is the whole hall, small, with what is seen of it marked. A click on it goes there. */
export function Minimap({ engine }: { engine: Engine }) {
  const { scene } = engine.picture;
  const { extent, shapes } = scene;
  const { stage } = scene.seats.hall;
  const sections = useMemo(() => shapes.map(({ corners }) => pathOf(corners)).join(""), [shapes]);
  const seen = useComputed(() => {
    const { x, y, scale } = engine.view.value ?? { ...extent, scale: 1 };
    const { width, height } = engine.picture.size;
    const [left, top] = [Math.max(x, extent.x), Math.max(y, extent.y)];
    const right = Math.min(x + width / scale, extent.x + extent.width);
    const bottom = Math.min(y + height / scale, extent.y + extent.height);
    return { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
  }).value;
  const line = Math.max(extent.width, extent.height) / 50;
  const go = (event: PointerEvent & { currentTarget: SVGSVGElement }) => {
    if (event.type === "pointermove" && event.buttons === 0) {
      return;
    }
    const box = event.currentTarget.getBoundingClientRect();
    const scale = Math.min(box.width / extent.width, box.height / extent.height);
    const view = engine.view.peek();
    const { frame } = engine.picture;
    if (view) {
      const x = extent.x + extent.width / 2 + (event.clientX - box.left - box.width / 2) / scale;
      const y = extent.y + extent.height / 2 + (event.clientY - box.top - box.height / 2) / scale;
      engine.jump(kept(centredOn(x, y, view.scale, frame.size), frame));
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
      <rect class="map-mini-stage" {...stage} rx={line} />
      <path class="map-mini-sections" d={sections} stroke-width={line} />
      <rect class="map-mini-view" {...seen} rx={line / 2} stroke-width={line} />
    </svg>
  );
}

/** A minimap needs no more corners than this of a section. */
const most = 40;

function pathOf(corners: readonly Point[]): string {
  const every = Math.ceil(corners.length / most);
  const few = corners.filter((_, i) => i % every === 0);
  return few.length === 0 ? "" : `M${few.map(({ x, y }) => `${Math.round(x)} ${Math.round(y)}`).join("L")}Z`;
}
