import { signal } from "@preact/signals";
import { api, Refused, type Schemas, take } from "./api/client";
import { belongTo } from "./pocket";

export type User = Schemas["User"];

/** user is who is logged in; null: nobody; undefined: not known yet. */
export const user = signal<User | null | undefined>(undefined);

let asked: Promise<User | null | undefined> | undefined;

/** whoAmI gives who is logged in. It asks until an answer comes, and then no more; undefined: none came this time. */
export function whoAmI(): Promise<User | null | undefined> {
  asked ??= take(api.GET("/me")).then(setUser, (error: unknown) => {
    asked = undefined;
    return error instanceof Refused && error.status === 401 ? setUser(null) : undefined;
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

function setUser(who: User | null): User | null {
  asked = Promise.resolve(who);
  user.value = who;
  void belongTo(who?.id ?? null);
  return who;
}

/** needsLogIn tells whether a page cannot be shown without a session; then nobody is logged in, whatever we thought. */
export function needsLogIn(error: unknown): boolean {
  const refused = error instanceof Refused && error.status === 401;
  if (refused) {
    setUser(null);
  }
  return refused;
}
