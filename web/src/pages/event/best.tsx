import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { sayError } from "../../ui/notice";
import { t } from "../../words";
import type { BestProps } from "./bestform";

/** Best offers the best seats of a wish. Its form is loaded when it is opened: most choose by themselves. */
export function Best(props: BestProps) {
  const loaded = useSignal<{ form: ComponentType<BestProps> } | { error: unknown } | undefined>(undefined);
  const load = () => {
    import("./bestform").then(
      ({ BestForm }) => {
        loaded.value = { form: BestForm };
      },
      (error: unknown) => {
        loaded.value = { error };
      },
    );
  };
  const { value } = loaded;
  return (
    <details class="best" onToggle={load}>
      <summary>{t.choose.best}</summary>
      {value && "form" in value && <value.form {...props} />}
      {value && "error" in value && <p role="alert">{sayError(value.error)}</p>}
    </details>
  );
}
