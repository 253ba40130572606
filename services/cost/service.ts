import { priceInputs, toPriceRow } from "#kit/model/price-row.ts";

/** What a cost bundle must take and answer. */
export const signature = {
  service: "cost",
  inputs: priceInputs,
  outputs: ["cost_usd", "lower_usd", "upper_usd"],
} as const;

/** The row for an event, or undefined for one that is not answered. */
export const toRow = toPriceRow;
