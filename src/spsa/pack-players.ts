import { words } from '../random/words.ts'
import type { Trainer } from '../ports.ts'
import { hashWeights } from './weights-hash.ts'
import { FerretPeer } from './ferret-peer.ts'
import type { FerretPorts } from './ferret-peer.ts'
import { KSeedPeer } from './k-seed-peer.ts'
import type { KSeedPorts } from './k-seed-peer.ts'
import type { Entry } from './ledger-entry.ts'
import { packsIn } from './run-sums.ts'
import type { RunSums } from './run-sums.ts'
import { packOf } from './pack-machine.ts'
import type { PackMachineParts } from './pack-machine.ts'
import { ferretRules, kSeedRules } from './pack-methods.ts'
import type { PackSpec, ScalarRun } from './pack-methods.ts'
import type { PackPorts } from './pack-player.ts'
import { heldWeights } from './weight-source.ts'

type Run = Pick<ScalarRun, 'runId' | 'steps'>

/** What a method of rounds asks of a trainer beside the ledger's ports. */
export type PackWork = Pick<KSeedPorts, 'measure' | 'draws' | 'disclose'> & Pick<FerretPorts, 'train'> & Pick<Trainer, 'weights'> & { readonly integers: Int32Array }

/** The player of a method. @param base θ₀, which nobody writes to */
export function packPlayer (method: PackSpec, run: Run, base: Float32Array, work: PackWork, ports: PackPorts): PackMachineParts {
  if (method.kind === 'ferret') return { player: new FerretPeer(heldWeights(base), ferretRules(method, run, base.length), { ...ports, weights: work.weights, train: work.train }) }
  const player = new KSeedPeer(heldWeights(base), kSeedRules(method, run), { ...ports, measure: work.measure, draws: work.draws, disclose: work.disclose }, work.integers)
  return { player, sums: { read: () => player.pool.sums.slice(), takeOver: (packs, sums) => { player.takeOver(packs, sums) } } }
}

/** SHA-256 of the weights that a ledger makes, in one pass over them. @param start sums that stand for entries that are not here */
export function replayedHash (method: PackSpec, run: Run, base: Float32Array, entries: readonly Entry[], start?: RunSums): string {
  const idle: PackWork = { weights: base, integers: new Int32Array(base.length), draws: words(0, 0), measure: () => undefined, train: () => undefined, disclose: undefined }
  const { player, sums } = packPlayer(method, run, base, idle, { peer: '', send: () => undefined, report: () => undefined })
  if (start !== undefined) sums?.takeOver(packsIn(start), start.sums)
  player.receive(entries.map(packOf))
  return hashWeights(player.model.weights)
}
