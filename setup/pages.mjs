import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { readText, sha256OfText } from "./files.mjs";
import { Problem } from "./problem.mjs";
import { run } from "./run.mjs";

const PAGES = ["rider", "console"];
/** What pages have from elsewhere in the repository. */
const BORROWED = ["cli/rollout/report/amounts.ts"];

/** Whether gateway/dist was built from the sources as they are. */
export function pagesAreCurrent(place) {
  if (!existsSync(configOf(place))) return true; // no pages, nothing to build
  return readText(stampOf(place)) === sourcesOf(place);
}

/** Builds both pages beside gateway/dist and swaps them in whole: a running gateway never serves half a page. */
export async function buildPages(place, node, progress, signal) {
  const step = progress.start("Pages", "the rider's and the console");
  const sources = sourcesOf(place);
  const log = place.log("pages");
  const box = mkdtempSync(join(place.tools, "tmp-"));
  try {
    const vite = join(place.packages, "vite", "bin", "vite.js");
    const draft = join(box, "dist");
    // The configuration reads where to write from this variable; without it, gateway/dist.
    const env = { ...process.env, MESH_PAGES_OUT: draft };
    const args = [vite, "build", "--config", configOf(place)];
    rmSync(stampOf(place), { force: true });
    const { code } = await run(node, args, { cwd: place.root, env, log, signal });
    if (code !== 0) throw new Problem(`The pages cannot be built: read Vite's log, ${log}.`);
    if (existsSync(draft)) swap(draft, distOf(place), join(box, "old"));
    for (const page of PAGES) {
      if (!existsSync(join(distOf(place), page))) {
        throw new Problem(
          `The build left no gateway/dist/${page}: see what gateway/vite.config.ts writes (Vite's log: ${log}).`,
        );
      }
    }
    writeFileSync(stampOf(place), sources);
    rmSync(log, { force: true });
    step.done("built");
  } catch (error) {
    step.dropped();
    throw error;
  } finally {
    rmSync(box, { recursive: true, force: true });
  }
}

function swap(draft, place, old) {
  mkdirSync(place, { recursive: true });
  renameSync(place, old);
  renameSync(draft, place);
}

/** Everything that a page is made of; tests and the gateway's own files at the top of its folder are not. */
function sourcesOf(place) {
  const folders = readdirSync(place.gateway, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "dist")
    .map((entry) => join(place.gateway, entry.name));
  const borrowed = BORROWED.map((path) => join(place.root, path)).filter((path) =>
    existsSync(path),
  );
  const files = [configOf(place), place.lockFile, ...borrowed, ...folders.flatMap(filesBelow)];
  files.sort();
  return sha256OfText(
    ...files.flatMap((path) => [path.slice(place.root.length), readFileSync(path, "latin1")]),
  );
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return /\.test\.tsx?$/.test(entry.name) ? [] : [path];
  });
}

function configOf(place) {
  return join(place.gateway, "vite.config.ts");
}

function distOf(place) {
  return join(place.gateway, "dist");
}

function stampOf(place) {
  return join(distOf(place), ".stamp");
}
