import type { GateView, RolloutView } from "../../releases/view.ts";
import { count, signedShare, span } from "./words.ts";

interface Fact {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}

/** The numbers behind the gates that most people ask for. */
export function Facts({ rollout }: { readonly rollout: RolloutView }) {
  const facts = factsOf(rollout);
  if (facts.length === 0) return null;
  return (
    <dl class="facts">
      {facts.map(({ name, value, note }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <b>{value}</b> <span class="soft small">{note}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function factsOf({ gates, requirements, startedAt, endedAt }: RolloutView): Fact[] {
  const of = (name: string) => numbersOf(gates, name);
  const [error, ratio, requests] = [of("realised error"), of("sample ratio"), of("request errors")];
  const hours = of("hours of the day")["hours"];
  const { n, matured, relative } = error;
  const facts: Fact[] = [];
  if (typeof n === "number") {
    facts.push({ name: "Finished trips compared", value: count(n), note: "" });
  }
  if (typeof n === "number" && typeof matured === "number") {
    const share = n > 0 ? Math.round((100 * matured) / n) : 0;
    const needed = count(requirements.minTripsToPass);
    facts.push({
      name: "Matured",
      value: `${share} %`,
      note: `${count(matured)} of ${needed} needed`,
    });
  }
  if (typeof relative === "number") {
    const margin = `margin ${signedShare(requirements.margin)}`;
    facts.push({ name: "Error, difference", value: signedShare(relative), note: margin });
  }
  if (typeof hours === "number") {
    const note = `of ${requirements.minHoursOfDay} needed`;
    facts.push({ name: "Hours of the day", value: String(hours), note });
  }
  const riders = pair(ratio["servedCandidate"], ratio["servedBase"]);
  if (riders) {
    facts.push({ name: "Riders served", value: riders, note: "candidate : live, this stage" });
  }
  const asked = pair(requests["requests"], requests["baseRequests"]);
  if (asked) facts.push({ name: "Requests", value: asked, note: "candidate : live, this stage" });
  const lasted = span((endedAt ?? Date.now()) - startedAt);
  facts.push({ name: endedAt === null ? "Running for" : "Took", value: lasted, note: "" });
  return facts;
}

function pair(candidate: number | null | undefined, base: number | null | undefined) {
  if (typeof candidate !== "number" || typeof base !== "number") return undefined;
  return `${count(candidate)} : ${count(base)}`;
}

function numbersOf(gates: readonly GateView[], name: string): GateView["numbers"] {
  return gates.find(({ gate }) => gate === name)?.numbers ?? {};
}
