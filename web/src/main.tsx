import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { here, start } from "./router";
import { match, type Page } from "./routes";
import { lose, recoveries, whenBack } from "./server";
import { whoAmI } from "./session";
import { Layout } from "./ui/layout";
import { Empty, Failure, Loading } from "./ui/notice";
import { learn, t } from "./words";
import { install } from "./worker/install";

/** Shown is the page on the screen: the one before stays until the code of the next is here. */
type Shown = { path: string; id: string; page: Page } | { path: string; error: unknown } | undefined;

const shown = signal<Shown>(undefined);

function App() {
  return (
    <Layout>
      <Current />
    </Layout>
  );
}

function Current() {
  const at = shown.value;
  if (!at) {
    return (
      <div class="wide">
        <Loading />
      </div>
    );
  }
  if ("error" in at) {
    return <Failure error={at.error} again={() => location.reload()} />;
  }
  return <at.page key={at.path} id={at.id} />;
}

function NotFound() {
  return (
    <Empty title={t.failed.notFound} says={t.failed.notFoundSays}>
      <a class="button" href="/app">
        {t.failed.home}
      </a>
    </Empty>
  );
}

/** show loads the page of a path. The focus goes to its start, so that a screen reader begins there. */
async function show(path: string): Promise<void> {
  const found = match(path);
  const before = shown.peek();
  if (before?.path === path) {
    return;
  }
  try {
    const page = found ? (await found.route.load()).default : NotFound;
    if (here.peek().path === path) {
      shown.value = { path, id: found?.id ?? "", page };
    }
  } catch (error) {
    if (here.peek().path !== path) {
      return;
    }
    const failure = { path, error };
    shown.value = failure;
    const reload = () => location.reload(); // a browser does not ask again for code that it failed to load
    whenBack(reload, () => shown.peek() === failure);
  }
  if (before) {
    document.getElementById("content")?.focus({ preventScroll: true });
  }
}

async function main(): Promise<void> {
  start((path) => match(path) !== undefined);
  addEventListener("offline", lose);
  if (!navigator.onLine) {
    lose();
  }
  effect(() => {
    recoveries.value;
    void whoAmI();
  });
  const first = match(location.pathname)?.route.load();
  first?.catch(() => undefined); // show tells of it
  await learn();
  effect(() => {
    void show(here.value.path);
  });
  render(<App />, document.getElementById("app") as HTMLElement);
  install();
}

void main();
