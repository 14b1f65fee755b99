import { en } from "./en";

/** Words has a text for each key, or its plural forms. The other languages have the same keys as English. */
export type Words = typeof en;

/** Plural is a text by number: Intl.PluralRules says which form a number takes. */
export interface Plural {
  one: string;
  other: string;
}

/** The languages, each by what loads it. English is in the first script, the others are not. */
export const languages = {
  en: { name: "English", load: async (): Promise<Words> => en },
  es: { name: "Español", load: async (): Promise<Words> => (await import("./es")).es },
};

export type Language = keyof typeof languages;

/** t is what the client says, in the language of `language`. They are set once, before the first page is shown. */
export let t: Words = en;
export let language: Language = "en";

/** locale is for numbers and dates: the browser's own where it is of our language, so that en-GB gets its 24 hours. */
export let locale = "en-US";

const storedAs = "language";

/** chosen gives the language that was picked here before, else the first of the browser's that we have. */
export function chosen(stored: string | null, preferred: readonly string[]): { language: Language; locale: string } {
  const wanted = stored === null ? preferred : [stored, ...preferred];
  const found = wanted.map((tag) => tag.split("-")[0]).find((short) => short !== undefined && short in languages);
  const picked = (found ?? "en") as Language;
  return { language: picked, locale: preferred.find((tag) => tag.split("-")[0] === picked) ?? picked };
}

/** learn loads the language to speak. */
export async function learn(): Promise<void> {
  const choice = chosen(localStorage.getItem(storedAs), navigator.languages);
  language = choice.language;
  locale = choice.locale;
  t = await languages[language].load();
  document.documentElement.lang = language;
}

/** speak picks a language for good, and starts over in it. */
export function speak(picked: Language): void {
  localStorage.setItem(storedAs, picked);
  location.reload();
}

/** fill puts values into the {names} of a text. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** count picks the form for n, and fills it in; {n} is the number as people write it. */
export function count(forms: Plural, n: number, values: Record<string, string | number> = {}): string {
  const form = new Intl.PluralRules(locale).select(n) === "one" ? forms.one : forms.other;
  return fill(form, { n: new Intl.NumberFormat(locale).format(n), ...values });
}
