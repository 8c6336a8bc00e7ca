import type { Codec } from '../../compression/codec.ts'
import type { Part, PartContribution, PartMean, RoundPlan } from '../frame.ts'
import type { CodecFamily } from './part-codec.ts'
import { decodeAll, drawsAlike, encodeOwn, sharedSeed } from './part-codec.ts'
import { joinPayload, referenceFingerprint, splitPayload } from './payload.ts'
import { refusal, refuseExtremes, refuseTokens } from './refusal.ts'
import { tokenShares } from './token-weights.ts'
import { add, distance, minus, norm, weightedCorrection, weightedSum } from './vectors.ts'

/** One vector that a fragment's members average. */
export interface Channel {
  /** This peer's own, as long as the fragment. */
  readonly values: Float32Array
  readonly codecs: CodecFamily
  /** What this peer, as an owner, still owes the group: rounding that earlier means lost. */
  readonly owed: Float32Array | undefined
}

interface Vectors {
  readonly tokens: number
  /** Decoded, one a channel. */
  readonly values: readonly Float32Array[]
}

interface PartState {
  readonly part: Part
  /** The payload is `unsent` until it is handed on: whoever sends it has the only copy. */
  own?: Vectors & { unsent: Uint8Array | undefined, readonly bytes: number }
  readonly received: Map<string, Vectors>
  /** Decoded, as every member has it; for an owned part with what its encoding lost. */
  mean?: PartMean & { readonly values: readonly Float32Array[], readonly lost?: readonly Float32Array[] }
}

/** What a part brought: the mean, who is in it, and the mean less what this peer's own contribution decodes to. */
export interface LandedPart {
  readonly part: Part
  /** Ids of all who are in the mean. */
  readonly members: readonly string[]
  readonly includesSelf: boolean
  /** What this peer's own contribution decodes to, one vector a channel. */
  readonly own: readonly Float32Array[]
  mean (channel: number): Float32Array
  /** mean − Q(own), for the one who lands the part to write over. */
  correction (channel: number): Float32Array
  /** ‖correction‖ of the first channel, before it is written over. */
  correctionNorm (): number
  /** The others' mean less Q(own), over the correction. */
  readonly othersOverCorrection: number
  /** Mean − what it decodes to, where this peer reduced it: what it owes from now on. */
  readonly lost: readonly Float32Array[] | undefined
}

/** What encoding this peer's own contribution cost. */
export interface EncodingFigures {
  /** ‖x − Q(x)‖ / ‖x‖ of what was sent; 0 for a codec that loses nothing. */
  readonly error: number
  /** Of everything that was sent, headers and entropy coder's tables included. */
  readonly bitsPerValue: number
}

/** The error is measured on so many values at most, evenly spread: a round holds the peer's thread, and more would tell nothing new. */
const MEASURED_VALUES = 65_536

export interface ExchangeOptions {
  readonly self: string
  readonly plan: RoundPlan
  readonly channels: readonly Channel[]
  /** Of the run. */
  readonly seed: number
  /** Slow weights that the group shares, as long as the fragment. */
  readonly reference?: Float32Array
}

/**
 * The vectors of one round on their way: encodes ours, decodes theirs, takes means. Sums go in order of the members' ids, so the order of arrival changes
 * no bit. An owner adds what its earlier means lost to the next one and keeps what this one loses (the server's side of DoubleSqueeze,
 * arXiv 1905.05957): over the rounds the group's mean is exact.
 */
export class FragmentExchange {
  readonly #options: ExchangeOptions
  readonly #parts: readonly PartState[]
  readonly #strangers = new Set<string>()

  constructor (options: ExchangeOptions) {
    this.#options = options
    this.#parts = options.plan.parts.map(part => ({ part, received: new Map() }))
  }

  /** Whether anything was encoded or received. */
  get hasBegun (): boolean {
    return this.#parts.some(({ own, received, mean }) => own !== undefined || received.size > 0 || mean !== undefined)
  }

