// Replays real prediction errors through the judge, from many starts: how fast it is, and how often wrong.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readRides } from "../../../../cli/evaluate/rides.ts";
import { recordedTripsDir } from "../../../../cli/up/replay.ts";
import { findMonthFiles } from "../../../../simulator/trips/month-file.ts";
import { createScoring } from "./answers.ts";
import { createMonth } from "./month.ts";
import { createPairs } from "./pair.ts";
import { prove } from "./prove.ts";
import { report } from "./report.ts";

const HELP = `usage: node services/rollout/judge/proof/main.ts [options]
  --trips PATH   monthly file of green taxi trips, or a folder with one of 2021-02 (default ../shared/data/trips)
  --starts N     random starts a pair (default 100)
  --long N       of pairs where a wrong verdict is rare (default 400)
  --only TEXT    only pairs whose name contains it
  --metered      tell the models the metered distance, as the replay does; else as in a quote
  --seed N       of starts and riders (default 1)
  --json         the result as one JSON object
`;
/** The month after those that the models were trained on. */
const MONTH = "2021-02";

const { values } = parseArgs({
  options: {
    trips: { type: "string" },
    starts: { type: "string", default: "100" },
    long: { type: "string", default: "400" },
    only: { type: "string", default: "" },
    metered: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const root = fileURLToPath(new URL("../../../../", import.meta.url));
const files = findMonthFiles(values.trips ?? recordedTripsDir(root));
const file = files.find(({ month }) => month === MONTH) ?? files[0];
if (!file) throw new Error("no monthly file was found");
const began = performance.now();
const rides = await readRides(file.path);
const score = createScoring(rides, {
  modelsDir: join(root, "models"),
  cacheDir: join(tmpdir(), "tripmesh-proof"),
  isMetered: values.metered,
});
const pairs = await createPairs(rides, score);
const options = {
  starts: Number(values.starts),
  long: Number(values.long),
  seed: Number(values.seed),
  told: (line: string) => process.stderr.write(`${line}\n`),
};
const chosen = pairs.filter(({ service, name }) => `${service} ${name}`.includes(values.only));
const summaries = prove(createMonth(rides), chosen, options);
const seconds = Math.round((performance.now() - began) / 1000);
const { month, sha256, count } = rides;
const about = { month, sha256, rides: count, metered: values.metered, seed: options.seed, seconds };
process.stdout.write(
  values.json
    ? `${JSON.stringify({ ...about, summaries }, null, 2)}\n`
    : `${count.toLocaleString("en-US")} rides of ${month}, ${values.metered ? "metered distance" : "no distance"}, seed ${options.seed}, ${seconds} s.\n\n${report(summaries)}\n`,
);
