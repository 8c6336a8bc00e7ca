import { methodPreset } from '../../../src/averaging/methods.ts'
import { describeState, initialState, step } from '../../../src/averaging/round-machine.ts'
import type { RoundEffect, RoundEvent, RoundSettings, RoundState } from '../../../src/averaging/round-state.ts'
import type { ExchangeMessage, PresentPeer } from '../../../src/ports.ts'

const settings: RoundSettings = {
  self: 'm', method: methodPreset('noloco', { everySteps: 10, graceMs: 5000 }), fragmentLengths: [3], budgetSteps: 0, seed: 1, minimumPeers: 0, minimumPeersTimeoutMs: 60_000
}

export const peer = (peerId: string, round = 0, training = true): PresentPeer => ({ peerId, round, step: round * 10, training })

type Timed<Event> = Event extends unknown ? Omit<Event, 'nowMs'> : never
export type AnyEvent = Timed<RoundEvent> & { nowMs?: number }

/** A machine that is driven by hand: remembers its state, its time and every effect. */
export class Driven {
  state: RoundState
  nowMs = 0
  effects: RoundEffect[] = []

  constructor (overrides: Partial<RoundSettings> = {}, progress = { round: 0, step: 0, syncedStep: 0 }) {
    this.state = initialState({ ...settings, ...overrides }, progress)
  }

  /** Feeds one event and returns its effects. */
  feed (event: AnyEvent): readonly RoundEffect[] {
    const transition = step(this.state, { ...event, nowMs: this.nowMs })
    this.state = transition.state
    this.effects.push(...transition.effects)
    return transition.effects
  }

  message (exchange: string, partner: string, message: ExchangeMessage): readonly RoundEffect[] {
    return this.feed({ kind: 'message', exchange, partner, message })
  }

  /** Trains to the next boundary, in a second of time. */
  reach (view: readonly PresentPeer[]): readonly RoundEffect[] {
    const { phase } = this.state
    if (phase.name !== 'training') throw new Error(`not training but ${phase.name}`)
    this.nowMs += 1000
    return this.feed({ kind: 'trained', view, outcome: { kind: 'reached', step: phase.untilStep, tokens: 100, meanLoss: 1 } })
  }

  get reason (): string {
    return this.effects.findLast(effect => effect.kind === 'commit')?.decision.reason ?? 'no round'
  }

  get phase (): string { return describeState(this.state).phase }
}

export function started (view: readonly PresentPeer[] = [], overrides: Partial<RoundSettings> = {}): Driven {
  const machine = new Driven(overrides)
  machine.feed({ kind: 'start', view })
  return machine
}

export const contribution = (round: number): ExchangeMessage => ({ kind: 'contribution', round, fragment: 0, tokens: 100, payload: new Uint8Array(3) })
export const kinds = (effects: readonly RoundEffect[]): string[] => effects.map(effect => effect.kind === 'send' ? `send ${effect.message.kind}` : effect.kind)
