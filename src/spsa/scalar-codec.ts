/**
 * exp(k/8) for k = 0 … 126, correctly rounded: computed once by the exponential series in 160-bit integers (the test does it again), never by
 * Math.exp, whose last bits differ between engines.
 */
const EIGHTHS = [
  1, 1.1331484530668263, 1.2840254166877414, 1.4549914146182013, 1.6487212707001282, 1.8682459574322223, 2.117000016612675,
  2.398875293967098, 2.718281828459045, 3.080216848918031, 3.4903429574618414, 3.955076722920577, 4.4816890703380645, 5.0784190371800815,
  5.754602676005731, 6.5208191203301125, 7.38905609893065, 8.372897488127265, 9.487735836358526, 10.751013186076355, 12.182493960703473,
  13.804574186067095, 15.642631884188171, 17.725424121461643, 20.085536923187668, 22.75989509352673, 25.790339917193062,
  29.22428378123494, 33.11545195869231, 37.524723159601, 42.52108200006278, 48.182698291098816, 54.598150033144236, 61.867809250367884,
  70.10541234668786, 79.43983955226133, 90.01713130052181, 102.00277308269969, 115.58428452718766, 130.9741532108186, 148.4131591025766,
  168.17414165184545, 190.56626845863, 215.9398723106141, 244.69193226422038, 277.272284523134, 314.1906602856942, 356.0246606707791,
  403.4287934927351, 457.14471326890896, 518.012824668342, 586.9854309417088, 665.1416330443618, 753.7042125545613, 854.0587625261516,
  967.7753655846766, 1096.6331584284585, 1242.6481670549958, 1408.1048482046956, 1595.5918304990491, 1808.0424144560632,
  2048.780465020098, 2321.572414611057, 2630.686190299136, 2980.9579870417283, 3377.8679316735347, 3827.6258214399063, 4337.2682784832705,
  4914.768840299134, 5569.162708566004, 6310.688108089024, 7150.946467468294, 8103.083927575384, 9181.99701760271, 10404.565716560723,
  11789.917546552919, 13359.726829661873, 15138.553790426726, 17154.228809290984, 19438.287838802466, 22026.465794806718,
  24959.255641914595, 28282.541920334977, 32048.31862582525, 36315.502674246636, 41150.85567766677, 46630.028453524326,
  52838.744608573186, 59874.14171519782, 67846.29106328034, 76879.91976467776, 87116.36215324633, 98715.7710107605, 111859.62321414231,
  126753.55900574342, 143630.59930807285, 162754.79141900392, 184425.34012565826, 208981.28886971297, 236806.8242026268,
  268337.2865208745, 304065.98112127866, 344551.8961378237, 390428.44810981676, 442413.3920089205, 501320.0507709557, 568070.0400224912,
  643707.6870850961, 729416.3698477013, 826537.0311345428, 936589.1582325544, 1061294.55581038, 1202604.2841647768, 1362729.184252855,
  1544174.4670851405, 1749778.908642818, 1982759.2635375687, 2246760.5922815157, 2545913.289555306, 2884897.7057018704,
  3269017.3724721107, 3704281.9786653533, 4197501.3938479675, 4756392.211184672, 5389698.476283012, 6107328.490896726, 6920509.831830581
] as const
/** exp(1/16): a magnitude is nearest, on the logarithmic scale, to the level within this factor of it. */
const HALF_STEP = 1.0644944589178595

/** The level of a magnitude of ±6.9 million times the smallest one. */
export const LARGEST_LEVEL: number = EIGHTHS.length
/** The byte of a zero, and of a peer that abstains. */
export const ABSTAIN = 0
/** Spans 3.6e-4 to 2.5e3, the range of Just One Byte's public code. */
export const DEFAULT_SMALLEST = 3.6e-4

/** Turns projected gradients into signed bytes and back. */
export interface ScalarCodec {
  /** g₀, the magnitude of level 1. */
  readonly smallest: number
  /** Level in −127 … 127; 0 for zero and for anything that is not finite. */
  encode (scalar: number): number
  /** The scalar of a level, 0 for 0. @throws RangeError when `level` is no integer in −127 … 127 */
  decode (level: number): number
}

/**
 * The signed logarithmic byte: q = sign(ĝ) · clamp(1 + round(8 ln(|ĝ| / g₀)), 1, 127), within ±6.5 % from g₀ to 6.9·10⁶ g₀. (The public code of Just
 * One Byte, round(16 ln |ĝ|), keeps no sign.) Both ways use one constant table, so that every machine reads the same number.
 *
 * @param smallest g₀, fixed for a run
 * @throws RangeError unless g₀ is positive and finite
 */
export function scalarCodec (smallest = DEFAULT_SMALLEST): ScalarCodec {
  if (!(smallest > 0 && Number.isFinite(smallest))) throw new RangeError(`the smallest magnitude is ${smallest}; it must be positive`)
  const magnitudes = EIGHTHS.map(eighth => smallest * eighth)
  return {
    smallest,
    encode: scalar => Number.isFinite(scalar) && scalar !== 0 ? Math.sign(scalar) * nearestLevel(Math.abs(scalar), magnitudes) : ABSTAIN,
    decode (level) {
      if (!isLevel(level)) throw new RangeError(`${level} is no level: levels are integers from -${LARGEST_LEVEL} to ${LARGEST_LEVEL}`)
      return level === 0 ? 0 : Math.sign(level) * (magnitudes[Math.abs(level) - 1] as number)
    }
  }
}

export function isLevel (value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) <= LARGEST_LEVEL
}

/** Binary search for the first level whose upper edge lies above the magnitude. */
function nearestLevel (magnitude: number, magnitudes: readonly number[]): number {
  let low = 1
  let high = LARGEST_LEVEL
  while (low < high) {
    const middle = (low + high) >> 1
    if (magnitude < (magnitudes[middle - 1] as number) * HALF_STEP) high = middle
    else low = middle + 1
  }
  return low
}
