/**
 * Steps at which the fault suite kills a process, to see what a crash there leaves behind. The name says
 * what has just happened.
 */
export type Failpoint =
  | "backend.estimated" // a request is about to be stored
  | "backend.committed" // trip and event are stored, nobody was told
  | "relay.taken" // events were read from the outbox
  | "relay.published" // the stream has acknowledged them, the outbox does not know
  | "relay.noted"
  | "consume.received" // a message is in hand
  | "score.predicted" // its prediction is known, not stored
  | "consume.handled" // its effect is stored, it is not acknowledged
  | "consume.acknowledged" // perhaps still in the socket's buffer
  | "gateway.joined" // a reader is registered, nothing was read for it
  | "gateway.caught-up" // what is stored was read, nothing is written
  | "gateway.written" // an update was given to the reader's socket
  | "batch.planned" // what a batch run reads is fixed, nothing is scored
  | "batch.scored" // a shard is scored, not written
  | "batch.inserted" // its rows are in an open transaction or in a file that has no mark
  | "batch.written" // a shard is written and marked
  | "batch.verified" // every shard is there, readers see nothing of it
  | "batch.publishing" // the publication is in an open transaction, or its files are in place
  | "batch.pointed" // parquet: readers see the run, its history does not say so yet
  | "batch.published"; // readers see the run, its working files are still there

/** Read once: the environment of a process does not change, and this stands on hot paths. */
const armed = parse(process.env["MESH_FAILPOINT"]);

/**
 * Ends this process as `kill -9` would when `MESH_FAILPOINT=<name>:<n>` names this step, at its `n`th time.
 * Without the variable it does nothing.
 */
export function failpoint(name: Failpoint): void {
  if (armed === undefined || armed.name !== name) return;
  armed.left--;
  if (armed.left === 0) process.kill(process.pid, "SIGKILL");
}

function parse(value: string | undefined): { readonly name: string; left: number } | undefined {
  if (value === undefined) return undefined;
  const [name = "", nth = "1"] = value.split(":");
  return { name, left: Number(nth) };
}
