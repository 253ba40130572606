/** The most evidence there ever was, log; 0 at the start. Evidence once there is not lost by a quiet spell. */
export function raisePeak(peak: number, logEvidence: number): number {
  return Math.max(peak, logEvidence);
}

/** Always-valid p-value `min(1, exp(−max log E))` (Johari et al. 2022): it never rises. */
export function pValue(peak: number): number {
  return Math.min(1, Math.exp(-peak));
}
