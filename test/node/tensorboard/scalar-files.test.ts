import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { crc32c } from '../../../node/tensorboard/crc32c.ts'
import { ScalarFiles } from '../../../node/tensorboard/scalar-files.ts'
import { scalarsOf } from '../../../node/tensorboard/scalars.ts'
import type { PeerEvent, StampedEvent } from '../../../src/events.ts'
import { temporaryFolder } from '../../support/shoal-process.ts'
import { figures, record } from '../metrics/support.ts'
import { readEvents } from './event-reader.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => { folder = await temporaryFolder() })
afterAll(async () => folder.remove())

const { bytes } = figures().status
let sequence = 0
const stamped = (event: PeerEvent, atMs = 1_700_000_000_500): StampedEvent => ({ ...event, sequence: ++sequence, atMs })
const round = stamped({ type: 'round', record: record({ step: 20 }), bytes })
const progress = stamped({ type: 'progress', step: 21, tokens: 1000, loss: 2.5, tokensPerSecond: 800, bytes })

describe('CRC-32C', () => {
  it('is that of RFC 3720', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a91_36aa)
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8_ab43)
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd_794e)
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe306_9283)
  })
})

describe('scalars of an event', () => {
  it('leave out what does not exist', () => {
    const alone = scalarsOf(stamped({ type: 'round', record: record({ outcome: 'solo', spread: Number.NaN, codecError: undefined, bitsPerValue: undefined }), bytes }))
    expect(alone?.values.map(({ tag }) => tag)).not.toContain('consensus/distance')
    expect(alone?.values.map(({ tag }) => tag)).not.toContain('codec/relative_error')
    expect(scalarsOf(stamped({ type: 'waiting', sentence: 'for two' }))).toBeUndefined()
  })
})

describe('files of scalars', () => {
  it('are read by a reader of TensorBoard’s records, a run for each peer', () => {
    const path = join(folder.path, 'board')
    const files = new ScalarFiles({ tensorboard: path, warn: sentence => { throw new Error(sentence) } })
    files.take('A', progress)
    files.take('A', round)
    files.take('B', round)
    files.close()
    expect(readdirSync(path).sort()).toEqual(['A', 'B'])
    const [name = ''] = readdirSync(join(path, 'A'))
    expect(name).toMatch(/^events\.out\.tfevents\.1700000000\./)
    const [head, first, second, ...none] = readEvents(readFileSync(join(path, 'A', name)))
    expect(head).toEqual({ wallTime: 1_700_000_000.5, step: 0, fileVersion: 'brain.Event:2', values: {} })
    expect(first).toMatchObject({ step: 21, wallTime: 1_700_000_000.5, values: { 'train/loss': 2.5, 'train/tokens_per_second': 800, 'train/tokens': 1000 } })
    expect(second).toMatchObject({ step: 20, values: { 'consensus/distance': 0.25, 'round/members': 2, 'round/waited_seconds': 1.5, 'codec/bits_per_value': 8.25, 'bytes/wire_sent': 3 } })
    expect(none).toEqual([])
  })

  it('are damaged where a bit is', () => {
    const path = join(folder.path, 'damaged')
    const files = new ScalarFiles({ tensorboard: path, warn: () => undefined })
    files.take('A', progress)
    files.close()
    const content = readFileSync(join(path, 'A', readdirSync(join(path, 'A'))[0]!))
    for (const at of [3, 9, 14, content.length - 1]) {
      const copy = Buffer.from(content)
      copy[at]! ^= 4
      expect(() => readEvents(copy), `byte ${at}`).toThrow()
    }
  })

  it('hold a row for each value in CSV', () => {
    const path = join(folder.path, 'deep', 'scalars.csv')
    const files = new ScalarFiles({ csv: path, warn: () => undefined })
    files.take('A', progress)
    files.close()
    expect(readFileSync(path, 'utf8').split('\n')).toEqual([
      'time,peer,step,scalar,value', '2023-11-14T22:13:20.500Z,A,21,train/loss,2.5', '2023-11-14T22:13:20.500Z,A,21,train/tokens_per_second,800',
      '2023-11-14T22:13:20.500Z,A,21,train/tokens,1000', ''
    ])
  })

  it('that cannot be made are refused, and those that fail later cost nothing but themselves', () => {
    const file = join(folder.path, 'file')
    writeFileSync(file, 'mine')
    expect(() => new ScalarFiles({ csv: join(file, 'x.csv'), warn: () => undefined })).toThrow(expect.objectContaining({ code: 'DATA_DIRECTORY_UNWRITABLE' }))
    const warnings: string[] = []
    const board = join(folder.path, 'later')
    const csv = join(folder.path, 'later.csv')
    const files = new ScalarFiles({ tensorboard: board, csv, warn: sentence => { warnings.push(sentence) } })
    // The peer's folder cannot be made where a file has its name.
    writeFileSync(join(board, 'A'), '')
    files.take('A', progress)
    files.take('A', progress)
    files.close()
    expect(warnings).toEqual([expect.stringContaining('no longer written') as string])
    expect(readFileSync(csv, 'utf8').split('\n')).toHaveLength(8)
  })
})
