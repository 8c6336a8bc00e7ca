import { words } from '../random/words.ts'
import type { Trainer } from '../ports.ts'
import { FerretPeer } from './ferret-peer.ts'
import type { FerretPorts } from './ferret-peer.ts'
import { KSeedPeer } from './k-seed-peer.ts'
import type { KSeedPorts } from './k-seed-peer.ts'
import type { Entry } from './ledger-entry.ts'
import { packOf } from './pack-machine.ts'
import { ferretRules, kSeedRules } from './pack-methods.ts'
import type { PackSpec, ScalarRun } from './pack-methods.ts'
import type { PackPlayer, PackPorts, PackStart } from './pack-player.ts'
import { heldWeights } from './weight-source.ts'

type Run = Pick<ScalarRun, 'runId' | 'steps'>

/** What a method of rounds asks of a trainer beside the ledger's ports. */
export type PackWork = Pick<KSeedPorts, 'measure' | 'draws' | 'disclose'> & Pick<FerretPorts, 'train'> & Pick<Trainer, 'weights'> & { readonly integers: Int32Array }

/**
 * The player of a method.
 *
 * @param base θ₀ or, of Ferret, the weights that the start names no others for; nobody writes to it
 * @throws RangeError for sums that so many packs cannot have
 */
export function packPlayer (method: PackSpec, run: Run, base: Float32Array, work: PackWork, ports: PackPorts, start?: PackStart): PackPlayer {
  if (method.kind === 'ferret') return new FerretPeer(heldWeights(start?.weights ?? base), ferretRules(method, run, base.length), { ...ports, weights: work.weights, train: work.train }, start?.step)
  work.integers.fill(0)
  const player = new KSeedPeer(heldWeights(base), kSeedRules(method, run), { ...ports, measure: work.measure, draws: work.draws, disclose: work.disclose }, work.integers)
  if (start?.sums !== undefined) player.takeOver(start.packs, start.sums)
  return player
}

/** A player that has counted a ledger's entries, and takes no steps. @param start what stands for entries that are not here */
export function replayedPlayer (method: PackSpec, run: Run, base: Float32Array, entries: readonly Entry[], start?: PackStart): PackPlayer {
  const idle: PackWork = { weights: base, integers: new Int32Array(base.length), draws: words(0, 0), measure: () => undefined, train: () => undefined, disclose: undefined }
  const player = packPlayer(method, run, base, idle, { peer: '', send: () => undefined, report: () => undefined }, start)
  player.receive(entries.map(packOf))
  return player
}
