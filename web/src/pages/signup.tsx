import { useSignal } from "@preact/signals";
import { Refused } from "../api/client";
import { here, nextOf } from "../router";
import { signUp } from "../session";
import { Field, wrongOf } from "../ui/field";
import { entitle } from "../ui/layout";
import { sayError } from "../ui/notice";
import { t } from "../words";
import "../styles/enter.css";

/** The page to open an account, which logs in as well. */
export default function SignUp() {
  entitle(t.signUp.title);
  const error = useSignal<unknown>(undefined);
  const busy = useSignal(false);
  const next = here.value.query.get("next");

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy.value) {
      return;
    }
    const form = event.currentTarget as HTMLFormElement;
    const values = new FormData(form);
    const text = (name: string) => String(values.get(name) ?? "").trim();
    busy.value = true;
    error.value = undefined;
    try {
      await signUp({
        username: text("username"),
        password: String(values.get("password")),
        ...(text("email") && { email: text("email") }),
        ...(text("location") && { location: text("location") }),
      });
      location.replace(nextOf(next)); // by the browser, which may have asked ahead and been refused
      return; // busy until it is there
    } catch (failed) {
      error.value = failed;
      requestAnimationFrame(() => form.querySelector<HTMLElement>("[aria-invalid]")?.focus());
    }
    busy.value = false;
  };

  const wrong = (field: string) =>
    wrongOf(error.value, field) ?? (field === "username" && isTaken(error.value) ? sayError(error.value) : undefined);
  return (
    <div class="enter">
      <h1>{t.signUp.title}</h1>
      <p class="lead">{t.signUp.lead}</p>
      {error.value !== undefined && (
        <p class="mistake" role="alert">
          {hasFields(error.value) ? t.signUp.wrong : sayError(error.value)}
        </p>
      )}
      <form method="post" onSubmit={submit}>
        <Field
          name="username"
          label={t.logIn.username}
          hint={t.signUp.usernameHint}
          autocomplete="username"
          verbatim
          wrong={wrong("username")}
        />
        <Field
          name="email"
          label={t.signUp.email}
          hint={t.signUp.emailHint}
          optional
          type="email"
          autocomplete="email"
          wrong={wrong("email")}
        />
        <Field
          name="password"
          label={t.logIn.password}
          hint={t.signUp.passwordHint}
          type="password"
          autocomplete="new-password"
          wrong={wrong("password")}
        />
        <Field
          name="location"
          label={t.signUp.location}
          hint={t.signUp.locationHint}
          optional
          autocomplete="address-level2"
          wrong={wrong("location")}
        />
        <button type="submit" aria-disabled={busy.value}>
          {busy.value ? t.signUp.busy : t.signUp.submit}
        </button>
      </form>
      <p>
        {t.signUp.has}{" "}
        <a href={`/app/login${next === null ? "" : `?next=${encodeURIComponent(next)}`}`}>{t.logIn.title}</a>
      </p>
    </div>
  );
}

function isTaken(error: unknown): boolean {
  return error instanceof Refused && error.code === "username-taken";
}

function hasFields(error: unknown): boolean {
  return isTaken(error) || (error instanceof Refused && (error.problem.errors?.length ?? 0) > 0);
}
