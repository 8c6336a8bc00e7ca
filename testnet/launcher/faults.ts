import { ShoalError, reasonOf } from '../../src/errors.ts'
import { wallClock } from '../../node/peer/wall-clock.ts'
import type { LinkBook } from '../links/link-book.ts'
import type { PlannedFault } from '../scenarios/plan.ts'
import type { Testnet } from './testnet.ts'

/** What a scenario asks for that no process of this machine can be made to do. */
const SIMULATED_ONLY: Partial<Record<PlannedFault['kind'], string>> = {
  clockJump: 'the clock of one process alone cannot be set',
  diskFull: 'the disk of one process alone cannot be filled'
}

/** @throws ShoalError USAGE for a scenario that only the simulator can play */
export function checkFaults (scenario: string, faults: readonly PlannedFault[]): void {
  const fault = faults.find(({ kind }) => SIMULATED_ONLY[kind] !== undefined)
  if (fault === undefined) return
  throw new ShoalError({
    code: 'USAGE', what: `${scenario} cannot be run with real peers`, why: `it has a fault of the kind ${fault.kind}: ${SIMULATED_ONLY[fault.kind] ?? ''}`,
    tryThis: `shoal testnet sim ${scenario}`
  })
}

/** Lets faults happen to a testnet that runs: at their times since it started, or once anybody honest has ended a round, as in virtual time. */
export class FaultRunner {
  readonly #say: (sentence: string) => void
  readonly #faults: readonly PlannedFault[]
  #begun: Testnet | undefined
  #byRound: readonly PlannedFault[]
  readonly #cancels = new Set<() => void>()
  readonly #undone = new Set<string>()

  constructor (faults: readonly PlannedFault[], say: (sentence: string) => void) {
    this.#say = say
    this.#faults = faults
    this.#byRound = faults.filter(({ at }) => 'round' in at)
  }

  /** Why some of it did not happen, each sentence once: nothing is as the scenario says then. */
  get undone (): readonly string[] { return [...this.#undone] }

  /** From here on times count. */
  begin (testnet: Testnet): void {
    this.#begun = testnet
    for (const fault of this.#faults) if ('timeMs' in fault.at) this.#in(fault.at.timeMs, () => { this.#inflict(fault) })
  }

  /** Call for each round that a peer has ended. */
  round (name: string, round: number): void {
    const plan = this.#begun?.seats.find(seat => seat.name === name)?.plan
    if (plan?.lane !== 'first-order' || plan.conduct !== undefined) return
    const due = this.#byRound.filter(({ at }) => 'round' in at && at.round <= round)
    this.#byRound = this.#byRound.filter(fault => !due.includes(fault))
    for (const fault of due) this.#inflict(fault)
  }

  /** Nothing more happens. */
  stop (): void {
    for (const cancel of [...this.#cancels]) cancel()
    this.#byRound = []
  }

  get #testnet (): Testnet {
    if (this.#begun === undefined) throw new RangeError('the testnet has not begun')
    return this.#begun
  }

  #inflict (fault: PlannedFault): void {
    this.#say(`now: ${this.#sentenceOf(fault)}`)
    const testnet = this.#testnet
    const each = (act: (name: string) => void): void => { if ('peers' in fault) for (const name of this.#names(fault.peers)) act(name) }
    switch (fault.kind) {
      case 'kill': each(name => { this.#end(name, fault.forMs, () => { testnet.kill(name) }) }); return
      case 'crash': each(name => { this.#crash(name, fault.forMs) }); return
      case 'leave': each(name => { this.#end(name, fault.forMs, () => { this.#guard(testnet.leave(name)) }) }); return
      case 'join': each(name => { this.#bring(name) }); return
      case 'pause': each(name => { this.#pause(name, fault.forMs) }); return
      case 'stall': each(name => { this.#in(fault.forMs, this.#stall(name)) }); return
      case 'reset': each(name => { testnet.shapedLinks().reset(name) }); return
      case 'link': each(name => { this.#lines(() => { testnet.relink(name, fault.link) }) }); return
      case 'partition':
        this.#lines(book => { book.partition(fault.sides.map(side => this.#names(side))) })
        if (fault.forMs !== undefined) this.#in(fault.forMs, () => { this.#lines(book => { book.heal() }) })
        return
      case 'heal': this.#lines(book => { book.heal() }); return
      case 'lie': each(name => { testnet.seat(name).lie(fault.attack) }); return
      case 'clockJump': case 'diskFull': throw new RangeError(`${fault.kind} is for the simulator`)
    }
  }

  /** The testnet waits for whoever is to come back. */
  #end (name: string, forMs: number | undefined, end: () => void): void {
    if (forMs !== undefined) this.#in(forMs, () => { this.#bring(name) })
    end()
  }

  /** Its line goes first, so that the others notice by their own patience alone. */
  #crash (name: string, forMs: number | undefined): void {
    const mend = this.#stall(name)
    this.#end(name, forMs, () => { this.#testnet.kill(name) })
    if (forMs !== undefined) this.#in(forMs, mend)
  }

  #pause (name: string, forMs: number): void {
    const seat = this.#testnet.seat(name)
    seat.freeze()
    this.#in(forMs, () => { seat.thaw() })
  }

  /** It may be made to end once more before it is ready: no failure then. */
  #bring (name: string): void {
    const seat = this.#testnet.seat(name)
    this.#guard(this.#testnet.bring(name).catch((error: unknown) => { if (!seat.wasAsked) throw error }))
  }

  /** @returns how its line is whole again */
  #stall (name: string): () => void {
    const release = this.#lines(book => book.stall(name))
    return () => { this.#lines(release) }
  }

  /** Changes the lines, and says so where they could not become what they were to. */
  #lines<T> (change: (book: LinkBook) => T): T {
    const links = this.#testnet.shapedLinks()
    const changed = change(links.book)
    this.#guard(links.settled())
    return changed
  }

  #guard (work: Promise<void>): void {
    const release = this.#testnet.hold()
    work.catch((error: unknown) => {
      this.#undone.add(reasonOf(error))
      this.#say(`that failed: ${reasonOf(error)}`)
    }).finally(release)
  }

  #in (delayMs: number, act: () => void): void {
    const release = this.#testnet.hold()
    const end = (): void => {
      this.#cancels.delete(end)
      cancel()
      release()
    }
    const cancel = wallClock.schedule(delayMs, () => {
      act()
      end()
    })
    this.#cancels.add(end)
  }

  #names (indices: readonly number[]): readonly string[] {
    return indices.flatMap(index => this.#testnet.seats[index]?.name ?? [])
  }

  #sentenceOf (fault: PlannedFault): string {
    if (fault.kind === 'partition') return `partition ${fault.sides.map(side => this.#names(side).join(',')).join(' | ')}`
    if (fault.kind === 'heal') return 'the partition heals'
    const lasting = 'forMs' in fault && fault.forMs !== undefined ? ` for ${fault.forMs / 1000} s` : ''
    return `${fault.kind} ${this.#names(fault.peers).join(', ')}${lasting}${fault.kind === 'lie' ? ` (${fault.attack})` : ''}`
  }
}
