import { signal } from "@preact/signals";
import { api, Refused, type Schemas, take } from "./api/client";

export type User = Schemas["User"];

/** user is who is logged in; null: nobody; undefined: not known yet. */
export const user = signal<User | null | undefined>(undefined);

let asked: Promise<User | null> | undefined;

/** whoAmI gives who is logged in. It asks once; where no answer comes, nobody is. */
export function whoAmI(): Promise<User | null> {
  asked ??= take(api.GET("/me"))
    .catch(() => null)
    .then((found) => {
      user.value = found;
      return found;
    });
  return asked;
}

/** logIn begins a session. Throws Refused. */
export async function logIn(username: string, password: string): Promise<void> {
  const session = await take(api.POST("/login", { body: { username, password } }));
  setUser(session.user);
}

/** signUp opens an account and begins a session. Throws Refused, with the fields that are wrong. */
export async function signUp(request: Schemas["SignUpRequest"]): Promise<void> {
  await take(api.POST("/signup", { body: request }));
  await logIn(request.username, request.password);
}

/** logOut ends the session. */
export async function logOut(): Promise<void> {
  await take(api.POST("/logout"));
  setUser(null);
}

function setUser(who: User | null): void {
  asked = Promise.resolve(who);
  user.value = who;
}

/** needsLogIn tells whether a page cannot be shown without a session; then nobody is logged in, whatever we thought. */
export function needsLogIn(error: unknown): boolean {
  const refused = error instanceof Refused && error.status === 401;
  if (refused) {
    setUser(null);
  }
  return refused;
}
