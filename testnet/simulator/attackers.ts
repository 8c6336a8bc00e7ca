import { contributionCodec } from '../../src/averaging/arithmetic/contribution-codec.ts'
import type { Exchange, ExchangeEvents, ExchangeMessage, Peers, Progress } from '../../src/ports.ts'
import { fillGaussian } from '../../src/random/draw.ts'
import type { Words } from '../../src/random/words.ts'

/** What an attacker sends in place of what it has trained, or does to the others' time. The codec is fp32, in which everything can be said. */
export const ATTACK_KINDS = [
  'sign flip', 'a thousandfold', 'NaN', 'constant drift', 'stale replay', 'stale weights', 'copy-cat', 'colluding minority', 'Sybils', 'slow-loris', 'oversized claims', 'malformed payloads', 'gossip flood'
] as const
export type AttackKind = typeof ATTACK_KINDS[number]

type Contribution = Extract<ExchangeMessage, { kind: 'contribution' }>

const CODEC = contributionCodec('fp32')
/** What one constant that is added to every weight is worth; honest replicas here differ by a tenth of it. */
const DRIFT = 0.5
const CLAIMED_TOKENS = 2 ** 31 - 1
const FLOOD = 50

/** What those who collude have agreed on beforehand. */
export interface Conspiracy {
  /** The direction in which all push. */
  readonly direction: Float32Array
  /** What Sybils send, all the same in a round. */
  readonly said: Map<number, Float32Array>
}

/** One attacker's view of the others: honest but for what it says. */
export function attackingPeers (peers: Peers, kind: AttackKind, random: Words, conspiracy: Conspiracy): Peers {
  const memory: Memory = { first: undefined, heard: undefined }
  const corrupt = (exchange: Exchange): Exchange => ({
    partner: exchange.partner,
    close: reason => { exchange.close(reason) },
    send: message => {
      if (message.kind !== 'contribution') exchange.send(message)
      else if (kind !== 'slow-loris') exchange.send(corrupted(message, kind, memory, random, conspiracy))
    }
  })
  const listening = (events: ExchangeEvents): ExchangeEvents => ({
    closed: reason => { events.closed(reason) },
    message: message => {
      if (message.kind === 'contribution') memory.heard = message.payload.slice()
      events.message(message)
    }
  })
  return {
    ...peers,
    openExchange: (partner, events) => corrupt(peers.openExchange(partner, listening(events))),
    onExchange: accept => { peers.onExchange(exchange => listening(accept(corrupt(exchange)))) },
    announce: progress => { announced(progress, kind, random).forEach(said => { peers.announce(said) }) }
  }
}

interface Memory {
  /** The first payload that it sent. */
  first: Uint8Array | undefined
  /** The last one that it got. */
  heard: Uint8Array | undefined
}

function corrupted (message: Contribution, kind: AttackKind, memory: Memory, random: Words, conspiracy: Conspiracy): Contribution {
  memory.first ??= message.payload.slice()
  switch (kind) {
    case 'oversized claims': return { ...message, tokens: CLAIMED_TOKENS }
    case 'stale replay': return { ...message, payload: memory.first.slice() }
    case 'copy-cat': return { ...message, payload: memory.heard?.slice() ?? message.payload }
    case 'NaN': return { ...message, payload: notANumber(message.payload) }
    case 'malformed payloads': return { ...message, payload: Uint8Array.from({ length: 1 + (random.next() & 0xfff) }, () => random.next() & 0xff) }
    case 'slow-loris': case 'gossip flood': return message
    default: {
      const values = kind === 'stale weights' ? valuesOf(memory.first) : valuesOf(message.payload)
      return { ...message, payload: CODEC.send(lied(values, kind, message.round, random, conspiracy), { seed: undefined, spreads: undefined }).message }
    }
  }
}

function lied (values: Float32Array, kind: AttackKind, round: number, random: Words, { direction, said }: Conspiracy): Float32Array {
  switch (kind) {
    case 'sign flip': return values.map(value => -value)
    case 'a thousandfold': return values.map(value => 1000 * value)
    case 'constant drift': return values.map(value => value + DRIFT)
    case 'stale weights': {
      const grain = new Float32Array(values.length)
      fillGaussian(grain, random, 1e-4)
      return values.map((value, at) => value + (grain[at] as number))
    }
    case 'Sybils': {
      const same = said.get(round) ?? values.map((value, at) => value + (direction[at] as number))
      said.set(round, same)
      return same
    }
    default: return values.map((value, at) => value + (direction[at] as number))
  }
}

function announced (progress: Progress, kind: AttackKind, random: Words): readonly Progress[] {
  if (kind === 'oversized claims') return [{ ...progress, round: progress.round + 100_000, step: progress.step + 1_000_000, dueInMs: 1e9, uploadBytesPerSecond: 1e12 }]
  if (kind !== 'gossip flood') return [progress]
  return Array.from({ length: FLOOD }, () => ({ ...progress, round: progress.round + (random.next() & 7), dueInMs: random.next() & 0xffff }))
}

/** Parts of a group are of any length, which their payload does not say. */
function valuesOf (payload: Uint8Array): Float32Array {
  for (let count = Math.floor(payload.length / 4); count > 0; count--) {
    try {
      return CODEC.receive(new Float32Array(count), payload).decoded ?? new Float32Array(count)
    } catch {
      // its header is of some bytes more
    }
  }
  throw new RangeError('this is no payload in fp32')
}

function notANumber (payload: Uint8Array): Uint8Array {
  return payload.map((byte, at) => at >= payload.length - 4 ? 0xff : byte)
}
