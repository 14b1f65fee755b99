import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { middleOf, type Point } from "../hall";
import type { Engine } from "./engine";
import { overlap } from "./scene";
import { type Size, toScreen } from "./viewport";

/** How far from the edge of the map the compass stays, in pixels: half of what it takes with text of the usual size. */
const inset = { x: 56, y: 26 };

/** Compass tells where the stage is while it is out of sight. It looks at nothing and says nothing: rows are said by name. */
export function Compass({ engine }: { engine: Engine }) {
  const pill = useRef<HTMLDivElement>(null);
  const { stage } = engine.props.seats.hall;
  useSignalEffect(() => {
    const view = engine.camera.view.value;
    const { size } = engine.picture;
    if (!view || !pill.current) {
      return;
    }
    const seen = { x: view.x, y: view.y, width: size.width / view.scale, height: size.height / view.scale };
    pill.current.hidden = overlap(seen, stage);
    const { x, y, turn } = towards(toScreen(view, middleOf(stage)), size, engine.picture.scene.palette.text);
    pill.current.style.setProperty("transform", `translate(${x}px, ${y}px) translate(-50%, -50%)`);
    pill.current.style.setProperty("--turn", `${turn}rad`);
  });
  return (
    <div ref={pill} class="map-compass" aria-hidden="true" hidden>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M12 19V5M6 11l6-6l6 6" />
      </svg>
      {stage.label}
    </div>
  );
}

/** towards gives the spot at the edge of the map on the way from its middle to a place out of sight, and which way to point. */
export function towards(to: Point, { width, height }: Size, text = 1): Point & { turn: number } {
  const middle = { x: width / 2, y: height / 2 };
  const [dx, dy] = [to.x - middle.x, to.y - middle.y];
  const part = Math.min(
    Math.max(middle.x - inset.x * text, 0) / Math.max(Math.abs(dx), 1e-6),
    Math.max(middle.y - inset.y * text, 0) / Math.max(Math.abs(dy), 1e-6),
    1,
  );
  return { x: middle.x + dx * part, y: middle.y + dy * part, turn: Math.atan2(dx, -dy) };
}
