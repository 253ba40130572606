import type { StoredLetter } from "./read.ts";

/** Which dead letters are meant; what is not named does not matter. */
export interface Filter {
  readonly ids?: readonly number[] | undefined;
  readonly service?: string | undefined;
  readonly slot?: string | undefined;
  readonly trip?: string | undefined;
  /** Part of the reason, in any case. */
  readonly reason?: string | undefined;
  /** Given up at or after this. */
  readonly since?: Date | undefined;
  /** `waiting`: never sent again; `replayed`: at least once. */
  readonly state?: "waiting" | "replayed" | "all" | undefined;
}

export function matches(letter: StoredLetter, filter: Filter): boolean {
  const { ids, service, slot, trip, reason, since, state = "all" } = filter;
  return (
    (ids === undefined || ids.length === 0 || ids.includes(letter.id)) &&
    (service === undefined || letter.service === service) &&
    (slot === undefined || letter.slot === slot) &&
    (trip === undefined || letter.tripId === trip) &&
    (reason === undefined || letter.reason.toLowerCase().includes(reason.toLowerCase())) &&
    (since === undefined || (letter.failedAt ?? new Date(0)) >= since) &&
    (state === "all" || (state === "replayed") === letter.replays.length > 0)
  );
}
