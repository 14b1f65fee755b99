/** Chunk is how Vite's manifest describes a file that it made. */
export interface Chunk {
  file: string;
  imports?: string[];
  dynamicImports?: string[];
  css?: string[];
  assets?: string[];
}

/** filesOf lists all that a page loads, now or later. What the entry may load later are the other pages, which are left out. */
export function filesOf(chunks: Record<string, Chunk>, key: string, seen = new Set<string>()): string[] {
  const chunk = chunks[key];
  if (seen.has(key)) {
    return [];
  }
  if (!chunk) {
    throw new Error(`${key} was not built`);
  }
  seen.add(key);
  const later = key === "index.html" ? [] : (chunk.dynamicImports ?? []);
  const inner = [...(chunk.imports ?? []), ...later].flatMap((each) => filesOf(chunks, each, seen));
  return [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? []), ...inner];
}
