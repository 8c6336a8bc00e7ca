import { words } from '../random/words.ts'
import { ferretArithmetic } from './ferret-arithmetic.ts'
import { FerretPeer } from './ferret-peer.ts'
import type { FerretPorts } from './ferret-peer.ts'
import { KSeedArithmetic } from './k-seed-arithmetic.ts'
import { KSeedPeer } from './k-seed-peer.ts'
import type { KSeedPorts } from './k-seed-peer.ts'
import type { Entry } from './ledger-entry.ts'
import { packOf } from './pack-machine.ts'
import { KeptPacks } from './pack-keeper.ts'
import type { PackMemory } from './pack-keeper.ts'
import { ferretRules, kSeedRules } from './pack-methods.ts'
import type { PackSpec, ScalarRun } from './pack-methods.ts'
import type { PackPlayer, PackPorts, PackStart } from './pack-player.ts'
import { heldWeights } from './weight-source.ts'

type Run = Pick<ScalarRun, 'runId' | 'steps'>

/** What a method of rounds asks of a trainer beside the weights. */
export type PackWork = Pick<KSeedPorts, 'measure' | 'draws' | 'disclose'> & Pick<FerretPorts, 'train'>

/** The weights of a run, from its start. @throws RangeError when so many packs do not fit into 32 bits */
export function keptPacks (method: PackSpec, run: Run, memory: PackMemory): KeptPacks {
  return new KeptPacks(memory, method.kind === 'ferret' ? ferretArithmetic(ferretRules(method, run, memory.base.size)) : new KSeedArithmetic(kSeedRules(method, run)))
}

/**
 * The player of a method, whose keeper begins at the same start.
 *
 * @param size weights of the model
 * @throws RangeError for sums that so many packs cannot have
 */
export function packPlayer (method: PackSpec, run: Run, size: number, work: PackWork, ports: PackPorts, start?: PackStart): PackPlayer {
  if (method.kind === 'ferret') return new FerretPeer(ferretRules(method, run, size), { ...ports, train: work.train })
  const player = new KSeedPeer(kSeedRules(method, run), { ...ports, measure: work.measure, draws: work.draws, disclose: work.disclose })
  if (start?.sums !== undefined) player.takeOver(start.packs, start.sums)
  return player
}

/** What a ledger's entries make, by a player that takes no steps. @param start what stands for entries that are not here */
export function replayedPacks (method: PackSpec, run: Run, base: Float32Array, entries: readonly Entry[], start?: PackStart): { readonly player: PackPlayer, readonly keeper: KeptPacks } {
  const keeper = keptPacks(method, run, { base: heldWeights(base), integers: new Int32Array(base.length), trained: new Float32Array(0) })
  keeper.do({ kind: 'begin', start })
  const idle: PackWork = { draws: words(0, 0), measure: () => undefined, train: () => undefined, disclose: undefined }
  const player = packPlayer(method, run, base.length, idle, { peer: '', keeper, send: () => undefined, report: () => undefined }, start)
  player.receive(entries.map(packOf))
  return { player, keeper }
}
