/** Row is a figure, with the bar that it is held against; "" where there is none. */
export type Row = [what: string, figure: string, bar?: string | undefined];

/** print writes figures as a table. They are for people: nothing fails by them. */
export function print(title: string, rows: readonly Row[]): void {
  const widest = Math.max(...rows.map(([what]) => what.length));
  const lines = rows.map(
    ([what, figure, bar]) => `  ${what.padEnd(widest)}  ${figure.padStart(10)}${bar ? `   bar ${bar}` : ""}`,
  );
  process.stdout.write(`\n${title}\n${lines.join("\n")}\n`);
}

export function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

/** percentile gives a percentile by the nearest rank. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(Math.ceil((sorted.length * p) / 100), 1) - 1] ?? Number.NaN;
}

/** median of some. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}
