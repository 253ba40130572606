/** The time of day in UTC, as the log has it: `12:21:38Z`. */
export function timeText(time: Date): string {
  return `${time.toISOString().slice(11, 19)}Z`;
}
