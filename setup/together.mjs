/**
 * Runs jobs side by side, each given a signal. The first failure aborts the others; it is thrown once they have
 * all ended and cleaned up after themselves.
 */
export async function together(signal, jobs) {
  const abort = new AbortController();
  const passOn = () => abort.abort(signal.reason);
  if (signal.aborted) passOn();
  signal.addEventListener("abort", passOn);
  const failures = [];
  const guarded = jobs.map(async (job) => {
    try {
      await job(abort.signal);
    } catch (error) {
      failures.push(error);
      abort.abort(error);
    }
  });
  await Promise.all(guarded);
  signal.removeEventListener("abort", passOn);
  if (failures.length > 0) throw failures[0];
}
