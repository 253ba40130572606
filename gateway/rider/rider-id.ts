const KEY = "tripmesh-rider";

/** This browser's rider, made up on the first visit. */
export function riderId(): string {
  const known = localStorage.getItem(KEY);
  if (known) return known;
  const made = `web-${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36) ?? "0"}`;
  localStorage.setItem(KEY, made);
  return made;
}

/** Unique among this rider's requests; a repeated call with it is the same trip. */
export function newRequestId(): string {
  const [a = 0, b = 0] = crypto.getRandomValues(new Uint32Array(2));
  return `r-${a.toString(36)}${b.toString(36)}`;
}
