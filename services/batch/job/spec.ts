import { z } from "zod";

const name = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must be lower-case words with dashes");
/** Names that go into SQL as they are. */
const identifier = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,47}$/, "must be lower-case letters, digits and underscores");
const share = z.number().min(0).max(1);

/** `parquet:PATH`, `sqlite:PATH` or `postgres://…`; checked once its variables are filled in. */
const url = z.string().min(1);

const columnSchema = z.strictObject({
  /** Column of the source; for `minutes-between` the two that hold start and end. */
  from: z.union([z.string().min(1), z.tuple([z.string().min(1), z.string().min(1)])]),
  /**
   * `integer`, `number`, `text`; `wall-seconds`: a time as seconds of the clock on the wall; `minutes-between`.
   * Default: the type that the model's card gives the input; `number` for other columns.
   */
  type: z.enum(["integer", "number", "text", "wall-seconds", "minutes-between"]).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  /** The only texts that are right. Default: any. */
  values: z.array(z.string()).min(1).optional(),
  /** Largest share of rows that may lack it. Default 0: a row without it is quarantined. */
  maxNullShare: share.default(0),
});

/** `PULocationID` is short for `{ from: PULocationID }`. */
const column = z.preprocess(
  (value) => (typeof value === "string" ? { from: value } : value),
  columnSchema,
);

const source = z.discriminatedUnion("kind", [
  z.strictObject({
    /** Files: one, all of a folder, or a pattern with {yyyy}, {MM}, {dd} and {HH} of the window's start. */
    kind: z.literal("parquet"),
    url,
    /** Column that places a row in a window; without it every row counts. */
    time: z.string().optional(),
    /** Column that names a row. Default: the file's name and the row's number in it. */
    key: z.string().optional(),
  }),
  z.strictObject({
    /** A table of any SQLite or Postgres database. */
    kind: z.literal("table"),
    url,
    table: z.string().regex(/^[A-Za-z_][\w.]{0,126}$/, "must be a plain table name"),
    time: z.string().optional(),
    key: z.string(),
  }),
  z.strictObject({
    /** Backend's database: trips completed in the window. See source/trips.ts for the columns. */
    kind: z.literal("trips"),
    url,
  }),
]);

/** Inputs of the model and what they hold. */
const values = z.record(z.string(), z.union([z.string(), z.number()]));

const offers = z.strictObject({
  /** What an offer costs when it is made, USD. */
  costUsd: z.number().min(0),
  /** Share of those about to leave that an offer keeps: an assumption, nothing in the data tells it. */
  acceptance: share,
  /** Months that a kept customer stays: an assumption. */
  monthsKept: z.number().positive(),
  /** Share of a charge that is left after costs: an assumption. */
  margin: share,
  /** Input with the monthly charge, USD. */
  charge: z.string(),
  /**
   * Reasons by code: for customers of whom `when` is true, how much less likely the model thinks they would
   * leave if `instead` were true. What the model says, not what would happen.
   */
  reasons: z
    .record(z.string(), z.strictObject({ when: values, instead: values }))
    .refine((reasons) => Object.keys(reasons).length > 0, "needs at least one reason"),
});

const drift = z.union([
  /** Bins between these edges, and one beyond either end. */
  z.strictObject({ column: z.string(), edges: z.array(z.number()).min(1).max(50) }),
  /** A bin a value; rare ones share one. */
  z.strictObject({ column: z.string(), categories: z.literal(true) }),
]);

const report = z.strictObject({
  /** What the model says, a column of the destination. */
  value: z.string(),
  /** `min`, `USD` or `share`. */
  unit: z.enum(["min", "USD", "share"]),
  /** The bounds of its interval. */
  interval: z.tuple([z.string(), z.string()]).optional(),
  /** What came of it, a column of the destination; without it there is no error to show. */
  truth: z.string().optional(),
  /** Errors beyond these truths say more about the record than about the model: shown apart. */
  truthRange: z.tuple([z.number(), z.number()]).optional(),
  /** Columns by which errors are shown; `hour` is an hour of the day. */
  segments: z.array(z.string()).default([]),
  /** Column with the seconds of a clock that `hour` is read from. Default: when the event happened, UTC. */
  hourFrom: z.string().optional(),
  /** Columns compared with the run before. */
  drift: z.array(drift).default([]),
  /** Column by which the highest rows are listed. */
  top: z.string().optional(),
});

export const jobSchema = z.strictObject({
  name,
  description: z.string().default(""),
  /** A model bundle, for example `duration@v2`. */
  model: z.string().regex(/^[a-z][a-z0-9-]*@[a-z0-9][a-z0-9.-]*$/, "must be service@version"),
  source,
  /** Length of a window. One window is one run. */
  window: z.enum(["hour", "day", "month"]),
  /** The model's inputs, by name; null is "unknown in every row". */
  inputs: z.record(z.string(), column.nullable()),
  /** Columns that go to the destination beside inputs and predictions, such as the truth. */
  keep: z.record(identifier, column).default({}),
  offers: offers.optional(),
  quarantine: z
    .strictObject({
      /** Largest share of a window's rows that may be bad. Above it nothing is published. Default 1 %. */
      maxShare: share.default(0.01),
    })
    .default({ maxShare: 0.01 }),
  destination: z.strictObject({
    url,
    table: identifier,
    /** Column by which the view ranks the rows of a run, highest first. Not for parquet. */
    rankBy: identifier.optional(),
  }),
  /** Rows of a shard, the unit of work and of resumption. Default 8192. */
  shardRows: z.number().int().min(1).max(1_000_000).default(8192),
  schedule: z
    .strictObject({
      /** Five or six fields, UTC. */
      cron: z.string(),
      /** Windows before the last one that are made up for, when they were missed. Default 7. */
      catchUp: z.number().int().min(0).max(1000).default(7),
    })
    .optional(),
  report: report.optional(),
});

/** A batch job as its file describes it, with every default filled in. */
export type Job = z.output<typeof jobSchema>;
export type JobColumn = z.output<typeof columnSchema>;
export type JobSource = Job["source"];
export type OfferSpec = z.output<typeof offers>;
export type DriftSpec = z.output<typeof drift>;
export type ReportSpec = z.output<typeof report>;
