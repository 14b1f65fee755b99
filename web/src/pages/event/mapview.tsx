import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import type { Choice } from "./choice";
import type { SeatMapProps } from "./map/view";
import { describe } from "./say";

/** MapView shows the hall once the map's script is here: the list needs none of it. onFailure: there will be no map. */
export function MapView({ choice, onFailure }: { choice: Choice; onFailure: () => void }) {
  const loaded = useSignal<{ view: ComponentType<SeatMapProps> } | undefined>(undefined);
  useEffect(() => {
    import("./map/view").then((map) => {
      loaded.value = { view: map.default };
    }, onFailure);
  }, []);
  const seats = choice.seats.value;
  if (!loaded.value) {
    return <div class="ghost" />;
  }
  const { view: View } = loaded.value;
  return (
    <View
      key={choice.builds}
      seats={seats}
      selection={choice.selection}
      fits={choice.fits}
      hints={choice.hints}
      at={choice.at}
      pick={choice.pick}
      describe={(place) => describe(seats, place, choice.selection.peek().has(place))}
      onFailure={onFailure}
    />
  );
}
