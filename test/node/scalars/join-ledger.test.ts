import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect, it } from 'vitest'
import type { RunManifest } from '../../../src/manifest/schema.ts'
import type { SnapshotOffer } from '../../../src/spsa/one-byte-messages.ts'
import { joinLedger } from '../../../node/scalars/join-ledger.ts'
import type { JoinLedgerOptions } from '../../../node/scalars/join-ledger.ts'
import { keyOf } from '../../../node/scalars/keys.ts'

const offer = (step: number): SnapshotOffer => ({ step, fingerprint: `f${step}`, modelHash: `m${step}`, heldFrom: 16, bytes: 900, openBytes: 100 })

it('a member that is silent for once makes no only witness of another one, who tells something else', async () => {
  const peerIds = await Promise.all([1, 2].map(async () => peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()))
  const [one, other] = peerIds.map(keyOf) as [string, string]
  const answers = [new Map([[one, offer(32)], [other, offer(16)]]), new Map([[other, offer(16)]]), new Map([[other, offer(32)]])]
  const taken: SnapshotOffer[] = []
  const said: string[] = []
  const options: JoinLedgerOptions = {
    run: {} as RunManifest,
    machine: { ledger: { firstStep: 0 } } as unknown as JoinLedgerOptions['machine'],
    seeker: {
      ask: () => Promise.resolve(answers.shift() ?? new Map<string, SnapshotOffer>()),
      take: (found: SnapshotOffer) => { taken.push(found); return Promise.resolve(true) }
    } as unknown as JoinLedgerOptions['seeker'],
    hasWeights: true,
    costs: { snapshotBytes: 1, bytesAScalar: 1, window: 4, secondsPerByte: 1 },
    link: () => Promise.reject(new Error('what is forgotten decides')),
    stepOf: place => place,
    adopt: async () => Promise.resolve(true),
    say: sentence => { said.push(sentence) }
  }
  const present = peerIds.map(peerId => ({ peerId, round: 8, step: 32, training: true }))
  await joinLedger(() => present, options, new AbortController().signal)
  expect(taken).toEqual([offer(32)])
  expect(said.at(-1)).toMatch(/the snapshot at step 32, which 2 members/)
  expect(answers).toEqual([])
})
