import { useSignal } from "@preact/signals";
import { here, nextOf } from "../router";
import { logIn } from "../session";
import { Field, wrongOf } from "../ui/field";
import { entitle } from "../ui/layout";
import { sayError } from "../ui/notice";
import { t } from "../words";
import "../styles/enter.css";

/** The page to log in; ?next= says where to go afterwards, on this origin. */
export default function LogIn() {
  entitle(t.logIn.title);
  const error = useSignal<unknown>(undefined);
  const busy = useSignal(false);
  const next = here.value.query.get("next");

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy.value) {
      return;
    }
    const form = new FormData(event.currentTarget as HTMLFormElement);
    busy.value = true;
    error.value = undefined;
    try {
      await logIn(String(form.get("username")), String(form.get("password")));
      location.replace(nextOf(next)); // by the browser, which may have asked ahead and been refused
      return; // busy until it is there
    } catch (failed) {
      error.value = failed;
    }
    busy.value = false;
  };

  return (
    <div class="enter">
      <h1>{t.logIn.title}</h1>
      <p class="lead">{t.logIn.lead}</p>
      {error.value !== undefined && (
        <p class="mistake" role="alert">
          {sayError(error.value)}
        </p>
      )}
      <form method="post" onSubmit={submit}>
        <Field
          name="username"
          label={t.logIn.username}
          autocomplete="username"
          verbatim
          wrong={wrongOf(error.value, "username")}
        />
        <Field
          name="password"
          label={t.logIn.password}
          type="password"
          autocomplete="current-password"
          wrong={wrongOf(error.value, "password")}
        />
        <button type="submit" aria-disabled={busy.value}>
          {busy.value ? t.logIn.busy : t.logIn.submit}
        </button>
      </form>
      <p>
        <a href="/app/forgot">{t.logIn.forgot}</a>
      </p>
      <p>
        {t.logIn.none}{" "}
        <a href={`/app/signup${next === null ? "" : `?next=${encodeURIComponent(next)}`}`}>{t.logIn.signUp}</a>
      </p>
    </div>
  );
}
