import { createHash } from "node:crypto";
import type { Job } from "./spec.ts";
import type { Window } from "./window.ts";

/** All that decides what a run writes. */
export interface RunIdentity {
  readonly job: Job;
  readonly window: Window;
  /** Digest of the rows that are read. */
  readonly snapshotDigest: string;
  readonly modelDigest: string;
  readonly codeVersion: string;
}

/**
 * The run's name: the same input, model, parameters and code are the same run, on every machine. The first
 * 16 hex digits of SHA-256 over all of them.
 *
 * Where the job reads and writes, its words, its schedule and its report change no row and are left out.
 */
export function runIdOf(identity: RunIdentity): string {
  const { job, window, snapshotDigest, modelDigest, codeVersion } = identity;
  const { name, inputs, keep, offers, quarantine, shardRows, source, destination } = job;
  const parameters = {
    name,
    inputs,
    keep,
    offers,
    quarantine,
    shardRows,
    source: { ...source, url: undefined },
    table: destination.table,
  };
  const text = canonicalJson({ parameters, window, snapshotDigest, modelDigest, codeVersion });
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** JSON with sorted keys, so that the order in which a file is written does not matter. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
