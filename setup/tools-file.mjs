import { readText, writeWhole } from "./files.mjs";

/**
 * .tools/tools.json, which the CLI reads: { node, envoy, nats, chromium? }. node is a path; the others are
 * { path, version, source } with source "ENVOY_BIN" (or "NATS_BIN", "CHROMIUM_BIN"), "PATH" or "pinned wheel".
 * `seen` beside them is the set-up's own: what the answer was based on.
 */
export function readTools(place) {
  try {
    return JSON.parse(readText(place.toolsFile) ?? "{}");
  } catch {
    return {}; // unreadable: find everything again
  }
}

export function writeTools(place, tools) {
  const text = `${JSON.stringify(tools, undefined, 2)}\n`;
  if (readText(place.toolsFile) !== text) writeWhole(place.toolsFile, text);
}
