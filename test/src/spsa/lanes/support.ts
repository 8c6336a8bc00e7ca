import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { LaneAuthor } from '../../../../src/spsa/lanes/lane-author.ts'
import { laneRules, scalarLanePreset } from '../../../../src/spsa/lanes/lane-rules.ts'
import type { LaneRules } from '../../../../src/spsa/lanes/lane-rules.ts'
import type { Entry, Sign, Verify } from '../../../../src/spsa/ledger-entry.ts'

export const RUN = 'a run with two lanes'
export const rules: LaneRules = laneRules({ ...scalarLanePreset, scalars: 8, pack: 4, peers: 2 }, RUN)
export const verify: Verify = (signature, message, key) => ed25519.verify(signature, message, key)

export interface LaneKey {
  readonly peer: string
  readonly sign: Sign
}

export function laneKey (number: number): LaneKey {
  const secret = new Uint8Array(32).fill(number + 1)
  return { peer: bytesToHex(ed25519.getPublicKey(secret)), sign: message => ed25519.sign(message, secret) }
}

/** All that a peer says about the weights of a round: scalars in their order. */
export function told ({ peer, sign }: LaneKey, round: number, scalars: readonly number[], by: LaneRules = rules): Entry[] {
  const author = new LaneAuthor(by, peer, sign)
  author.begin(round)
  return scalars.flatMap(scalar => author.add(scalar) ?? [])
}
