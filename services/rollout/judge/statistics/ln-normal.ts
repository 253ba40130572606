const HALF_LN_TWO_PI = 0.9189385332046728;
/** Beyond this the tail's fraction converges in some tens of steps; before it the series does. */
const TAIL_FROM = 3;
const FRACTION_STEPS = 200;

/**
 * Natural logarithm of the standard normal distribution function, ln Φ(z), for every finite z.
 *
 * Near 0 by Φ(z) = ½ + φ(z) (z + z³/3 + z⁵/(3·5) + …) (Marsaglia 2004, J. Stat. Software 11(4)); in the lower
 * tail by Laplace's continued fraction Φ(−x) = φ(x) / (x + 1/(x + 2/(x + …))), DLMF 7.9.3.
 */
export function lnNormal(z: number): number {
  if (z < -TAIL_FROM) return lnLowerTail(-z);
  if (z > TAIL_FROM) return Math.log1p(-Math.exp(lnLowerTail(z)));
  let term = z;
  let sum = z;
  for (let odd = 3; Math.abs(term) > 1e-18; odd += 2) {
    term *= (z * z) / odd;
    sum += term;
  }
  return Math.log(0.5 + sum * Math.exp(-0.5 * z * z - HALF_LN_TWO_PI));
}

function lnLowerTail(x: number): number {
  let denominator = x;
  for (let step = FRACTION_STEPS; step > 0; step--) denominator = x + step / denominator;
  return -0.5 * x * x - HALF_LN_TWO_PI - Math.log(denominator);
}
