export function joinBytes (chunks: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    joined.set(chunk, offset)
    offset += chunk.length
  }
  return joined
}

/** A safetensors file with this header and so many zero bytes of data. */
export function rawFile (header: string, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(header)
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true)
  return joinBytes([length, text, new Uint8Array(dataBytes)])
}
