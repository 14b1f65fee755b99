/**
 * walk moves the focus between the seats of a section's list. Tab comes to the first of them, or to where the focus was last;
 * the rest is by arrows.
 */
export function walk(event: KeyboardEvent): void {
  const rows = event.currentTarget as HTMLElement;
  const seat = (event.target as HTMLElement).closest<HTMLElement>(".seat");
  const row = seat?.closest(".row");
  const to = seat && row && stepFrom(seat, row, event.key);
  if (to) {
    event.preventDefault();
    enterBy(rows, to);
    to.focus();
  }
}

/** enterBy has Tab come to one of the seats in a list: this one. */
export function enterBy(rows: HTMLElement, seat: HTMLElement | null): void {
  for (const before of rows.querySelectorAll('.seat[tabindex="0"]')) {
    before.setAttribute("tabindex", "-1");
  }
  seat?.setAttribute("tabindex", "0");
}

/** keepEntry has Tab come to the first seat where the one that it came to is gone. */
export function keepEntry(rows: HTMLElement): void {
  if (!rows.querySelector('.seat[tabindex="0"]')) {
    enterBy(rows, rows.querySelector<HTMLElement>(".seat"));
  }
}

function stepFrom(seat: HTMLElement, row: Element, key: string): HTMLElement | undefined {
  const seats = [...row.querySelectorAll<HTMLElement>(".seat")];
  const at = seats.indexOf(seat);
  switch (key) {
    case "ArrowRight":
      return seats[at + 1];
    case "ArrowLeft":
      return seats[at - 1];
    case "Home":
      return seats[0];
    case "End":
      return seats.at(-1);
    case "ArrowDown":
      return nearest(row.nextElementSibling, seat);
    case "ArrowUp":
      return nearest(row.previousElementSibling, seat);
    default:
      return undefined;
  }
}

/** nearest is the seat of a row whose number is closest. */
function nearest(row: Element | null, seat: HTMLElement): HTMLElement | undefined {
  const away = (other: HTMLElement) => Math.abs(Number(other.dataset.number) - Number(seat.dataset.number));
  return [...(row?.querySelectorAll<HTMLElement>(".seat") ?? [])].sort((a, b) => away(a) - away(b))[0];
}
