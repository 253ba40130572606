import { minutes, usd } from "../page/format.ts";
import type { Estimate } from "./api.ts";

/** What the rider is told before asking for the ride. */
export function EstimateCard({ estimate }: { readonly estimate: Estimate }) {
  return (
    <div class="estimate">
      <div>
        <p class="big">
          {minutes(estimate.minutes)} <span class="unit">min</span>
        </p>
        <p class="soft small">
          four rides in five take {minutes(estimate.lower)} to {minutes(estimate.upper)} min
        </p>
      </div>
      <div class="price">
        <p class="big">{usd(estimate.priceUsd)}</p>
        <p class="soft small">before tip</p>
      </div>
      {estimate.degraded && (
        <p class="tag warn" role="status">
          Rough estimate: the model did not answer in time, this is the usual value of the two zones
        </p>
      )}
    </div>
  );
}
