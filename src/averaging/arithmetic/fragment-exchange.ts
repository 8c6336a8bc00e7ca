import type { Codec } from '../../compression/codec.ts'
import { learnedSpreads } from '../../compression/spreads.ts'
import type { Repeats } from '../../trust/repeats.ts'
import type { RobustRule } from '../../trust/robust-rule.ts'
import type { Part, PartContribution, PartMean, RoundPlan } from '../frame.ts'
import type { Arriving, Channel, Vectors } from './channel.ts'
import { decodeAll, encodeOwn } from './contribution-codec.ts'
import type { ContributionCodec, Sending } from './contribution-codec.ts'
import { encodingFigures } from './encoding-figures.ts'
import type { EncodingFigures } from './encoding-figures.ts'
import type { LandedPart } from './landed-part.ts'
import { sharedSeed } from './part-codec.ts'
import { joinPayload, referenceFingerprint, splitPayload } from './payload.ts'
import { refusal, refuseExtremes, refuseTokens } from './refusal.ts'
import { Skeptic } from './skeptic.ts'
import { tokenShares } from './token-weights.ts'
import { add, cut, distance, minus, norm, weightedCorrection, weightedSum } from './vectors.ts'

interface PartState {
  readonly part: Part
  /** The payload is `unsent` until it is handed on: whoever sends it has the only copy. */
  own?: Vectors & { unsent: Uint8Array | undefined, readonly bytes: number, readonly sendings: readonly Sending[] }
  readonly arriving: Map<string, Arriving>
  readonly received: Map<string, Vectors>
  /** Decoded, as every member has it; for an owned part with what its encoding lost. */
  mean?: PartMean & { readonly values: readonly Float32Array[], readonly lost?: readonly Float32Array[] }
}

export interface ExchangeOptions {
  readonly self: string
  readonly plan: RoundPlan
  readonly channels: readonly Channel[]
  /** Of the run. */
  readonly seed: number
  /** Slow weights that the group shares, as long as the fragment. */
  readonly reference?: Float32Array
  /** How contributions become one; their mean by tokens when left out. */
  readonly robust?: RobustRule | undefined
  /** What was sent and received in rounds before; nobody is asked whether it repeats any where that is left out. */
  readonly repeats?: Repeats | undefined
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
  readonly #skeptic: Skeptic

  constructor (options: ExchangeOptions) {
    this.#options = options
    this.#skeptic = new Skeptic(options.robust ?? 'mean', options.channels, options.repeats, options.plan.round)
    this.#parts = options.plan.parts.map(part => ({ part, arriving: new Map(), received: new Map() }))
  }

  /** Whether anything was encoded or received. */
  get hasBegun (): boolean {
    return this.#parts.some(({ own, arriving, received, mean }) => own !== undefined || arriving.size > 0 || received.size > 0 || mean !== undefined)
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
    const isWanted = this.#reduces(state) && state.mean === undefined && !state.received.has(member) && !state.arriving.has(member)
    if (!isWanted || member === this.#options.self || !this.#options.plan.members.includes(member)) return false
    refuseTokens(tokens)
    this.#skeptic.refuseRepeat(member, payload, tokens)
    const { start, end } = state.part
    const encodings = this.#encodingsIn(state, payload, member)
    const channels = this.#options.channels.map((channel, index) => this.#codecOn(rung, channel).receive(cut(channel.values, start, end), encodings[index] as Uint8Array))
    return this.#arrived(state, member, { tokens, channels })
  }

  /** What to ask a member for whose contribution cannot be decoded as it is; undefined where nothing is missing. */
  wanting (part: number, member: string): Uint8Array | undefined {
    const arriving = this.#stateOf(part).arriving.get(member)
    return arriving === undefined ? undefined : joinPayload(arriving.channels.map(receiving => receiving.request() ?? NOTHING), undefined)
  }

  /** Answers a member to which this peer's contribution was not enough. @throws ShoalError CODEC_CORRUPT */
  widening (part: number, request: Uint8Array): Uint8Array {
    const { sendings } = this.#ownOf(this.#stateOf(part), part)
    const { encodings } = splitPayload(request, sendings.length, false)
    return joinPayload(sendings.map((sending, channel) => answered(sending, encodings[channel] as Uint8Array)), undefined)
  }

  /** Takes such an answer. @returns whether the contribution counts now @throws ShoalError CODEC_CORRUPT */
  widen (part: number, member: string, payload: Uint8Array): boolean {
    const state = this.#stateOf(part)
    const arriving = state.arriving.get(member)
    if (arriving === undefined) return false
    const { encodings } = splitPayload(payload, arriving.channels.length, false)
    arriving.channels.forEach((receiving, channel) => { if (receiving.decoded === undefined) receiving.widen(encodings[channel] as Uint8Array) })
    return this.#arrived(state, member, arriving)
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
    const encodings = this.#encodingsIn(state, payload, owner)
    const values = this.#options.channels.map(({ codecs }, channel) => decodeAll(codecs.mean(members.length), encodings[channel] as Uint8Array, state.part.end - state.part.start))
    values.forEach(refuseExtremes)
    this.#skeptic.refuseFarMean(state.part, values)
    state.mean = { payload, members, values }
    return true
  }

  /** Of what this peer has encoded so far; undefined before that. */
  encoding (): EncodingFigures | undefined {
    const { channels } = this.#options
    const vectors = this.#parts.flatMap(({ part: { start, end }, own }) => own === undefined ? [] : channels.map(({ values }, channel) =>
      ({ values: cut(values, start, end), decoded: own.values[channel] as Float32Array })))
    return encodingFigures(vectors, this.#parts.reduce((sum, { own }) => sum + (own?.bytes ?? 0), 0))
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
      correction: channel => this.#skeptic.clipped(minus(mean.values[channel] as Float32Array, own[channel] as Float32Array), channel),
      correctionNorm: () => distance(mean.values[0] as Float32Array, own[0] as Float32Array),
      // Shares are known to the owner alone; equal ones are close enough for a measurement.
      othersOverCorrection: mean.members.includes(this.#options.self) ? mean.members.length / Math.max(1, mean.members.length - 1) : 1,
      lost: mean.lost,
      spreads: []
    }
  }

