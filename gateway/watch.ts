import type { Reader } from "./reader.ts";

/** The trip that is watched, by its own rider. */
export interface Watched {
  readonly tripId: string;
  readonly riderId: string;
}

/**
 * A way by which updates reach a reader: straight from the stream, or through Backend.
 *
 * Resolves once the reader has begun; rejects when it cannot, before anything was written.
 */
export type Watch = (watched: Watched, reader: Reader) => Promise<void>;
