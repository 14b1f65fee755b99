/** A palette is ground, shape and accent of a drawn poster. */
const palettes: readonly [string, string, string][] = [
  ["#3b1226", "#b8325f", "#f6b48f"],
  ["#10273f", "#2f6f9f", "#f2c14e"],
  ["#1d3a2c", "#3f8f62", "#f0e2a0"],
  ["#2d1b4a", "#7a4fc0", "#f4a6c0"],
  ["#45240f", "#c4662a", "#f7dca4"],
  ["#143438", "#2f8f93", "#f4866a"],
  ["#332b12", "#a98a2c", "#f1efe0"],
  ["#1f1f33", "#5a5fb0", "#9fe0c8"],
];

/** hashOf is FNV-1a with a finish that spreads its bits: the same title has the same poster everywhere. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** initialsOf are the first letters of the two first words that matter. */
export function initialsOf(name: string): string {
  const words = name
    .replace(/['’]/g, "")
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
  const telling = words.filter((word) => !/^(the|a|an|of|and|el|la|los|las|de|y)$/i.test(word));
  return (telling.length > 0 ? telling : words)
    .slice(0, 2)
    .map((word) => [...word][0]?.toLocaleUpperCase() ?? "")
    .join("");
}

/** The motifs, each drawn on 120 × 180 from a number. */
const motifs: readonly ((n: number, shape: string, accent: string) => preact.JSX.Element)[] = [
  (n, shape, accent) => (
    <>
      <circle cx={60} cy={70 + (n % 30)} r={46} fill={shape} />
      <circle cx={60 + (n % 24) - 12} cy={64 + (n % 30)} r={26} fill={accent} />
    </>
  ),
  (n, shape, accent) => (
    <>
      {[0, 1, 2, 3, 4].map((i) => (
        <path key={i} d={`M${i * 30 - 10} 180V${60 + ((n >> i) % 70)}h18V180z`} fill={i === n % 5 ? accent : shape} />
      ))}
    </>
  ),
  (n, shape, accent) => (
    <>
      <path d={`M60 20L${150 + (n % 20)} 180H${-30 - (n % 20)}z`} fill={shape} />
      <path d="M60 20L92 180H28z" fill={accent} opacity={0.85} />
    </>
  ),
  (n, shape, accent) => (
    <>
      {[84, 64, 44, 24].map((r, i) => (
        <circle key={r} cx={n % 2 ? 120 : 0} cy={180} r={r * 1.4} fill={i % 2 ? accent : shape} />
      ))}
    </>
  ),
  (n, shape, accent) => (
    <>
      {[0, 1, 2, 3].map((i) => (
        <path
          key={i}
          d={`M-10 ${70 + i * 30}q32 ${-24 - (n % 12)} 65 0t65 0V200H-10z`}
          fill={i % 2 ? accent : shape}
          opacity={0.55 + i * 0.12}
        />
      ))}
    </>
  ),
  (n, shape, accent) => (
    <>
      {Array.from({ length: 24 }, (_, i) => (
        <circle
          key={i}
          cx={15 + (i % 4) * 30}
          cy={24 + Math.floor(i / 4) * 27}
          r={4 + ((n >> (i % 16)) % 8)}
          fill={(n >> (i % 20)) % 3 ? shape : accent}
        />
      ))}
    </>
  ),
];

/** Poster is drawn from a title's name, where there is no picture of it. It says nothing that is not beside it. */
export function Poster({ name }: { name: string }) {
  const n = hashOf(name);
  const [ground, shape, accent] = palettes[n % palettes.length] as [string, string, string];
  const motif = motifs[(n >>> 5) % motifs.length] as (typeof motifs)[number];
  return (
    <svg class="poster" viewBox="0 0 120 180" aria-hidden="true" focusable="false" preserveAspectRatio="xMidYMid slice">
      <rect width={120} height={180} fill={ground} />
      {motif(n >>> 8, shape, accent)}
      <rect y={126} width={120} height={54} fill={ground} opacity={0.72} />
      <text x={12} y={166} font-size={34} font-weight={750} fill="#fff">
        {initialsOf(name)}
      </text>
    </svg>
  );
}
