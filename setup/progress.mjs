const REDRAW_MS = 250;
const REMIND_MS = 15_000;

/**
 * Shows steps that run side by side: a line when one starts and when it is done; between, on a terminal one line
 * for all that is redrawn, elsewhere a line each every 15 s. Writes to stderr: stdout belongs to the command.
 */
export function createProgress(stream = process.stderr) {
  const live = stream.isTTY === true;
  const running = new Set();
  const timer = setInterval(() => (live ? redraw() : remind()), live ? REDRAW_MS : REMIND_MS);
  timer.unref();

  const clear = () => live && stream.write("\r\x1b[2K");
  const redraw = () => {
    const [first] = running;
    if (first === undefined) return;
    clear();
    const line = `${seconds(first)} s: ${[...running].map(describe).join(" | ")}`;
    stream.write(line.slice(0, (stream.columns || 80) - 1)); // a longer one would wrap and stay
  };
  const remind = () => {
    for (const step of running) stream.write(`${describe(step)}: ${seconds(step)} s\n`);
  };
  const say = (line) => {
    clear();
    stream.write(`${line}\n`);
    if (live) redraw();
  };

  return {
    say,
    /** Starts a step. note is shown once; detail() sets what is shown beside the title; done() ends it with a line. */
    start(title, note) {
      const step = { title, startedAt: performance.now(), detail: () => "" };
      running.add(step);
      say(`${title} (${note}) ...`);
      return {
        detail: (describeDetail) => {
          step.detail = describeDetail;
        },
        done: (text) => {
          running.delete(step);
          say(`${title}: ${text} in ${seconds(step)} s`);
        },
        dropped: () => {
          running.delete(step);
          clear();
        },
      };
    },
    close: () => {
      clearInterval(timer);
      running.clear();
      clear();
    },
  };
}

function describe(step) {
  const detail = step.detail();
  return detail === "" ? step.title : `${step.title} ${detail}`;
}

function seconds(step) {
  return Math.round((performance.now() - step.startedAt) / 1000);
}

export function megabytes(bytes) {
  return `${Math.round(bytes / 1e6)} MB`;
}
