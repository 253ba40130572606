// What a Grafana dashboard is made of: rows of panels, each with queries and a sentence. Made into Grafana's JSON.

/** One line or group of lines of a panel. */
export interface Query {
  readonly expr: string;
  /** Grafana's name for a line: `{{service}}`. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** What it says and when to worry; shown on the panel. */
  readonly about: string;
  /** Grafana's: `reqps`, `s`, `percentunit`, `bytes`, `short`. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** `now`: a table of the values of this moment. Default `time`: lines. */
  readonly kind?: "time" | "now";
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  /** Stays the same for ever: links and Grafana itself know the dashboard by it. */
  readonly uid: string;
  readonly title: string;
  readonly rows: readonly Row[];
}

const WIDTH = 24;
const HEIGHT = 8;
/** Asked of whoever looks: any Prometheus will do. */
const datasource = { type: "prometheus", uid: "$datasource" };

/** The dashboard as Grafana imports it, with its data source as a variable. */
export function toGrafana({ uid, title, rows }: Dashboard) {
  const panels: object[] = [];
  let y = 0;
  for (const row of rows) {
    const place = { x: 0, y, w: WIDTH, h: 1 };
    panels.push({
      id: panels.length + 1,
      type: "row",
      title: row.title,
      gridPos: place,
      panels: [],
    });
    y += 1;
    const perLine = Math.min(row.panels.length, 3);
    const w = WIDTH / perLine;
    for (const [i, panel] of row.panels.entries()) {
      const at = { x: (i % perLine) * w, y: y + Math.floor(i / perLine) * HEIGHT, w, h: HEIGHT };
      panels.push(toPanel(panel, panels.length + 1, at));
    }
    y += Math.ceil(row.panels.length / perLine) * HEIGHT;
  }
  return {
    uid,
    title,
    tags: ["tripmesh"],
    schemaVersion: 39,
    editable: true,
    refresh: "10s",
    time: { from: "now-30m", to: "now" },
    templating: {
      list: [{ name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus" }],
    },
    panels,
  };
}

function toPanel({ title, about, unit, queries, kind = "time" }: Panel, id: number, at: object) {
  const isTable = kind === "now";
  return {
    id,
    type: isTable ? "table" : "timeseries",
    title,
    description: about,
    gridPos: at,
    datasource,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: isTable ? {} : { legend: { displayMode: "list" }, tooltip: { mode: "multi" } },
    targets: queries.map(({ expr, legend }, i) => ({
      refId: String.fromCodePoint(65 + i),
      datasource,
      expr,
      legendFormat: legend,
      ...(isTable ? { instant: true, format: "table" } : {}),
    })),
  };
}
