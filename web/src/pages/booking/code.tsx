import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../../words";
import { codeOf } from "./codes";

/** Code is what is scanned at the door, dark on white whatever the colours around it. label says whose seat it is. */
export function Code({ path, label }: { path: string; label: string }) {
  const state = useSignal<{ source?: string; failed?: boolean }>({});
  useEffect(() => {
    let source: string | undefined;
    let left = false;
    codeOf(path).then(
      (picture) => {
        if (!left) {
          source = URL.createObjectURL(picture);
          state.value = { source };
        }
      },
      () => {
        state.value = left ? state.value : { failed: true };
      },
    );
    return () => {
      left = true;
      URL.revokeObjectURL(source ?? "");
    };
  }, [path]);
  const { source, failed } = state.value;
  return (
    <span class="code">
      {source && <img src={source} alt={label} />}
      {failed && <span role="alert">{t.tickets.noCode}</span>}
    </span>
  );
}
