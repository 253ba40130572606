/** Where a process can be reached, by name: `rpc`, `http`, `console`. */
export type Listening = Readonly<Record<string, string>>;

/**
 * Tells the supervisor, if there is one, that this process is ready and where it listens.
 *
 * The kernel chooses the ports (no race), so only the process knows them. Without a supervisor (a
 * container) this does nothing: addresses are configured there.
 */
export function announce(listening: Listening): void {
  process.send?.({ ready: true, listening });
  process.channel?.unref();
}
