import "../../../styles/map-tokens.css";

/** The shapes of seats by offer, each as an SVG path around 0,0 that touches a circle of radius 20 or so. */
const shapes = [
  "M-20 0a20 20 0 1 0 40 0a20 20 0 1 0 -40 0z", // a circle
  "M-12 -18h24a6 6 0 0 1 6 6v24a6 6 0 0 1 -6 6h-24a6 6 0 0 1 -6 -6v-24a6 6 0 0 1 6 -6z", // a square
  "M0 -24L22 -4a5 5 0 0 1 0 8L3 22a4 4 0 0 1 -6 0L-22 4a5 5 0 0 1 0 -8z", // a diamond
  "M-11 -20h22L22 0L11 20h-22L-22 0z", // a hexagon
  "M-19 -1a19 19 0 0 1 38 0v14a6 6 0 0 1 -6 6h-26a6 6 0 0 1 -6 -6z", // an arch
  "M-2.500 -21.500a4 4 0 0 1 5 0L21 14a4 4 0 0 1 -3 6h-36a4 4 0 0 1 -3 -6z", // a triangle
  "M0 -22L21 -6L13 19h-26L-21 -6z", // a pentagon
  "M-7 -20h14v13h13v14h-13v13h-14v-13h-13v-14h13z", // a cross
] as const;

/** Paths of what is drawn on seats or instead of them, in the same measure. A restricted view has a post before it. */
export const paths = {
  accessible: "M-15 -21h30a6 6 0 0 1 6 6v30a6 6 0 0 1 -6 6h-30a6 6 0 0 1 -6 -6v-30a6 6 0 0 1 6 -6z",
  wheelchair: "M-3 -13.500h.1M-3 -7v9h9.500l4.500 10M-3 -2.500h7M-6.500 -1a8 8 0 1 0 10 9.500",
  held: "M-15 0a15 15 0 1 0 30 0a15 15 0 1 0 -30 0z",
  clock: "M0 -8v8l6 4",
  sold: "M-7 0a7 7 0 1 0 14 0a7 7 0 1 0 -14 0z",
  blocked: "M-6 -6l12 12M6 -6l-12 12",
  chosen: "M-23 0a23 23 0 1 0 46 0a23 23 0 1 0 -46 0z",
  check: "M-10 1l7 7l13 -15",
  companion: "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0z",
  restricted: "M-3.5 -26h7v16h-7z",
} as const;

/** How many colours offers have. Beyond it they begin anew, each time with another shape. */
export const colours = 8;

/** OfferMark is how the seats of an offer look. */
export interface OfferMark {
  /** A CSS colour, for whatever stands on the page in the map's element or beside it. */
  colour: string;
  /** Which of the shapes; shapePath draws it. */
  shape: number;
}

/** offerMark gives the look of an offer, which is an index into the offers of `Seats`: the cheapest is 0. */
export function offerMark(offer: number): OfferMark {
  return { colour: `var(${colourName(offer)})`, shape: shapeOf(offer) };
}

/** colourName names the custom property with the colour of an offer. */
export function colourName(offer: number): string {
  return `--map-offer-${(offer % colours) + 1}`;
}

/** shapeOf gives the shape of an offer: no two of the first 56 have both colour and shape in common. */
export function shapeOf(offer: number): number {
  return (offer + Math.floor(offer / colours)) % shapes.length;
}

/** shapePath gives a shape as an SVG path around 0,0, for a viewBox of "-25 -25 50 50". */
export function shapePath(shape: number): string {
  return shapes[shape % shapes.length] ?? shapes[0];
}
