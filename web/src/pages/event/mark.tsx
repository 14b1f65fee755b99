import { offerMark, shapePath } from "./map/marks";

/** OfferMark is how the seats of an offer look on the map. */
export function OfferMark({ offer }: { offer: number }) {
  const { colour, shape } = offerMark(offer);
  return (
    <svg class="offer-mark" viewBox="-25 -25 50 50" aria-hidden="true" focusable="false">
      <path d={shapePath(shape)} fill={colour} />
    </svg>
  );
}
