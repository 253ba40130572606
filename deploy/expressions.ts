// Every expression that a panel or an alert asks Prometheus for, and what each of them names.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { mesh } from "./grafana/mesh.ts";
import { releases } from "./grafana/releases.ts";

/** The dashboards that lie beside as JSON, by file name. */
export const dashboards = { "mesh.json": mesh, "releases.json": releases } as const;

const rule = z.object({
  alert: z.string(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.object({ severity: z.enum(["page", "ticket"]) }),
  annotations: z.object({ summary: z.string(), runbook_url: z.string() }),
});
const rulesFile = z.object({ groups: z.array(z.object({ rules: z.array(rule) })) });

/** An alert as rules.yaml has it. */
export type Alert = z.output<typeof rule>;

/** Every alert of rules.yaml. */
export function readAlerts(): Alert[] {
  const text = readFileSync(new URL("prometheus/rules.yaml", import.meta.url), "utf8");
  return rulesFile.parse(parse(text)).groups.flatMap(({ rules }) => rules);
}

/** An expression, and where it is from: `releases: Stage`, `alert NoTrips`. */
export interface Expression {
  readonly of: string;
  readonly expr: string;
}

export function allExpressions(): Expression[] {
  const panels = Object.entries(dashboards).flatMap(([file, { rows }]) =>
    rows.flatMap((row) =>
      row.panels.flatMap(({ title, queries }) =>
        queries.map(({ expr }) => ({ of: `${file.replace(".json", "")}: ${title}`, expr })),
      ),
    ),
  );
  return [...panels, ...readAlerts().map(({ alert, expr }) => ({ of: `alert ${alert}`, expr }))];
}

/** What an expression names. */
export interface Named {
  /** Each series with the labels of its own selector. */
  readonly series: readonly { readonly name: string; readonly labels: readonly string[] }[];
  /** Labels that it groups and matches by. */
  readonly grouping: readonly string[];
}

const WORDS = new Set(["and", "or", "unless", "offset", "bool", "by", "without", "on", "ignoring"]);

/** Reads the names out of an expression of PromQL; for the forms that are used here, promtool checks the syntax. */
export function readNames(expr: string): Named {
  const grouping: string[] = [];
  const plain = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .replaceAll(/\[[^\]]*\]/g, "")
    .replaceAll(/\boffset\s+\w+/g, "")
    .replaceAll(
      /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g,
      (_, labels: string) => {
        grouping.push(...labels.split(",").map((label) => label.trim()));
        return "";
      },
    );
  // A name that a parenthesis follows is a function or an aggregation.
  const found = plain.matchAll(/(?<![\w:."])([a-zA-Z_:][\w:]*)(?:\s*\{([^}]*)\})?(?!\w)(?!\s*\()/g);
  const series = [...found]
    .filter(([, name = ""]) => !WORDS.has(name))
    .map(([, name = "", selector = ""]) => ({
      name,
      labels: [...selector.matchAll(/([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)/g)].map(
        ([, label = ""]) => label,
      ),
    }));
  return { series, grouping };
}
