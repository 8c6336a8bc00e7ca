import { setMaxListeners } from 'node:events'
import { multiaddr } from '@multiformats/multiaddr'
import type { Connection, Libp2p } from '@libp2p/interface'
import { reasonOf } from '../../src/errors.ts'
import { unspoken } from './addresses.ts'
import { DIAL_TIMEOUT_MS, PARALLEL_DIALS } from './constants.ts'
import type { DialPlan, DialTarget } from './dial-plan.ts'

/** What came of a dial; `denied` when this peer's own limits kept it from being made, which says nothing of the other one. */
export type DialEnd = 'connected' | 'failed' | 'denied'

export interface DialerOptions {
  readonly node: Libp2p
  readonly plan: DialPlan
  readonly nowMs: () => number
  /** How many more peers this one wants to dial. */
  readonly wanted: () => number
  /** Told of every connection that a dial came to, whether it is new or was there. */
  readonly onDialled: (connection: Connection) => void
  /** Told when an entry address fails for the first time in a row. */
  readonly onUnreachable: (target: DialTarget, reason: string) => void
  /** Told when a dial has ended. */
  readonly onEnded: (target: DialTarget, end: DialEnd) => void
}

/** Carries out a `DialPlan`: one timer, a few dials at a time, until it is stopped. */
export class Dialer {
  readonly #options: DialerOptions
  readonly #stopped = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  readonly #complained = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor (options: DialerOptions) {
    this.#options = options
    setMaxListeners(Infinity, this.#stopped.signal)
  }

  /** Dials what is due, and sets the timer for what comes next. Call whenever the plan has changed. */
  wake (): void {
    if (this.#stopped.signal.aborted) return
    clearTimeout(this.#timer)
    const { plan, nowMs, wanted } = this.#options
    const room = Math.min(PARALLEL_DIALS, wanted()) - this.#underWay.size
    for (const target of plan.takeDue(nowMs(), room)) this.#start(target)
    // with no room the end of a dial, or of a membership, wakes us
    const waitMs = plan.nextDueMs() - nowMs()
    if (room > 0 && Number.isFinite(waitMs)) this.#timer = setTimeout(() => { this.wake() }, Math.max(0, waitMs))
  }

  /** Dials one now, planned or not; false while as many dials as may be are under way. */
  dial (target: DialTarget): boolean {
    if (this.#stopped.signal.aborted || this.#underWay.size >= PARALLEL_DIALS) return false
    this.#start(target)
    return true
  }

  async stop (): Promise<void> {
    this.#stopped.abort(new Error('this peer stops'))
    clearTimeout(this.#timer)
    await Promise.allSettled(this.#underWay)
  }

  #start (target: DialTarget): void {
    const dial = this.#dial(target).then(end => {
      this.#underWay.delete(dial)
      if (this.#stopped.signal.aborted) return
      this.#options.onEnded(target, end)
      this.wake()
    })
    this.#underWay.add(dial)
  }

  async #dial (target: DialTarget): Promise<DialEnd> {
    const { node, plan, nowMs, onDialled, onUnreachable } = this.#options
    try {
      const connection = await dialAny(node, target.addresses, this.#stopped.signal)
      this.#complained.delete(target.key)
      plan.connected(target.key, connection.remotePeer.toString())
      onDialled(connection)
      return 'connected'
    } catch (error) {
      const end = error instanceof Error && error.name === 'DialDeniedError' ? 'denied' : 'failed'
      if (this.#stopped.signal.aborted) return end
      plan.failed(target.key, nowMs())
      if (!target.entry || this.#complained.has(target.key)) return end
      this.#complained.add(target.key)
      onUnreachable(target, end === 'denied' ? 'this peer dialled it, or others, too often of late' : reasonOf(error))
      return end
    }
  }
}

/**
 * Dials the addresses of one peer, whichever answers first.
 *
 * @throws when none answers, or none is an address
 */
export async function dialAny (node: Pick<Libp2p, 'dial'>, addresses: readonly string[], signal: AbortSignal): Promise<Connection> {
  const [first] = addresses
  const why = addresses.length === 1 && first !== undefined ? unspoken(first) : undefined
  if (why !== undefined) throw new Error(why)
  const timeout = new AbortController()
  const timer = setTimeout(() => { timeout.abort(new Error(`no answer within ${DIAL_TIMEOUT_MS / 1000} s`)) }, DIAL_TIMEOUT_MS)
  try {
    return await node.dial(addresses.map(address => multiaddr(address)), { signal: AbortSignal.any([signal, timeout.signal]) })
  } finally {
    clearTimeout(timer)
  }
}
