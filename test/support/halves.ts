/** A double rounded to the nearest half, ties to even, worked out apart from the program's own table. */
export function toHalf(value: number): number {
  if (value === 0) return 0;
  // Normal halves have 10 bits behind the leading one; below 2^-14 the step stays 2^-24.
  const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(value))));
  const step = 2 ** (exponent - 10);
  const whole = Math.floor(value / step);
  const rest = value / step - whole;
  const up = rest > 0.5 || (rest === 0.5 && whole % 2 !== 0);
  return (whole + (up ? 1 : 0)) * step;
}
