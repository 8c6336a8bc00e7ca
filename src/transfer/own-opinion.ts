import type { ChunkPlan } from './chunk-plan.ts'
import { Sketch, sketchDistance } from './sketch.ts'
import type { AttestAnswer, AttestedPart } from './transfer-ports.ts'

/**
 * What this peer's own replica says of a part of another one.
 *
 * @param read values of a chunk of the own replica
 * @param expected between replicas' weights; of momentum, its own size is what a difference may be
 * @throws RangeError for a part of another plan
 */
export async function opinionOnPart (plan: ChunkPlan, seed: number, part: AttestedPart, read: (chunk: number) => Promise<Float32Array>, expected: number | undefined): Promise<AttestAnswer> {
  if (part.vector >= plan.vectors || part.chunks.length !== Math.ceil(plan.chunksPerVector / 8)) throw new RangeError('a part is of another plan')
  const sketch = new Sketch(seed)
  let squares = 0
  for (let chunk = 0; chunk < plan.chunksPerVector; chunk++) {
    if (((part.chunks[chunk >> 3] as number) >> (chunk & 7) & 1) === 0) continue
    const values = await read(part.vector * plan.chunksPerVector + chunk)
    sketch.add(chunk, values)
    for (const value of values) squares += value * value
  }
  const distance = sketchDistance(sketch.values, part.sketch, sketch.count)
  const size = Math.sqrt(squares / Math.max(1, sketch.count))
  return { distance, expected: part.vector === 0 ? expected ?? null : size }
}
