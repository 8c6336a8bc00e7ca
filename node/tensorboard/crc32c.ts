/** Castagnoli's polynomial, bits reversed (RFC 3720, 12.1). */
const POLYNOMIAL = 0x82f6_3b78

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1
  return remainder
})

/** CRC-32C of bytes. */
export function crc32c (bytes: Uint8Array): number {
  let remainder = 0xffff_ffff
  for (const byte of bytes) remainder = (TABLE[(remainder ^ byte) & 0xff] ?? 0) ^ (remainder >>> 8)
  return (remainder ^ 0xffff_ffff) >>> 0
}

/** As records keep it: a checksum of data that holds checksums would be a weak one (TFRecord). */
export function maskedCrc32c (bytes: Uint8Array): number {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282_ead8) >>> 0
}
