import { type ReadonlySignal, type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { fill, t } from "../../../words";
import { Compass } from "./compass";
import { Engine, type SeatMapProps } from "./engine";
import { zoomStep } from "./keys";
import { Minimap } from "./minimap";
import "../../../styles/map.css";

export type { SeatMapProps } from "./engine";

/** SeatMap draws a hall to choose seats in. Where it cannot, it tells so once and shows nothing: the list is enough to buy. */
export default function SeatMap(props: SeatMapProps) {
  const field = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const engine = useSignal<Engine | undefined>(undefined);
  const hasFailed = useSignal(false);
  const latest = useRef(props);
  latest.current = props;
  const help = useId();

  useEffect(() => {
    const fail = (error: unknown) => {
      if (!hasFailed.peek()) {
        hasFailed.value = true;
        latest.current.onFailure(error);
      }
    };
    if (!field.current || !canvas.current || !probe.current) {
      return undefined;
    }
    try {
      engine.value = new Engine(canvas.current, probe.current, following(latest, fail));
      return engine.value.start(field.current);
    } catch (error) {
      fail(error);
      return undefined;
    }
  }, [props.seats, hasFailed.value]); // a map that failed follows nothing any more

  if (hasFailed.value) {
    return null;
  }
  const { hall } = props.seats;
  return (
    <section class="map" aria-label={t.map.name}>
      <div class="map-field" ref={field} style={{ "--tall": hall.height / hall.width }}>
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: arrows are for the seats, not for a reading cursor */}
        <canvas
          ref={canvas}
          data-map
          tabIndex={0}
          role="application"
          aria-roledescription={t.map.kind}
          aria-label={fill(t.map.of, { hall: hall.name })}
          aria-describedby={help}
        />
        <span ref={probe} class="map-probe" hidden />
        {engine.value && (
          <Over engine={engine.value} canvas={canvas.current} at={props.at} selection={props.selection} />
        )}
      </div>
      <div class="map-bar">{engine.value && <Bar engine={engine.value} />}</div>
      <p id={help} hidden>
        {t.map.keys}
      </p>
      <p class="hidden" role="status">
        {engine.value?.said}
      </p>
    </section>
  );
}

/** following gives properties that are always the latest: an engine outlives many renderings. */
function following(latest: { current: SeatMapProps }, onFailure: (error: unknown) => void): SeatMapProps {
  const { seats, selection, fits, hints, at } = latest.current;
  return {
    seats,
    selection,
    fits,
    hints,
    at,
    pick: (place) => latest.current.pick(place),
    describe: (place) => latest.current.describe(place),
    onFailure,
  };
}

interface OverProps {
  engine: Engine;
  canvas: HTMLCanvasElement | null;
  at: Signal<number | undefined>;
  selection: ReadonlySignal<ReadonlySet<number>>;
}

/** Over is what lies over the canvas, and says on it how the map stands: for styles, and for tests. */
function Over({ engine, canvas, at, selection }: OverProps) {
  const isWhole = useComputed(() => engine.camera.view.value === undefined || engine.camera.isWhole).value;
  const isSeats = useComputed(() => engine.camera.view.value !== undefined && engine.camera.isSeats).value;
  const rests = engine.rests.value;
  const place = at.value;
  const chosen = selection.value.size;
  useEffect(() => {
    const view = engine.camera.view.peek();
    if (canvas && view) {
      canvas.dataset.zoomed = String(!isWhole);
      canvas.dataset.shows = isSeats ? "seats" : "sections";
      canvas.dataset.view = `${view.x} ${view.y} ${view.scale}`;
      canvas.dataset.at = place === undefined ? "" : String(place);
      canvas.dataset.chosen = String(chosen);
    }
  }, [engine, canvas, isWhole, isSeats, rests, place, chosen]);
  return (
    <>
      <Compass engine={engine} />
      {!isWhole && <Minimap engine={engine} />}
    </>
  );
}

/** Bar says where one is, and has the buttons, beside the seats and never on them. */
function Bar({ engine }: { engine: Engine }) {
  const isWhole = useComputed(() => engine.camera.view.value === undefined || engine.camera.isWhole).value;
  const isNearest = useComputed(
    () => (engine.camera.view.value?.scale ?? 0) >= engine.picture.frame.most * 0.999,
  ).value;
  const says = useComputed(() => {
    if (!engine.camera.view.value) {
      return "";
    }
    return engine.camera.isSeats ? (engine.sectionInSight ?? t.map.tapSeat) : t.map.tapSection;
  }).value;
  const out = () => engine.camera.zoomStep(1 / zoomStep);
  return (
    <>
      <p>{says}</p>
      <Button
        says={t.map.whole}
        icon="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"
        isOff={isWhole}
        press={() => engine.camera.showWhole()}
      />
      <Button says={t.map.out} icon="M5 12h14" isOff={isWhole} press={out} />
      <Button
        says={t.map.in}
        icon="M5 12h14M12 5v14"
        isOff={isNearest}
        press={() => engine.camera.zoomStep(zoomStep)}
      />
    </>
  );
}

/** Button keeps the focus when there is nothing left to do, so that the keyboard is not lost. */
function Button({ says, icon, isOff, press }: { says: string; icon: string; isOff: boolean; press: () => void }) {
  return (
    <button type="button" class="quiet map-button" aria-label={says} title={says} aria-disabled={isOff} onClick={press}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d={icon} />
      </svg>
    </button>
  );
}
