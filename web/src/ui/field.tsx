import { useSignal } from "@preact/signals";
import { Refused } from "../api/client";
import { t } from "../words";

interface Props {
  name: string;
  label: string;
  type?: "text" | "email" | "password";
  autocomplete: string;
  /** Something that is no word: a name to log in with. */
  verbatim?: boolean;
  hint?: string;
  /** What is wrong with it; empty: nothing. */
  wrong?: string | undefined;
  optional?: boolean;
}

/** Field is a text field with its label, and what is wrong with it beside it. */
export function Field({ name, label, type = "text", autocomplete, verbatim, hint, wrong, optional }: Props) {
  const shown = useSignal(false);
  const described = [hint && `${name}-hint`, wrong && `${name}-wrong`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={name}>
        {label} {optional && <span class="soft">({t.signUp.optional})</span>}
      </label>
      <div class="entry">
        <input
          id={name}
          name={name}
          type={(shown.value ? "text" : type) as "text"}
          autocomplete={autocomplete}
          autocapitalize={verbatim ? "none" : undefined}
          spellcheck={!verbatim}
          required={!optional}
          aria-invalid={wrong ? true : undefined}
          aria-describedby={described || undefined}
        />
        {type === "password" && (
          <button
            type="button"
            class="bare"
            aria-pressed={shown.value}
            onClick={() => {
              shown.value = !shown.value;
            }}
          >
            {shown.value ? t.logIn.hide : t.logIn.show}
          </button>
        )}
      </div>
      {wrong && (
        <p class="wrong" id={`${name}-wrong`}>
          {wrong}
        </p>
      )}
      {hint && (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** wrongOf gives what a problem says of a field. */
export function wrongOf(error: unknown, field: string): string | undefined {
  return error instanceof Refused ? error.problem.errors?.find((wrong) => wrong.field === field)?.message : undefined;
}
