import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import * as check from '../../protocols/check/messages.ts'
import * as exchange from '../../protocols/exchange/messages.ts'
import * as files from '../../protocols/files/messages.ts'
import * as goodbye from '../../protocols/goodbye/messages.ts'
import * as hello from '../../protocols/hello/messages.ts'
import * as manifest from '../../protocols/manifest/messages.ts'
import * as progress from '../../protocols/progress/messages.ts'
import * as scalars from '../../protocols/scalars/messages.ts'
import * as snapshots from '../../protocols/snapshots/messages.ts'
import * as state from '../../protocols/state/messages.ts'
import type { Head } from '../../src/spsa/chain.ts'
import { encodeHalf, toldOf } from '../../src/spsa/half-loss.ts'
import type { Entry } from '../../src/spsa/ledger-entry.ts'
import { encodeTag } from '../../src/spsa/window-tag.ts'
import type { OneByteMessage } from '../../src/spsa/one-byte-messages.ts'
import { describeBody } from '../../protocols/wire/body.ts'

/** One message with its codec: what protocols/README.md shows byte by byte. */
export interface Vector {
  readonly name: string
  readonly value: unknown
  readonly encode: () => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}

function vector<T> (name: string, value: T, encode: (value: T) => Uint8Array, decode: (bytes: Uint8Array) => unknown): Vector {
  return { name, value, encode: () => encode(value), decode }
}

const HELLO: hello.Hello = {
  software: 'shoal/0.1.0',
  protocols: { minimum: 1, maximum: 1 },
  runId: 'r1',
  layoutHash: 'l1',
  codec: 'int8(64)',
  progress: { round: 2, step: 40, training: true },
  addresses: ['/ip4/10.0.0.1/tcp/4001'],
  peers: []
}

const body = describeBody(hexToBytes('0102030405'))

const ENTRY: Entry = {
  peer: '11'.repeat(32), index: 2, firstStep: 32, levels: Int8Array.of(64, -60, 0), pool: undefined, previous: new Uint8Array(32).fill(0x22), signature: new Uint8Array(64).fill(0x33)
}
const HEAD: Head = { peer: ENTRY.peer, next: 2, hash: ENTRY.previous, cut: false }
const INQUIRY: OneByteMessage = {
  kind: 'inquiry',
  inquiry: {
    ranges: [{ from: '', to: ENTRY.peer, fingerprint: '44'.repeat(32) }],
    told: [{ from: ENTRY.peer, to: undefined, heads: [HEAD] }],
    wanted: [{ head: HEAD, until: 5 }, { head: { ...HEAD, cut: true }, until: undefined }]
  }
}

