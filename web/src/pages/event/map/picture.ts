import type { Seats } from "../status";
import { type Marked, paintOver } from "./overlay";
import { onTheme, readPalette } from "./palette";
import { newScene, type Scene, showsSeats } from "./scene";
import { copy, covers, newSheet, repaint, type Sheet } from "./sheet";
import { summarise } from "./summary";
import type { Frame, Size, View } from "./viewport";

/** More pixels than these for one of CSS are not seen, but cost time and memory. */
const densest = 2;

/** While fingers or a wheel zoom, what is painted is stretched, within these bounds. */
const stretch = { least: 0.62, most: 1.7 };

/** A change of view under way: the sheet of where it leads is painted before it begins, and comes in over the other. */
export interface Passage {
  from: View;
  to: View;
  /** From 0 to 1. */
  done: number;
}

/** Picture paints a hall on a canvas. It decides what is painted anew, and what is only copied. */
export class Picture {
  readonly scene: Scene;
  size: Size = { width: 0, height: 0 };
  private readonly ctx: CanvasRenderingContext2D;
  private dpr = 1;
  private sheet: Sheet | undefined;
  private next: Sheet | undefined;
  private isStale = true;
  private readonly changed = new Set<number>();

  /** It throws where there is no canvas to paint on. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly probe: HTMLElement,
    seats: Seats,
  ) {
    const ctx = canvas.getContext("2d", { alpha: false });
    if (!ctx) {
      throw new Error("no 2d context");
    }
    this.ctx = ctx;
    this.scene = newScene(seats, readPalette(probe));
  }

  /** frame is what views of this picture are kept in. */
  get frame(): Frame {
    return { size: this.size, extent: this.scene.extent, most: 60 / this.scene.pitch };
  }

  /** resize follows the page; 0 while the map is not shown. It tells whether that changed anything. */
  resize(width: number, height: number): boolean {
    const dpr = Math.min(window.devicePixelRatio || 1, densest);
    if (width === this.size.width && height === this.size.height && dpr === this.dpr) {
      return false;
    }
    this.size = { width, height };
    this.dpr = dpr;
    this.canvas.width = Math.round(width * dpr);
    this.canvas.height = Math.round(height * dpr);
    this.sheet = this.next = undefined;
    return true;
  }

  /** watchTheme calls back after colours changed. */
  watchTheme(changed: () => void): () => void {
    return onTheme(() => {
      this.scene.palette = readPalette(this.probe);
      this.refresh();
      changed();
    });
  }

  /** filter dims the seats that do not fit; undefined: none. */
  filter(fits: Scene["fits"]): void {
    this.scene.fits = fits;
    this.refresh();
  }

  /** refresh has all painted anew with the next frame. */
  refresh(): void {
    this.isStale = true;
    this.next = undefined; // a passage goes on without it
  }

  /** change notes seats whose state is another now; undefined: any. */
  change(places: readonly number[] | undefined): void {
    const { scene } = this;
    const { hall } = scene.seats;
    if (places === undefined) {
      scene.summaries = hall.sections.map((_, i) => summarise(scene.seats, i));
      this.refresh();
      return;
    }
    for (const i of places) {
      this.changed.add(i);
    }
  }

  /** expect paints the sheet of the view that a passage leads to. */
  expect(to: View): void {
    this.next = newSheet(this.scene, to, this.size, this.dpr, this.next);
  }

  /** show puts a view on the screen. isMoving: it is one of many, so what is painted may be stretched. */
  show(view: View, passage: Passage | undefined, isMoving: boolean, marked: Marked): void {
    this.bringUpToDate(passage ? [this.sheet, this.next] : [this.sheet]);
    if (!this.sheet || this.isStale || !(passage || this.serves(this.sheet, view, isMoving))) {
      this.sheet = newSheet(this.scene, view, this.size, this.dpr, this.sheet);
      this.isStale = false;
    }
    const { ctx, sheet } = this;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.fillStyle = this.scene.palette.ground;
    ctx.fillRect(0, 0, this.canvas.width, this.canvas.height);
    copy(ctx, sheet, view, this.dpr);
    if (passage && this.next) {
      ctx.globalAlpha = passage.done;
      copy(ctx, this.next, view, this.dpr);
      ctx.globalAlpha = 1;
    }
    paintOver(ctx, this.scene, view, this.dpr, marked);
  }

  /** arrive makes the sheet that a passage led to the one that is copied. */
  arrive(): void {
    if (this.next) {
      [this.sheet, this.next] = [this.next, this.sheet];
    }
  }

  private serves(sheet: Sheet, view: View, isMoving: boolean): boolean {
    const ratio = view.scale / sheet.target.view.scale;
    const isSame = Math.abs(ratio - 1) < 1e-9;
    const isNear =
      isMoving &&
      ratio > stretch.least &&
      ratio < stretch.most &&
      showsSeats(this.scene, view.scale) === showsSeats(this.scene, sheet.target.view.scale);
    return (isSame || isNear) && covers(sheet, view, this.size);
  }

  private bringUpToDate(sheets: readonly (Sheet | undefined)[]): void {
    const { scene, changed } = this;
    if (changed.size === 0) {
      return;
    }
    const sections = new Set<number>();
    for (const i of changed) {
      sections.add(scene.seats.hall.sectionOf[i] ?? 0);
    }
    for (const section of sections) {
      scene.summaries[section] = summarise(scene.seats, section);
    }
    for (const sheet of sheets) {
      if (sheet && !this.isStale) {
        repaint(scene, sheet, changed);
      }
    }
    changed.clear();
  }
}
