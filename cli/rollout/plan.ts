import { parse } from "yaml";
import { z } from "zod";
import { Requirements, type Stage } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { strategies } from "#kit/releases/words.ts";
import { fromSeconds } from "#kit/rpc/amounts.ts";
import { Problem } from "../problem.ts";
import { parseTimeSpan } from "../up/time-span.ts";

const span = z.string().transform((text, context) => {
  const ms = parseTimeSpan(text);
  if (ms !== undefined) return fromSeconds(ms / 1000);
  context.addIssue({ code: "custom", message: "must be a time like 90s, 5m or 24h" });
  return z.NEVER;
});
const percent = z
  .string()
  .regex(/^\d+(\.\d{1,2})?%$/, "must be a share like 5% or 0.5%")
  .transform((text) => Math.round(Number(text.slice(0, -1)) * 100));

const planSchema = z.strictObject({
  strategy: z.enum(Object.keys(strategies) as [keyof typeof strategies]).optional(),
  stages: z
    .array(
      z.strictObject({
        name: z.string().optional(),
        weight: percent.optional(),
        mirror: percent.optional(),
        bake: span.optional(),
        deadline: span,
      }),
    )
    .default([]),
  requirements: z
    .strictObject({
      margin: z.number(),
      alpha: z.number(),
      lossCap: z.number(),
      minTripsToFail: z.number().int(),
      minTripsToPass: z.number().int(),
      minHoursOfDay: z.number().int(),
      plannedTrips: z.number().int(),
      maturity: span,
      maxErrorShare: z.number(),
    })
    .partial()
    .optional(),
});

/** A plan as a person wrote it. */
export interface Plan {
  readonly strategy: keyof typeof strategies | undefined;
  readonly stages: Stage[];
  readonly requirements: Requirements | undefined;
}

/** Reads a plan; what it may be is for the rollout service to judge. Fails with every line that is wrong. */
export function parsePlan(text: string, path: string): Plan {
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (cause) {
    throw new Problem(`${path} is not YAML: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  const read = planSchema.safeParse(raw ?? {});
  if (!read.success) {
    throw new Problem(`${path} is no plan:`, {
      details: read.error.issues.map(
        ({ path: at, message }) => `${at.join(".") || "plan"}: ${message}`,
      ),
    });
  }
  const { strategy, stages, requirements } = read.data;
  return {
    strategy,
    stages: stages.map(({ name, weight = 0, mirror = 0, bake, deadline }) => ({
      name: name ?? (weight > 0 ? `${weight / 100} %` : "shadow"),
      weight,
      mirror,
      bake: bake ?? fromSeconds(0),
      deadline,
    })),
    requirements:
      requirements === undefined
        ? undefined
        : Requirements.fromPartial(requirements as Parameters<typeof Requirements.fromPartial>[0]),
  };
}
