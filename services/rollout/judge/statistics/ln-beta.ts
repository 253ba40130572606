const HALF_LN_TWO_PI = 0.9189385332046728;
/** From here on the series below is exact to the last digits of a double. */
const SERIES_FROM = 10;
const MOST_FRACTION_STEPS = 200_000;
const SMALLEST = 1e-300;

/**
 * Natural logarithm of the gamma function, for x > 0.
 *
 * Stirling's series, DLMF 5.11.1, after lifting a small x by Γ(x + 1) = x Γ(x), DLMF 5.5.1.
 */
export function lnGamma(x: number): number {
  let product = 1;
  let lifted = x;
  while (lifted < SERIES_FROM) product *= lifted++;
  return (
    (lifted - 0.5) * Math.log(lifted) -
    lifted +
    HALF_LN_TWO_PI +
    stirlingRest(lifted) -
    Math.log(product)
  );
}

/** What Stirling's formula leaves out: Σ B₂ₖ / (2k (2k − 1) x²ᵏ⁻¹), DLMF 5.11.1, for x of at least 10. */
function stirlingRest(x: number): number {
  const y = 1 / (x * x);
  const inner = 1 / 1260 - y * (1 / 1680 - y * (1 / 1188 - y * (691 / 360_360)));
  return (1 / 12 - y * (1 / 360 - y * inner)) / x;
}

/**
 * Natural logarithm of the beta function, for a, b > 0: ln Γ(a) + ln Γ(b) − ln Γ(a + b), DLMF 5.12.1.
 *
 * For large arguments the three logarithms nearly cancel, so their leading terms are combined first: counts
 * of a thousand million still give six digits behind the point.
 */
export function lnBeta(a: number, b: number): number {
  if (Math.min(a, b) < SERIES_FROM) return lnGamma(a) + lnGamma(b) - lnGamma(a + b);
  const [small, large] = a < b ? [a, b] : [b, a];
  const sum = a + b;
  return (
    HALF_LN_TWO_PI +
    (small - 0.5) * Math.log(small / sum) +
    large * Math.log1p(-small / sum) -
    0.5 * Math.log(large) +
    stirlingRest(small) +
    stirlingRest(large) -
    stirlingRest(sum)
  );
}

/**
 * Natural logarithm of the regularised incomplete beta function I_x(a, b): how likely a Beta(a, b) is below
 * x. For a, b > 0 and 0 < x < 1.
 *
 * Continued fraction DLMF 8.17.22 by Lentz's algorithm, on the side of the mean where it converges fast; the
 * other side by I_x(a, b) = 1 − I_{1−x}(b, a), DLMF 8.17.4. In logarithms, because a count test adds it to
 * something as large: a plain 0 would say "impossible" where the two cancel.
 */
export function lnIncompleteBeta(x: number, a: number, b: number): number {
  if (x > (a + 1) / (a + b + 2)) return lnOneMinusExp(lnTail(1 - x, b, a));
  return lnTail(x, a, b);
}

function lnTail(x: number, a: number, b: number): number {
  const front = a * Math.log(x) + b * Math.log1p(-x) - Math.log(a) - lnBeta(a, b);
  return Math.min(0, front + Math.log(fraction(x, a, b)));
}

function fraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= MOST_FRACTION_STEPS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return value;
}

function awayFromZero(value: number): number {
  return Math.abs(value) < SMALLEST ? SMALLEST : value;
}

/** ln(1 − eˣ) for x ≤ 0, without losing digits at either end (Mächler 2012, `Rmpfr` note "log1mexp"). */
export function lnOneMinusExp(x: number): number {
  if (x >= 0) return Number.NEGATIVE_INFINITY;
  return x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x));
}
