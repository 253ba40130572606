import { useState } from "preact/hooks";
import type { OpenRollout, ServiceView, SlotView } from "../../releases/view.ts";
import { links } from "../use-route.ts";
import { ShiftDialog } from "./shift-dialog.tsx";
import { percent, slots } from "./words.ts";

export interface ServiceCardProps {
  readonly view: ServiceView;
  /** The rollout that the service is busy with, until it is cleaned up. */
  readonly rollout: OpenRollout | undefined;
  /** Events that each durable has not answered yet. */
  readonly waiting: Readonly<Record<string, number>>;
  /** Whether the rollout service takes commands now. */
  readonly isAway: boolean;
}

/** One service: its two slots, who gets which, and what somebody has set by hand. */
export function ServiceCard({ view, rollout, waiting, isAway }: ServiceCardProps) {
  const { service, slots: both, overrides } = view;
  const [isShifting, setShifting] = useState(false);
  const blocked = whyNotShift(view, rollout, isAway);
  return (
    <section class="card service" aria-label={service}>
      <div class="head">
        <h2>{service}</h2>
        {rollout && (
          <a class="tag" href={links.rollout(rollout.id)}>
            {rollout.endedAt === null
              ? `${rollout.candidateVersion} is being released`
              : "being cleaned up"}
          </a>
        )}
      </div>
      <WeightBar blue={both.blue.weight} green={both.green.weight} />
      <table class="slots">
        <tbody>
          {slots.map((slot) => (
            <SlotRow
              key={slot}
              name={slot}
              slot={both[slot]}
              waiting={both[slot].version === "" ? undefined : waiting[`${service}-${slot}`]}
            />
          ))}
        </tbody>
      </table>
      {overrides.length > 0 && <Overrides view={view} />}
      <div class="foot">
        <button
          type="button"
          class="quiet"
          disabled={blocked !== undefined}
          aria-describedby={blocked === undefined ? undefined : `${service}-why`}
          onClick={() => setShifting(true)}
        >
          Shift traffic …
        </button>
        {blocked !== undefined && (
          <span class="soft small" id={`${service}-why`}>
            {blocked}
          </span>
        )}
      </div>
      {isShifting && <ShiftDialog view={view} onClose={() => setShifting(false)} />}
    </section>
  );
}

function WeightBar({ blue, green }: { readonly blue: number; readonly green: number }) {
  return (
    <div
      class="weights"
      role="img"
      aria-label={`Riders: blue ${percent(blue)}, green ${percent(green)}`}
    >
      {blue > 0 && (
        <span class="on-blue" style={{ flexGrow: blue }}>
          {blue >= 2500 && `blue ${percent(blue)}`}
        </span>
      )}
      {green > 0 && (
        <span class="on-green" style={{ flexGrow: green }}>
          {green >= 2500 && `green ${percent(green)}`}
        </span>
      )}
    </div>
  );
}

function SlotRow(props: {
  readonly name: "blue" | "green";
  readonly slot: SlotView;
  readonly waiting: number | undefined;
}) {
  const { name, slot, waiting } = props;
  const isEmpty = slot.version === "";
  const differs = slot.inForce !== null && slot.inForce !== slot.weight;
  return (
    <tr>
      <th scope="row">
        <span class={name} aria-hidden="true">
          ■
        </span>{" "}
        {name}
      </th>
      <td>{isEmpty ? <span class="soft">empty</span> : <b>{slot.version}</b>}</td>
      <td class="number">
        {isEmpty ? "" : percent(slot.weight)}
        {slot.segmentWeight !== null && (
          <div class="soft small">segment b {percent(slot.segmentWeight)}</div>
        )}
        {differs && (
          <div class="bad small">
            Envoy goes by {slot.inForce === null ? "?" : percent(slot.inForce)}
          </div>
        )}
      </td>
      <td class="soft small">
        {slot.mirror > 0 && <div>gets copies of {percent(slot.mirror)}</div>}
        {!isEmpty && <div>{healthText(slot)}</div>}
        {waiting !== undefined && <div>{waiting} waiting</div>}
      </td>
    </tr>
  );
}

function healthText({ instances }: SlotView): string {
  if (!instances) return "health unknown";
  const { healthy, total } = instances;
  if (total === 0) return "✕ no process";
  return `${healthy === total ? "✓" : "✕"} ${healthy} of ${total} healthy`;
}

function Overrides({ view: { overrides, clear } }: { readonly view: ServiceView }) {
  return (
    <div class="notice small">
      <p>
        <b>Set by hand in Envoy</b>, stronger than what was decided, for requests only:{" "}
        {overrides.join(", ")}
      </p>
      <p>To remove it:</p>
      <code class="command">{clear}</code>
    </div>
  );
}

function whyNotShift(
  { slots: both }: ServiceView,
  rollout: OpenRollout | undefined,
  isAway: boolean,
): string | undefined {
  if (isAway) return "the rollout service is away";
  if (rollout?.endedAt === null) return "during a rollout: promote or abort it";
  const empty = slots.find((slot) => both[slot].version === "");
  if (empty) return `${empty} is empty: a rollout fills it`;
  return undefined;
}
