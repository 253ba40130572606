import { describe, expect, test } from "vitest";
import type { Card } from "#kit/model/bundle.ts";
import type { OfferSpec } from "../job/spec.ts";
import type { PreparedRows } from "../rows/prepare.ts";
import { checkOffers, deriveOffers } from "./offers.ts";

const card = {
  service: "churn",
  inputs: [
    { name: "contract", dtype: "string", unit: "" },
    { name: "months", dtype: "int64", unit: "" },
    { name: "charge_usd", dtype: "float32", unit: "" },
  ],
} as unknown as Card;

/** A model that anybody can follow: 0.5 for a monthly contract, 0.1 for the first year, at most. */
const probabilityOf = (contract: string, months: number) =>
  (contract === "monthly" ? 0.5 : 0.1) + (months < 12 ? 0.2 : 0);

const rows = {
  count: 3,
  inputs: [
    ["monthly", "yearly", "monthly"],
    BigInt64Array.of(3n, 3n, 40n),
    Float32Array.of(100, 100, 10),
  ],
} as unknown as PreparedRows;

const spec: OfferSpec = {
  ...{ costUsd: 25, acceptance: 0.5, monthsKept: 6, margin: 0.5, charge: "charge_usd" },
  reasons: {
    MONTHLY: { when: { contract: "monthly" }, instead: { contract: "yearly" } },
    NEW: { when: { months: 3 }, instead: { months: 12 } },
    NOTHING: { when: { contract: "yearly" }, instead: { charge_usd: 1 } },
  },
};
const score = async (columns: PreparedRows["inputs"], count: number) => [
  Float32Array.from({ length: count }, (_, i) =>
    probabilityOf(String(columns[0]?.[i]), Number(columns[1]?.[i])),
  ),
];

describe("offers", () => {
  test("are worth what the formula says, and name what would move the model most", async () => {
    const [probability] = await score(rows.inputs, rows.count);
    const columns = await deriveOffers(spec, card, rows, probability as Float32Array, score);
    const of = (name: string) => [...(columns.find((c) => c.name === name)?.values ?? [])];
    const worth = [0.7 * 150 - 25, 0.3 * 150 - 25, 0.5 * 15 - 25];
    of("expected_value_usd").forEach((value, i) => {
      expect(value).toBeCloseTo(worth[i] ?? 0, 5);
    });
    expect(of("offer")).toEqual([1, 1, 0]);
    expect(of("reason_1")).toEqual(["MONTHLY", "NEW", "MONTHLY"]);
    expect(of("reason_2")).toEqual(["NEW", null, null]);
    expect(of("reason_1_effect")[0]).toBeCloseTo(0.4, 5);
    expect(of("reason_3")).toEqual([null, null, null]);
  });

  test("may name inputs of the model only", () => {
    expect(() => checkOffers({ ...spec, charge: "fee" }, card)).toThrow("churn has no input fee");
  });
});