  /** Members whose slow weights are others than this peer's. */
  get strangers (): readonly string[] {
    return [...this.#strangers].sort()
  }

  contribution (part: number): PartContribution {
    const state = this.#stateOf(part)
    const own = this.#ownOf(state, part)
    const { rung = 0 } = this.#options.plan
    const payload = own.unsent ?? this.#encodeOwn(state, part).unsent
    own.unsent = undefined
    return { payload, tokens: own.tokens, ...rung === 0 ? {} : { rung } }
  }

  receive (part: number, member: string, { tokens, payload, rung = 0 }: PartContribution): boolean {
    const state = this.#stateOf(part)
    const isWanted = this.#reduces(state) && state.mean === undefined && !state.received.has(member)
    if (!isWanted || member === this.#options.self || !this.#options.plan.members.includes(member)) return false
    refuseTokens(tokens)
    const values = this.#decoded(state, payload, member, channel => this.#codecOn(rung, channel))
    state.received.set(member, { tokens, values })
    return true
  }

  reduced (part: number): PartMean {
    const state = this.#stateOf(part)
    if (state.part.owner !== this.#options.self) throw new RangeError(`part ${part} belongs to ${state.part.owner ?? 'everyone'}`)
    state.mean ??= this.#reduce(state, part)
    return { payload: state.mean.payload, members: state.mean.members }
  }

  accept (part: number, { payload, members }: PartMean): boolean {
    const state = this.#stateOf(part)
    const { self, plan } = this.#options
    const { owner } = state.part
    if (owner === undefined || owner === self || state.mean !== undefined) return false
    const isGroup = members.includes(owner) && new Set(members).size === members.length && members.every(member => plan.members.includes(member))
    if (!isGroup) throw refusal(`its ${members.length} members are not of this group`)
    const values = this.#decoded(state, payload, owner, ({ codecs }) => codecs.mean(members.length))
    state.mean = { payload, members, values }
    return true
  }

  /** Of what this peer has encoded so far; undefined before that. */
  encoding (): EncodingFigures | undefined {
    const sent = this.#parts.flatMap(({ part, own }) => own === undefined ? [] : [{ part, own }])
    const values = sent.reduce((sum, { part }) => sum + part.end - part.start, 0)
    if (values === 0) return undefined
    const stride = Math.ceil(values / MEASURED_VALUES)
    const errors = sent.flatMap(({ part: { start, end }, own }) => this.#options.channels.map((channel, index) =>
      squaredError(channel.values.subarray(start, end), own.values[index] as Float32Array, stride)))
    const lost = errors.reduce((sum, error) => sum + error.lost, 0)
    const whole = errors.reduce((sum, error) => sum + error.whole, 0)
    const bytes = sent.reduce((sum, { own }) => sum + own.bytes, 0)
    return { error: lost === 0 ? 0 : Math.sqrt(lost / whole), bitsPerValue: 8 * bytes / (values * this.#options.channels.length) }
  }

  /** The part as it stands; undefined where nothing has landed. */
  landed (part: number): LandedPart | undefined {
    const state = this.#stateOf(part)
    if (state.mean !== undefined) return this.#landedMean(state, part, state.mean)
    return state.part.owner === undefined && state.received.size > 0 ? this.#landedDirectly(state, part) : undefined
  }

  #landedMean (state: PartState, part: number, mean: NonNullable<PartState['mean']>): LandedPart {
    const own = this.#ownOf(state, part).values
    return {
      part: state.part,
      members: mean.members,
      includesSelf: mean.members.includes(this.#options.self),
      own,
      mean: channel => mean.values[channel] as Float32Array,
      correction: channel => minus(mean.values[channel] as Float32Array, own[channel] as Float32Array),
      correctionNorm: () => distance(mean.values[0] as Float32Array, own[0] as Float32Array),
      // Shares are known to the owner alone; equal ones are close enough for a measurement.
      othersOverCorrection: mean.members.includes(this.#options.self) ? mean.members.length / Math.max(1, mean.members.length - 1) : 1,
      lost: mean.lost
    }
  }

  #landedDirectly (state: PartState, part: number): LandedPart {
    const { members, shares, vectors } = this.#gathered(state, part)
    const own = this.#ownOf(state, part).values
    const correction = remembered(channel => weightedCorrection(vectors.map(values => values[channel] as Float32Array), shares, own[channel] as Float32Array))
    return {
      part: state.part,
      members,
      includesSelf: true,
      own,
      mean: channel => weightedSum(vectors.map(values => values[channel] as Float32Array), shares),
      correction,
      correctionNorm: () => norm(correction(0)),
      othersOverCorrection: 1 / (1 - (shares[members.indexOf(this.#options.self)] as number)),
      lost: undefined
    }
  }

  #reduce (state: PartState, part: number): NonNullable<PartState['mean']> {
    const { members, shares, vectors } = this.#gathered(state, part)
    const { start, end } = state.part
    const due = this.#options.channels.map(({ owed }, channel) => {
      const mean = weightedSum(vectors.map(values => values[channel] as Float32Array), shares)
      if (owed !== undefined) add(mean, 1, owed.subarray(start, end))
      return mean
    })
    const codecs = this.#options.channels.map(channel => channel.codecs.mean(members.length))
    const encodings = due.map((values, channel) => encodeOwn(codecs[channel] as Codec, values, this.#seedOf(channel, part)))
    const values = encodings.map((bytes, channel) => decodeAll(codecs[channel] as Codec, bytes, end - start))
    const lost = due.map((exact, channel) => minus(exact, values[channel] as Float32Array))
    return { payload: joinPayload(encodings, this.#referenceOf(state)), members, values, lost }
  }

  /** Everyone's vectors in order of id, this peer's among them, with their shares of the mean. */
  #gathered (state: PartState, part: number): { readonly members: readonly string[], readonly shares: readonly number[], readonly vectors: ReadonlyArray<readonly Float32Array[]> } {
    const all = new Map<string, Vectors>(state.received).set(this.#options.self, this.#ownOf(state, part))
    const members = [...all.keys()].sort()
    const inOrder = members.map(member => all.get(member) as Vectors)
    return { members, shares: tokenShares(inOrder.map(({ tokens }) => tokens)), vectors: inOrder.map(({ values }) => values) }
  }

  #ownOf (state: PartState, part: number): NonNullable<PartState['own']> {
    state.own ??= this.#encodeOwn(state, part)
    return state.own
  }

  #encodeOwn (state: PartState, part: number): NonNullable<PartState['own']> & { unsent: Uint8Array } {
    const { channels, plan } = this.#options
    const { start, end } = state.part
    const codecs = channels.map(channel => this.#codecOn(plan.rung ?? 0, channel))
    const encodings = channels.map(({ values }, channel) => encodeOwn(codecs[channel] as Codec, values.subarray(start, end), this.#seedOf(channel, part)))
    const values = codecs.map((codec, channel) => decodeAll(codec, encodings[channel] as Uint8Array, end - start))
    const payload = joinPayload(encodings, this.#referenceOf(state))
    return { tokens: plan.tokens, unsent: payload, bytes: payload.length, values }
  }

  #decoded (state: PartState, payload: Uint8Array, sender: string, codecOf: (channel: Channel) => Codec): readonly Float32Array[] {
    const { channels } = this.#options
    const ours = this.#referenceOf(state)
    const { encodings, reference } = splitPayload(payload, channels.length, ours !== undefined)
    if (reference !== ours) {
      this.#strangers.add(sender)
      throw refusal('its deltas are against other slow weights than ours')
    }
    return channels.map((channel, index) => {
      const values = decodeAll(codecOf(channel), encodings[index] as Uint8Array, state.part.end - state.part.start)
      refuseExtremes(values)
      return values
    })
  }

  /** The ladder is that of the values; momentum beside them keeps its one codec. @throws ShoalError CODEC_CORRUPT */
  #codecOn (rung: number, channel: Channel): Codec {
    const [values] = this.#options.channels
    return channel.codecs.onRung(channel === values ? rung : 0)
  }

  #referenceOf ({ part }: PartState): number | undefined {
    return this.#options.reference === undefined ? undefined : referenceFingerprint(this.#options.reference.subarray(part.start, part.end))
  }

  #seedOf (channel: number, part: number): number | undefined {
    const { channels, seed, plan } = this.#options
    return drawsAlike((channels[channel] as Channel).codecs.spec) ? sharedSeed(seed, plan.round, plan.fragment, part) : undefined
  }

  #reduces ({ part }: PartState): boolean {
    return part.owner === undefined || part.owner === this.#options.self
  }

  #stateOf (part: number): PartState {
    const state = this.#parts[part]
    if (state === undefined) throw new RangeError(`there is no part ${part} among ${this.#parts.length}`)
    return state
  }
}

/** Works a channel's vector out once. */
function remembered (vectorOf: (channel: number) => Float32Array): (channel: number) => Float32Array {
  const known: Float32Array[] = []
  return channel => known[channel] ??= vectorOf(channel)
}

/** Sums of squares of every `stride`-th value and of what its decoding is off by. */
function squaredError (values: Float32Array, decoded: Float32Array, stride: number): { readonly lost: number, readonly whole: number } {
  let lost = 0
  let whole = 0
  for (let index = 0; index < values.length; index += stride) {
    const value = values[index] as number
    lost += (value - (decoded[index] as number)) ** 2
    whole += value ** 2
  }
  return { lost, whole }
}
