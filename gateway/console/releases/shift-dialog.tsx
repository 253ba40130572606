import { useState } from "preact/hooks";
import type { ServiceView } from "../../releases/view.ts";
import { CommandDialog } from "./command-dialog.tsx";
import { sendCommand } from "./send-command.ts";
import { percent } from "./words.ts";

const TOTAL = 10_000;

/** Shares a service's riders anew, by hand; refused when the traffic has changed since it was read. */
export function ShiftDialog(props: { readonly view: ServiceView; readonly onClose: () => void }) {
  const [{ service, revision, slots }] = useState(props.view); // as it was when the dialog opened
  const [text, setText] = useState(String(slots.green.weight / 100));
  const green = Math.round(Number(text) * 100);
  const isShare = text.trim() !== "" && green >= 0 && green <= TOTAL;
  return (
    <CommandDialog
      title={`Shift traffic of ${service}`}
      says={`Now blue (${slots.blue.version}) ${percent(slots.blue.weight)}, green (${slots.green.version}) ${percent(slots.green.weight)}. Riders stay where they are as far as the shares allow.`}
      verb="Shift traffic"
      blocked={isShare ? undefined : "A share is 0 to 100 %."}
      send={(signed) =>
        sendCommand(`/api/traffic/${service}`, {
          ...signed,
          revision,
          blue: TOTAL - green,
          green,
        })
      }
      onClose={props.onClose}
    >
      <label>
        Share of green, %
        <input
          type="number"
          min="0"
          max="100"
          step="0.01"
          required
          inputMode="decimal"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {isShare && (
        <p class="small">
          <span class="blue">■</span> blue {slots.blue.version} {percent(TOTAL - green)},{" "}
          <span class="green">■</span> green {slots.green.version} {percent(green)}
        </p>
      )}
    </CommandDialog>
  );
}
