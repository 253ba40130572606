/** A command that was not done, in the words of whoever refused it. */
export class Refused extends Error {}

const WITHIN_MS = 15_000;

/** Posts a command; fails with `Refused` and the service's own sentence. */
export async function sendCommand<T>(path: string, body: object): Promise<T> {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(WITHIN_MS),
  }).catch(() => {
    throw new Refused("The gateway does not answer: whether it was done is not known.");
  });
  return read<T>(response);
}

/** Asks for details; fails with `Refused` likewise. */
export async function ask<T>(path: string): Promise<T> {
  const response = await fetch(path, { signal: AbortSignal.timeout(WITHIN_MS) }).catch(() => {
    throw new Refused("The gateway does not answer.");
  });
  return read<T>(response);
}

async function read<T>(response: Response): Promise<T> {
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer as T;
  const { message } = (answer ?? {}) as { message?: string };
  throw new Refused(message || `The gateway answers ${response.status}.`);
}

/** An id that nobody else has; `crypto.randomUUID` is missing where the page has no TLS. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
