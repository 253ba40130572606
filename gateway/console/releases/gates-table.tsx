import type { GateView } from "../../releases/view.ts";
import { verdictSigns } from "./words.ts";

/** What every gate says, with the sentence that explains it. */
export function GatesTable({ gates }: { readonly gates: readonly GateView[] }) {
  if (gates.length === 0) {
    return <p class="soft">No look was taken yet: the first one follows the deployment.</p>;
  }
  return (
    <table class="gates">
      <thead class="unseen">
        <tr>
          <th scope="col">Gate</th>
          <th scope="col">Verdict</th>
          <th scope="col">Because</th>
        </tr>
      </thead>
      <tbody>
        {gates.map(({ gate, verdict, because }) => (
          <tr key={gate}>
            <th scope="row">{gate}</th>
            <td class={`verdict ${verdict}`}>
              {verdictSigns[verdict]} {verdict}
            </td>
            <td>{because}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
