// IEEE half precision, nearest, ties to even, of values divided by a power of two.
/** Adding and subtracting it rounds to an integer, ties to even. */
const ROUNDER: f64 = 6755399441055744
const LARGEST: f32 = 3.4028234663852886e38

@inline
function powerOfTwo (exponent: i32): f64 {
  return reinterpret<f64>(<u64>(1023 + exponent) << 52)
}

/** Low and high bytes of each pattern; what would be infinite becomes the largest finite. */
export function valuesToHalves (values: usize, count: u32, divisor: f64, low: usize, high: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const value = <f64>load<f32>(values + (i << 2)) / divisor
    const magnitude = abs(value)
    const exponent = max(-14, <i32>(reinterpret<u32>(<f32>magnitude) >> 23) - 127)
    const mantissa = magnitude * powerOfTwo(10 - exponent) + ROUNDER - ROUNDER
    const pattern = <u32>min<f64>(0x7bff, mantissa + <f64>((exponent + 14) << 10)) | (value < 0 ? 0x8000 : 0)
    store<u8>(low + i, pattern)
    store<u8>(high + i, pattern >> 8)
  }
}

/** The way back; NaN for patterns of infinities and of no number. */
export function halvesToValues (low: usize, high: usize, count: u32, factor: f64, values: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const pattern = <u32>load<u8>(low + i) | (<u32>load<u8>(high + i) << 8)
    const exponent = <i32>((pattern >> 10) & 31)
    const mantissa = <i32>(pattern & 1023) + (exponent > 0 ? 1024 : 0)
    const magnitude = <f64>mantissa * powerOfTwo(max(1, exponent) - 25)
    const value = factor * (pattern > 0x7fff ? -magnitude : magnitude)
    store<f32>(values + (i << 2), exponent === 31 ? f32.NaN : <f32>max<f64>(-LARGEST, min<f64>(LARGEST, value)))
  }
}
