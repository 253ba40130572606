const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 10_000;
/** Refusals in a row until it is no passing trouble: some three minutes. */
const MAX_REFUSALS = 20;

export type Connection = "connecting" | "open" | "reconnecting" | "ended" | "refused";

export interface UpdatesListener {
  /** The data of an update, as it was sent. */
  update(data: string): void;
  connection(now: Connection): void;
}

/**
 * Follows a stream of updates to its end; the function that is returned leaves it.
 *
 * A browser mends a broken connection by itself and says what it has had last. But once refused, as it is while
 * the gateway restarts, it gives up for good: then this comes again, after what it has had.
 */
export function followUpdates(
  url: (after: string | undefined) => string,
  listener: UpdatesListener,
): () => void {
  let source: EventSource;
  let again: ReturnType<typeof setTimeout> | undefined;
  let refusals = 0;
  let lastId: string | undefined;
  const come = () => {
    source = new EventSource(url(lastId));
    source.onopen = () => {
      refusals = 0;
      listener.connection("open");
    };
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return listener.connection("reconnecting");
      if (refusals === MAX_REFUSALS) return listener.connection("refused");
      again = setTimeout(come, Math.min(FIRST_PAUSE_MS * 2 ** refusals, LONGEST_PAUSE_MS));
      refusals += 1;
      listener.connection("reconnecting");
    };
    source.addEventListener("update", ({ data, lastEventId }) => {
      lastId = lastEventId;
      listener.update(data);
    });
    source.addEventListener("end", () => {
      source.close(); // else the browser would come back for ever
      listener.connection("ended");
    });
  };
  come();
  return () => {
    clearTimeout(again);
    source.close();
  };
}