export const VECTORS: readonly Vector[] = [
  vector('hello', HELLO, hello.encodeHello, hello.decodeHello),
  vector('hello with a pass and revocations', {
    ...HELLO, protocols: { minimum: 1, maximum: 2 }, progress: { ...HELLO.progress, toldMs: 1700000000000 }, pass: new Uint8Array(196).fill(0x44),
    revocations: [{ issuer: '55'.repeat(32), sequence: 2, revoked: ['3f2a9c01d4e5b677'], signature: new Uint8Array(64).fill(0x66) }]
  }, hello.encodeHello, hello.decodeHello),
  vector('hello verdict: accept', { accept: true }, hello.encodeVerdict, hello.decodeVerdict),
  vector('hello verdict: reject', { accept: false, code: 'WRONG_RUN', sentence: 'no' }, hello.encodeVerdict, hello.decodeVerdict),
  vector('goodbye', { reason: 'done' }, goodbye.encodeGoodbye, goodbye.decodeGoodbye),
  vector('manifest request', { runId: 'r1' }, manifest.encodeRequest, manifest.decodeRequest),
  vector('manifest answer', { manifest: hexToBytes('010203') }, manifest.encodeAnswer, manifest.decodeAnswer),
  vector('exchange offer', { kind: 'offer', round: 3, fragment: 0 }, exchange.encodeFrame, exchange.decodeFrame),
  vector('exchange offer on shared weights', { kind: 'offer', round: 3, fragment: 2, basis: 305419896 }, exchange.encodeFrame, exchange.decodeFrame),
  vector('exchange accept', { kind: 'accept', round: 3 }, exchange.encodeFrame, exchange.decodeFrame),
  vector('exchange reject', { kind: 'reject', code: 'BUSY', sentence: 'later' }, exchange.encodeFrame, exchange.decodeFrame),
  vector('exchange contribution header', { kind: 'contribution', round: 3, fragment: 0, tokens: 2560, ...body }, exchange.encodeFrame, exchange.decodeFrame),
  vector('exchange contribution header of a group', { kind: 'contribution', round: 3, fragment: 2, plan: 4000000000, part: 1, tokens: 2560, ...body }, exchange.encodeFrame, exchange.decodeFrame),
  vector('exchange contribution header on the second rung', { kind: 'contribution', round: 3, fragment: 0, tokens: 2560, rung: 1, ...body }, exchange.encodeFrame, exchange.decodeFrame),
  vector('exchange widen header', { kind: 'widen', round: 3, attempt: 1, ...body }, exchange.encodeFrame, exchange.decodeFrame),
  vector('exchange widening header', { kind: 'widening', round: 3, attempt: 3, ...body }, exchange.encodeFrame, exchange.decodeFrame),
  vector('exchange commit', { kind: 'commit', round: 3 }, exchange.encodeFrame, exchange.decodeFrame),
  vector('exchange plan', { kind: 'plan', round: 3, members: ['a', 'b', 'c'], shares: [2, 0, 1] }, exchange.encodeFrame, exchange.decodeFrame),
  vector('exchange mean header', { kind: 'mean', round: 3, fragment: 2, plan: 4000000000, part: 1, members: [0, 2], ...body }, exchange.encodeFrame, exchange.decodeFrame),
  vector('exchange commit of a group', { kind: 'commit', round: 3, parts: [0, 1] }, exchange.encodeFrame, exchange.decodeFrame),
  vector('exchange ask', { kind: 'ask', round: 3 }, exchange.encodeFrame, exchange.decodeFrame),
  vector('exchange reference header', { kind: 'reference', round: 3, fragment: 2, ...body }, exchange.encodeFrame, exchange.decodeFrame),
  vector('exchange close', { kind: 'close', reason: 'averaged' }, exchange.encodeFrame, exchange.decodeFrame),
  vector('scalars pack', { kind: 'pack', entry: ENTRY }, scalars.encodeScalars, scalars.decodeScalars),
  vector('scalars entries', { kind: 'entries', entries: [ENTRY] }, scalars.encodeScalars, scalars.decodeScalars),
  vector('scalars inquiry', INQUIRY, scalars.encodeScalars, scalars.decodeScalars),
  vector('scalars inquiry that settles', { kind: 'inquiry', inquiry: { ranges: [], told: [], wanted: [] } }, scalars.encodeScalars, scalars.decodeScalars),
  vector('scalars check', { kind: 'check', step: 64, fingerprint: '44'.repeat(32), modelHash: '55'.repeat(32) }, scalars.encodeScalars, scalars.decodeScalars),
  vector('scalars pack of a round', { kind: 'pack', entry: { ...ENTRY, pool: Uint16Array.of(7, 4095, 0) } }, scalars.encodeScalars, scalars.decodeScalars),
  vector('scalars pack of half losses', { kind: 'pack', entry: { ...ENTRY, ...toldOf([...encodeTag({ weights: '44'.repeat(8), partner: '55'.repeat(8) }), encodeHalf(5.5, 7.2e-7), encodeHalf(NaN, 7.2e-7)], true) } }, scalars.encodeScalars, scalars.decodeScalars),
  vector('scalars sums', { kind: 'sums', step: 40, sums: Int32Array.of(1, -2, 0) }, scalars.encodeScalars, scalars.decodeScalars),
  vector('scalars seek', { kind: 'seek', heads: true }, scalars.encodeScalars, scalars.decodeScalars),
  vector('scalars offer', { kind: 'offer', offer: { step: 512, fingerprint: '44'.repeat(32), modelHash: '55'.repeat(32), heldFrom: 256, bytes: 5000, openBytes: 900 } }, scalars.encodeScalars, scalars.decodeScalars),
  vector('scalars heads', { kind: 'heads', part: { step: 512, limit: 72, total: 1, heads: [{ peer: '11'.repeat(32), next: 4, hash: new Uint8Array(32).fill(9), cut: false }] } }, scalars.encodeScalars, scalars.decodeScalars),
  vector('state request', { layoutHash: 'l1' }, state.encodeRequest, state.decodeRequest),
  vector('state header', { round: 2, step: 40, layoutHash: 'l1', ...body }, state.encodeAnswer, state.decodeAnswer),
  vector('snapshots request for offers', { want: 'offers' as const, hold: 8 }, snapshots.encodeRequest, snapshots.decodeRequest),
  vector('snapshots offer body', { run: 'r1', layout: 'l1', round: 8, step: 80, tokens: 10240, values: 4096, vectors: 2, data: body.sha256, list: body.sha256 }, snapshots.encodeOfferBody, snapshots.decodeOfferBody),
  vector('snapshots opinions', { opinions: [{ distance: 0.5, expected: 0.25 }, { distance: 0, expected: null }] }, snapshots.encodeAnswer, snapshots.decodeAnswer),
  vector('file request', { file: body.sha256, offset: 1048576, length: 65536 }, files.encodeRequest, files.decodeRequest),
  vector('file header', { fileBytes: 1048581, ...body }, files.encodeAnswer, files.decodeAnswer),
  vector('check request', { addresses: ['/ip4/10.0.0.1/tcp/4001'], upload: 262144, download: 262144 }, check.encodeRequest, check.decodeRequest),
  vector('check greeting', { nowMs: 1700000000000, software: 'shoal/0.1.0', observed: '/ip4/10.0.0.1/tcp/50000' }, check.encodeGreeting, check.decodeGreeting),
  vector('check receipt', { received: true }, check.encodeReceipt, check.decodeReceipt),
  vector('check report', [{ address: '/ip4/10.0.0.1/tcp/4001', reached: false, why: 'nobody listens' }], check.encodeReport, check.decodeReport),
  vector('progress', { round: 3, step: 60, training: true, loss: 2.5, tokensPerSecond: 1000 }, progress.encodeProgress, progress.decodeProgress),
  vector('progress with what is expected', { round: 3, step: 60, training: true, loss: 2.5, tokensPerSecond: 1000, dueInMs: 8000, uploadBytesPerSecond: 125000 }, progress.encodeProgress, progress.decodeProgress),
  vector('progress with its partners', { round: 3, step: 60, training: true, loss: 2.5, tokensPerSecond: 1000, met: ['f7XqA1b2'] }, progress.encodeProgress, progress.decodeProgress),
  vector('progress with its time', { round: 3, step: 60, training: true, loss: 2.5, tokensPerSecond: 1000, toldMs: 1700000000000 }, progress.encodeProgress, progress.decodeProgress),
  vector('progress with where it is dialled', { round: 3, step: 60, training: true, loss: 2.5, tokensPerSecond: 1000, address: '/ip4/192.0.2.7/tcp/4001/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUJj2vj6p2xvYJt' }, progress.encodeProgress, progress.decodeProgress),
  vector('progress before the first round', { round: 0, step: 0, training: true, loss: Number.NaN, tokensPerSecond: Number.NaN }, progress.encodeProgress, progress.decodeProgress)
]

export const hexOf = (vector: Vector): string => bytesToHex(vector.encode())
