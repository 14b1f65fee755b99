import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { forget } from "../resource";
import { go, here, toLogIn } from "../router";
import { logOut, user } from "../session";
import { type Language, language, languages, speak, t } from "../words";
import { AwayBanner } from "./away";

/** site is the name of this box office, as the server wrote it into the page. */
export const site = document.querySelector<HTMLMetaElement>("meta[name=application-name]")?.content || "boxoffice";

/** entitle names the page in the browser's tab. */
export function entitle(title: string): void {
  document.title = title === "" ? site : `${title} · ${site}`;
}

/** Layout is what every page stands in. */
export function Layout({ children }: { children: ComponentChildren }) {
  return (
    <>
      <a class="skip" href="#content">
        {t.nav.skip}
      </a>
      <header class="top">
        <div class="wide">
          <a class="site" href="/app" aria-label={site}>
            <Mark />
            <span>{site}</span>
          </a>
          <nav aria-label={t.nav.main}>
            <NavLink to="/app">{t.nav.home}</NavLink>
            <NavLink to="/app/bookings">{t.nav.bookings}</NavLink>
          </nav>
          <Account />
        </div>
        <AwayBanner />
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <footer class="wide">
        <p>{t.nav.footer}</p>
        <Languages />
      </footer>
    </>
  );
}

function NavLink({ to, children }: { to: string; children: ComponentChildren }) {
  return (
    <a href={to} aria-current={here.value.path === to ? "page" : undefined}>
      {children}
    </a>
  );
}

function Account() {
  const who = user.value;
  const failed = useSignal(false);
  const leave = async () => {
    try {
      await logOut();
      forget();
      go("/app/login");
      failed.value = false;
    } catch {
      failed.value = true; // still logged in, and it must not look otherwise
    }
  };
  return (
    <div class="account">
      {who && (
        <>
          <span class="who">{who.username}</span>
          <button type="button" class="quiet" onClick={leave}>
            {failed.value ? t.nav.logOutAgain : t.nav.logOut}
          </button>
        </>
      )}
      {who === null && !/^\/app\/(login|signup)$/.test(here.value.path) && (
        <a class="button quiet" href={toLogIn()}>
          {t.nav.logIn}
        </a>
      )}
    </div>
  );
}

function Languages() {
  return (
    <fieldset class="languages">
      <legend class="hidden">{t.nav.switchTo}</legend>
      {(Object.keys(languages) as Language[]).map((each) => (
        <button
          type="button"
          key={each}
          class="bare"
          lang={each}
          aria-pressed={each === language}
          onClick={() => speak(each)}
        >
          {languages[each].name}
        </button>
      ))}
    </fieldset>
  );
}

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" />
      <path d="M7 10h18v3.5a2.5 2.5 0 0 0 0 5V22H7v-3.5a2.5 2.5 0 0 0 0-5z" />
    </svg>
  );
}
