import { colourName, colours } from "./marks";

/** Palette has the colours that the map is painted with, as a canvas takes them. */
export interface Palette {
  ground: string;
  /** Under the seats of a section. */
  section: string;
  line: string;
  stage: string;
  onStage: string;
  ink: string;
  soft: string;
  /** What cannot be had. */
  gone: string;
  chosen: string;
  onChosen: string;
  hint: string;
  offers: readonly string[];
  onOffer: string;
  /** The ground of a section by the offer of its cheapest seat. */
  tints: readonly string[];
  /** A family of fonts. */
  font: string;
  /** How much larger than usual people want text. */
  text: number;
}

/** readPalette asks the page for its colours: they follow the theme, and the system where it forces its own. */
export function readPalette(probe: HTMLElement): Palette {
  const colour = (name: string) => {
    probe.style.setProperty("color", `var(${name})`);
    return getComputedStyle(probe).color;
  };
  const offers = Array.from({ length: colours }, (_, i) => colourName(i));
  return {
    ground: colour("--map-ground"),
    section: colour("--map-section"),
    line: colour("--map-line"),
    stage: colour("--map-stage"),
    onStage: colour("--map-on-stage"),
    ink: colour("--map-ink"),
    soft: colour("--map-soft"),
    gone: colour("--map-gone"),
    chosen: colour("--map-chosen"),
    onChosen: colour("--map-on-chosen"),
    hint: colour("--map-hint"),
    offers: offers.map(colour),
    onOffer: colour("--map-on-offer"),
    tints: offers.map((name) => colour(name.replace("offer", "tint"))),
    font: getComputedStyle(probe).fontFamily,
    text: Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16,
  };
}

/** onTheme calls back when the colours may have changed, until what it gives is called. */
export function onTheme(changed: () => void): () => void {
  const queries = ["(prefers-color-scheme: dark)", "(forced-colors: active)", "(prefers-contrast: more)"].map((query) =>
    matchMedia(query),
  );
  for (const query of queries) {
    query.addEventListener("change", changed);
  }
  return () => {
    for (const query of queries) {
      query.removeEventListener("change", changed);
    }
  };
}
