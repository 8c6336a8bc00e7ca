import { performance } from 'node:perf_hooks'
import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import type { Trainer } from '../../src/ports.ts'
import { words } from '../../src/random/words.ts'
import { RUN_START } from '../../src/spsa/ledger.ts'
import type { Ledger } from '../../src/spsa/ledger.ts'
import type { LedgerStart } from '../../src/spsa/ledger-start.ts'
import type { LedgerTalkPorts } from '../../src/spsa/ledger-talk.ts'
import { OneBytePeer } from '../../src/spsa/one-byte-peer.ts'
import { PackMachine, packsIn } from '../../src/spsa/pack-machine.ts'
import { packMachineRules } from '../../src/spsa/pack-methods.ts'
import type { ScalarRun } from '../../src/spsa/pack-methods.ts'
import { packPlayer } from '../../src/spsa/pack-players.ts'
import type { PackWork } from '../../src/spsa/pack-players.ts'
import type { ScalarMachine } from '../../src/spsa/scalar-machine.ts'
import { oneByteRules, stepsARound, stepsIn } from '../../src/spsa/scalar-methods.ts'
import { wallClock } from '../peer/wall-clock.ts'
import type { LoadedLedger } from '../store/ledger-store.ts'
import { disclosureOf } from './disclosure.ts'

export interface MachineParts {
  readonly method: ScalarSpec
  readonly run: ScalarRun
  readonly trainer: Trainer
  readonly loaded: LoadedLedger
  readonly samplingSeed: number
  readonly ports: LedgerTalkPorts
  /** Keys of the others who are there. */
  readonly others: () => readonly string[]
  /** Told how long the trainer took for a piece of work. */
  readonly worked: (seconds: number) => void
}

/** Keeps the draws of seeds apart from every other use of a peer's sampling seed. */
const DRAW_STREAM = 510

/** The machine of a run's method, begun from what this peer kept in place of entries; they are its caller's to restore. */
export function createMachine ({ method, run, trainer, loaded, samplingSeed, ports, worked, others }: MachineParts): ScalarMachine {
  const { measure, train } = timedWork(trainer, worked)
  const disclose = disclosureOf(method)
  if (method.kind === 'one-byte') {
    const model = trainer.scalars?.model
    if (model === undefined) throw new Error('this trainer was not started to keep a model of bytes')
    return new OneBytePeer(oneByteRules(method, run), { ...ports, model, measure, disclose, others, clock: wallClock }, startOf(loaded))
  }
  const keeper = trainer.packs
  if (keeper === undefined) throw new Error('this trainer was not started to keep the weights of rounds')
  // a restarted peer draws other seeds than before
  const draws = words(samplingSeed, DRAW_STREAM, loaded.entries.length + packsIn(loaded.held ?? RUN_START))
  const { length } = trainer.weights
  return new PackMachine((packPorts, from) => packPlayer(method, run, length, { measure, train, draws, disclose }, packPorts, from), packMachineRules(method, run, length), { ...ports, others, keeper }, startOf(loaded))
}

/** The weights of a snapshot are those that the trainer was started with. */
function startOf ({ snapshot, held }: LoadedLedger): LedgerStart | undefined {
  return snapshot === undefined ? undefined : { snapshot, model: { step: snapshot.step, limit: snapshot.limit }, held: held ?? RUN_START, sums: snapshot.sums }
}

const MS_PER_SECOND = 1000

function timedWork (trainer: Trainer, worked: (seconds: number) => void): Pick<PackWork, 'measure' | 'train'> {
  const timed = <Outcome>(done: (outcome: Outcome) => void): (outcome: Outcome) => void => {
    const sinceMs = performance.now()
    return outcome => {
      worked((performance.now() - sinceMs) / MS_PER_SECOND)
      done(outcome)
    }
  }
  return {
    measure: (request, done) => {
      if (trainer.scalars === undefined) throw new Error('this trainer was not started for scalars')
      trainer.scalars.measure(request, timed(done))
    },
    train: (steps, done) => { trainer.train(trainer.step + steps, timed(done)) }
  }
}

/** Steps that a peer had taken when its chain ended here. */
export function stepsOfOwn (method: ScalarSpec, ledger: Ledger, self: string): number {
  const held = method.kind === 'one-byte' ? ledger.entries().filter(({ peer }) => peer === self) : []
  const places = held.reduce((sum, { levels }) => sum + levels.length, 0)
  return stepsIn(places, method, ledger.rules) + (ledger.headOf(self).next - held.length) * stepsARound(method)
}

/** Where a peer begins: whoever has no bytes of its own does so with the newest window that others have begun. */
export function firstStepOf (ledger: Ledger, self: string): number {
  if (ledger.headOf(self).next > 0) return 0
  const { window, steps } = ledger.rules
  return Math.min(steps, Math.floor(ledger.reach() / window) * window)
}

/** The step of the ledger at which a peer goes on, with what the others, or it itself, have taken. */
export function beginningOf (ledger: Ledger, self: string): number {
  return Math.max(firstStepOf(ledger, self), ledger.reachOf(self))
}
