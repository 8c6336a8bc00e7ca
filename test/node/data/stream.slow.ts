import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findFiles } from '../../../node/data/find-files.ts'
import { prepareText } from '../../../node/data/prepare-text.ts'
import { openTokenReader } from '../../../node/data/token-reader.ts'
import { createBatchSampler } from '../../../src/data/batch-sampler.ts'
import { folderWith, someBytes } from './support.ts'

const MIB = 2 ** 20
const FILE_MIB = 400
/** Buffers, pieces in flight and what the collector has not come round to; a quarter of the file. */
const ALLOWED_GROWTH_BYTES = 100 * MIB

it('tokenises and reads a file of 400 MiB in a memory that does not grow with it', async () => {
  const folder = folderWith()
  const path = join(folder, 'large.txt')
  const file = openSync(path, 'w')
  const chunk = someBytes(MIB).map(byte => byte % 97 === 0 ? 10 : 97 + byte % 26)
  for (let written = 0; written < FILE_MIB; written++) writeSync(file, chunk)
  closeSync(file)
  const before = process.memoryUsage().rss
  let peak = before
  const watch = (): void => { peak = Math.max(peak, process.memoryUsage().rss) }
  const encode = (bytes: Uint8Array): Uint8Array => { watch(); return bytes }
  const { training } = await prepareText({ files: await findFiles([path]), split: 'iid', shards: 2, holdOutEvery: 10 }, 1, { name: 'bytes', vocabulary: 256, encode }, folder)
  expect(training.length).toBeGreaterThan(0.4 * FILE_MIB * MIB)
  const reader = openTokenReader(training)
  const sample = createBatchSampler(reader, 1, { rows: 16, length: 256 })
  for (let step = 0; step < 5000; step++) {
    sample(step)
    if (step % 100 === 0) watch()
  }
  reader.close()
  process.stdout.write(`resident set grew by ${((peak - before) / MIB).toFixed(0)} MiB over a file of ${FILE_MIB} MiB\n`)
  expect(peak - before).toBeLessThan(ALLOWED_GROWTH_BYTES)
})
