import { priceInputs, toPriceRow } from "#kit/model/price-row.ts";

/** What a tip bundle must take and answer. */
export const signature = {
  service: "tip",
  inputs: priceInputs,
  outputs: ["tip_usd", "lower_usd", "upper_usd", "tip_probability"],
} as const;

/** The row for an event, or undefined for one that is not answered. */
export const toRow = toPriceRow;
