import { escapeHtml } from "../../rollout/report/page-text.ts";
import type { ZoneNames } from "../../rollout/report/sentences.ts";

/** A slice's or a bin's name, of a zone with the zone's own. */
export function labelOf(by: string, name: string, zones: ZoneNames): string {
  const zone = by.endsWith("_zone") ? zones.get(name) : undefined;
  return zone === undefined ? name : `${name} ${zone}`;
}

/** A card of the page; parts that are empty are left out. */
export function section(heading: string | undefined, parts: readonly string[]): string {
  const head = heading === undefined ? "" : `<h2>${escapeHtml(heading)}</h2>\n`;
  return `<section>\n${head}${parts.filter((part) => part !== "").join("\n")}\n</section>`;
}

/** Text that explains. */
export function soft(text: string): string {
  return `<p class="soft">${escapeHtml(text)}</p>`;
}
