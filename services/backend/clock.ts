import { invalidArgument } from "#kit/rpc/errors.ts";

/** When things happen, as far as trips are concerned. */
export interface EventClock {
  /**
   * The time of a request: `claimed` when it may claim one, else now.
   *
   * In a replay there is one event clock: requests of the replay carry their time and move it forward, any
   * other request gets the latest time accepted. Outside one the server's clock rules, and a claimed time
   * is INVALID_ARGUMENT.
   */
  at(claimed: Date | undefined): Date;
}

/** `latest` is the time of the last event before a restart; `now` is the server's clock. */
export function createEventClock(
  replay: boolean,
  latest: Date | undefined,
  now: () => Date = () => new Date(),
): EventClock {
  let newest = latest;
  return {
    at(claimed) {
      if (!replay) {
        if (!claimed) return now();
        const description = "is accepted only by a mesh that replays recorded trips";
        throw invalidArgument([{ field: "event_time", description }]);
      }
      if (claimed && (!newest || claimed > newest)) newest = claimed;
      return claimed ?? newest ?? now();
    },
  };
}