  #landedDirectly (state: PartState, part: number): LandedPart {
    const { members, shares, vectors } = this.#gathered(state, part)
    const own = this.#ownOf(state, part).values
    const plain = remembered(channel => weightedCorrection(vectors.map(values => values[channel] as Float32Array), shares, own[channel] as Float32Array))
    const correction = remembered(channel => this.#skeptic.clipped(plain(channel), channel, shares[members.indexOf(this.#options.self)]))
    return {
      part: state.part,
      members,
      includesSelf: true,
      own,
      mean: channel => weightedSum(vectors.map(values => values[channel] as Float32Array), shares),
      correction,
      correctionNorm: () => norm(plain(0)),
      othersOverCorrection: 1 / (1 - (shares[members.indexOf(this.#options.self)] as number)),
      lost: undefined,
      spreads: this.#spreadsAfter(state)
    }
  }

  #spreadsAfter ({ part, received }: PartState): ReadonlyArray<Float32Array | undefined> {
    return this.#options.channels.map(({ codecs, spreads, values }, channel) => {
      const { block } = codecs.contribution
      let known = spreads
      for (const { spreads: measured } of received.values()) {
        const distances = measured?.[channel]
        const isAlike = block !== undefined && distances?.length === Math.ceil((part.end - part.start) / block)
        if (isAlike) known = learnedSpreads(known, distances, values.subarray(part.start, part.end), block)
      }
      return known
    })
  }

  #reduce (state: PartState, part: number): NonNullable<PartState['mean']> {
    const { members, shares, vectors } = this.#gathered(state, part)
    const { start, end } = state.part
    const due = this.#options.channels.map(({ owed }, channel) => {
      const mean = this.#skeptic.meanOf(vectors.map(values => values[channel] as Float32Array), shares, members.indexOf(this.#options.self), channel)
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
    const sendings = channels.map((channel, index) => {
      const { values, spreads, moved } = channel
      return this.#codecOn(plan.rung ?? 0, channel).send(cut(values, start, end), { seed: this.#seedOf(index, part), spreads, moved })
    })
    const payload = joinPayload(sendings.map(({ message }) => message), this.#referenceOf(state))
    this.#skeptic.sent(payload)
    return { tokens: plan.tokens, unsent: payload, bytes: payload.length, sendings, values: sendings.map(({ decoded }) => decoded) }
  }

  /** Keeps a contribution that is here: with those received once every vector of it is decoded. */
  #arrived (state: PartState, member: string, arriving: Arriving): boolean {
    const { tokens, channels } = arriving
    const values = channels.flatMap(({ decoded }) => decoded ?? [])
    if (values.length < channels.length) {
      state.arriving.set(member, arriving)
      return false
    }
    state.arriving.delete(member)
    values.forEach(refuseExtremes)
    this.#skeptic.refuseFar(state.part, member, values)
    state.received.set(member, { tokens, values, spreads: channels.map(({ spreads }) => spreads) })
    return true
  }

  #encodingsIn (state: PartState, payload: Uint8Array, sender: string): readonly Uint8Array[] {
    const ours = this.#referenceOf(state)
    const { encodings, reference } = splitPayload(payload, this.#options.channels.length, ours !== undefined)
    if (reference === ours) return encodings
    this.#strangers.add(sender)
    throw refusal('its deltas are against other slow weights than ours', 'none')
  }

  /** The ladder is that of the values; momentum beside them keeps its one codec. @throws ShoalError CODEC_CORRUPT */
  #codecOn (rung: number, channel: Channel): ContributionCodec {
    const [values] = this.#options.channels
    return channel.codecs.onRung(channel === values ? rung : 0)
  }

  #referenceOf ({ part }: PartState): number | undefined {
    return this.#options.reference === undefined ? undefined : referenceFingerprint(this.#options.reference.subarray(part.start, part.end))
  }

  #seedOf (channel: number, part: number): number | undefined {
    const { channels, seed, plan } = this.#options
    return (channels[channel] as Channel).codecs.drawsAlike ? sharedSeed(seed, plan.round, plan.fragment, part) : undefined
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

const NOTHING = new Uint8Array(0)

/** Channels of which nothing is missing are not asked about. */
function answered (sending: Sending, request: Uint8Array): Uint8Array {
  return request.length === 0 ? NOTHING : sending.widening(request)
}

/** Works a channel's vector out once. */
function remembered (vectorOf: (channel: number) => Float32Array): (channel: number) => Float32Array {
  const known: Float32Array[] = []
  return channel => known[channel] ??= vectorOf(channel)
}
