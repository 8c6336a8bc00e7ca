import { keptPacks } from '../../src/spsa/pack-players.ts'
import { heldWeights } from '../../src/spsa/weight-source.ts'
import type { WorkerInput } from './messages.ts'
import type { Session } from './session.ts'

/** A session that keeps the weights of a run of rounds besides: what is asked of them has its turn between two pieces of work. */
export function keepingPacks (session: Session, { packs, sharedWeights, sharedIntegers }: WorkerInput): Session {
  if (packs === undefined) return session
  // Ferret trains in the weights that are shared, and begins where they are now
  const isFirstOrder = packs.method.kind === 'ferret'
  const keeper = keptPacks(packs.method, packs, {
    base: heldWeights(isFirstOrder ? sharedWeights.slice() : sharedWeights), integers: isFirstOrder ? new Int32Array(sharedWeights.length) : sharedIntegers, trained: sharedWeights
  })
  return {
    get step () { return session.step },
    answer: async (request, onText) => request.kind === 'packs' ? keeper.do(request.task) : await session.answer(request, onText)
  }
}
