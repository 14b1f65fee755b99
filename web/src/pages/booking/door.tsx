import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { codePath } from "../../pocket";
import { ChevronIcon, CloseIcon } from "../../ui/icons";
import { fill, t } from "../../words";
import { Code } from "./code";
import { type DeckProps, Place } from "./deck";
import { sayStart } from "./says";

interface Props extends DeckProps {
  /** The ticket to begin with, by its place among them. */
  first: number;
  close: () => void;
}

/** Door shows a ticket on the whole screen, white, and keeps the screen awake. The others are a swipe or an arrow key away. */
export function Door({ booking, tickets, event, first, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const strip = useRef<HTMLUListElement>(null);
  const at = useSignal(first);
  useAwake();
  useEffect(() => {
    dialog.current?.showModal();
    strip.current?.children[first]?.scrollIntoView({ behavior: "instant", inline: "start" });
  }, []);

  const turn = (by: number) => {
    const next = Math.min(Math.max(at.value + by, 0), tickets.length - 1);
    strip.current?.children[next]?.scrollIntoView({ inline: "start" });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      event.preventDefault(); // one ticket, and not some way of it
      turn(event.key === "ArrowRight" ? 1 : -1);
    }
  };
  const onScroll = ({ currentTarget: { scrollLeft, clientWidth } }: { currentTarget: HTMLElement }) => {
    at.value = Math.round(scrollLeft / Math.max(clientWidth, 1));
  };
  return (
    <dialog class="door" ref={dialog} aria-label={t.tickets.title} onClose={close} onKeyDown={onKeyDown}>
      <button type="button" class="bare shut" onClick={() => dialog.current?.close()}>
        <CloseIcon />
        {t.tickets.close}
      </button>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keys, too */}
      <ul class="strip" ref={strip} onScroll={onScroll} tabIndex={0}>
        {tickets.map((ticket, i) => (
          <li key={ticket.id} aria-hidden={i !== at.value} inert={i !== at.value}>
            <Place ticket={ticket} />
            <Code path={codePath(booking.id, ticket.id)} label={fill(t.tickets.code, { seat: ticket.seat })} />
            {event && (
              <p>
                <strong>{event.name}</strong>
                {sayStart(event)} · {event.venue.name}
              </p>
            )}
          </li>
        ))}
      </ul>
      <p class="hint">{t.tickets.bright}</p>
      {tickets.length > 1 && <Turner at={at.value} total={tickets.length} turn={turn} />}
    </dialog>
  );
}

function Turner({ at, total, turn }: { at: number; total: number; turn: (by: number) => void }) {
  return (
    <div class="turner">
      <button
        type="button"
        class="quiet"
        aria-label={t.tickets.previous}
        aria-disabled={at === 0}
        onClick={() => turn(-1)}
      >
        <ChevronIcon />
      </button>
      <span role="status">{fill(t.tickets.nth, { n: at + 1, total })}</span>
      <button
        type="button"
        class="quiet"
        aria-label={t.tickets.next}
        aria-disabled={at === total - 1}
        onClick={() => turn(1)}
      >
        <ChevronIcon />
      </button>
    </div>
  );
}

/** useAwake keeps the screen from going dark, where a browser can; it lets go by itself whenever the page is hidden. */
function useAwake(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined;
    let left = false;
    const stay = async () => {
      if (document.visibilityState === "visible" && "wakeLock" in navigator) {
        lock = await navigator.wakeLock.request("screen").catch(() => undefined); // on a low battery it is refused
        if (left) {
          void lock?.release();
        }
      }
    };
    void stay();
    document.addEventListener("visibilitychange", stay);
    return () => {
      left = true;
      document.removeEventListener("visibilitychange", stay);
      void lock?.release();
    };
  }, []);
}
