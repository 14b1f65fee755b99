import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import { t } from "../words";
import { CloseIcon } from "./icons";

/** Option is a line of the list under a combobox. */
export interface Option {
  id: string;
  content: ComponentChildren;
  /** What happens when it is picked. */
  pick: () => void;
}

interface Props {
  label: string;
  placeholder: string;
  /** What the list is of. */
  listLabel: string;
  icon: ComponentChildren;
  value: string;
  options: readonly Option[];
  onInput: (text: string) => void;
  /** Enter without an option. */
  onSubmit: () => void;
  onFocus?: () => void;
  /** Leaving the field without picking. */
  onLeave?: () => void;
}

/**
 * Combobox is a text field with a list of suggestions: the editable combobox with list autocomplete of the ARIA Authoring
 * Practices. Focus stays in the field; arrows move through the list, Enter picks, Escape closes and then clears.
 */
export function Combobox(props: Props) {
  const { label, listLabel, icon, value, options, onInput, onSubmit, onFocus, onLeave } = props;
  const id = useId();
  const open = useSignal(false);
  const active = useSignal(-1);
  const input = useRef<HTMLInputElement>(null);
  const shown = open.value && options.length > 0;
  const current = shown ? options[active.value] : undefined;

  const close = () => {
    open.value = false;
    active.value = -1;
  };
  const pick = (option: Option) => {
    close();
    option.pick();
  };
  const move = (to: number) => {
    open.value = true;
    active.value = (to + options.length + 1) % (options.length + 1);
    if (active.value === options.length) {
      active.value = -1; // between the last and the first, the field itself
    }
    document.getElementById(`${id}-${active.value}`)?.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") {
      move(active.value + 1);
    } else if (event.key === "ArrowUp") {
      move(active.value < 0 ? options.length - 1 : active.value - 1);
    } else if (event.key === "Enter") {
      if (current) {
        pick(current);
      } else {
        close();
        onSubmit();
      }
    } else if (event.key === "Escape") {
      if (shown) {
        close();
      } else if (value !== "") {
        onInput("");
      }
    } else {
      return;
    }
    event.preventDefault();
  };

  return (
    <div class="combobox">
      {icon}
      <label class="hidden" for={id}>
        {label}
      </label>
      <input
        ref={input}
        id={id}
        type="text"
        role="combobox"
        inputMode="search"
        enterKeyHint="search"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        aria-autocomplete="list"
        aria-expanded={shown}
        aria-controls={`${id}-list`}
        aria-activedescendant={current ? `${id}-${active.value}` : undefined}
        placeholder={props.placeholder}
        value={value}
        onInput={(event) => {
          open.value = true;
          active.value = -1;
          onInput(event.currentTarget.value);
        }}
        onFocus={onFocus}
        onClick={() => {
          open.value = true;
        }}
        onBlur={() => {
          close();
          onLeave?.();
        }}
        onKeyDown={onKeyDown}
      />
      {value !== "" && (
        <button
          type="button"
          class="bare"
          aria-label={`${t.home.clearText}: ${label}`}
          onClick={() => {
            onInput("");
            input.current?.focus();
          }}
        >
          <CloseIcon />
        </button>
      )}
      <div id={`${id}-list`} role="listbox" aria-label={listLabel} class="suggestions" hidden={!shown}>
        {shown &&
          options.map((option, i) => (
            // The field keeps the focus and has the keys: an option is only ever clicked.
            // biome-ignore lint/a11y/useFocusableInteractive: aria-activedescendant stands for focus
            // biome-ignore lint/a11y/useKeyWithClickEvents: see onKeyDown of the field
            <div
              key={option.id}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === active.value}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => pick(option)}
            >
              {option.content}
            </div>
          ))}
      </div>
    </div>
  );
}
