import { setTimeout as pause } from 'node:timers/promises'
import { ShoalError } from '../../src/errors.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import { shortId } from '../../src/membership/short-id.ts'
import type { PresentPeer } from '../../src/ports.ts'
import { attestedOffer, decideJoin } from '../../src/spsa/joining.ts'
import type { AttestedOffer, JoinCosts } from '../../src/spsa/joining.ts'
import type { SnapshotOffer } from '../../src/spsa/one-byte-messages.ts'
import type { Adoption } from '../../src/spsa/ledger-start.ts'
import type { ScalarMachine } from '../../src/spsa/scalar-machine.ts'
import { unknownGenesis } from '../peer/unknown-genesis.ts'
import { keyOf, peerOfKey } from './keys.ts'
import type { LinkSpeed } from './link-speed.ts'
import type { SnapshotSeeker } from './snapshot-seeker.ts'

export interface JoinLedgerOptions {
  readonly run: RunManifest
  readonly machine: Pick<ScalarMachine, 'ledger'>
  readonly seeker: SnapshotSeeker
  /** False for a peer that has nothing to begin with: the weights that the run starts from were imported, and are not here. */
  readonly hasWeights: boolean
  readonly costs: Omit<JoinCosts, 'lackedBytes' | 'bytesPerSecond'>
  /** What this peer's link brings, asked only where that decides. @param peerId a member that has the snapshot */
  readonly link: (peerId: string | undefined) => Promise<LinkSpeed>
  /** The step of training that a step of the ledger is of. */
  readonly stepOf: (place: number) => number
  readonly adopt: (adoption: Adoption) => Promise<boolean>
  readonly say: (sentence: string) => void
}

/** Members asked what they have: enough to find two who say the same. */
const MOST_ASKED = 8
/** Who answers first names the others; for so long a second one is waited for, whose word counts beside the first one's. */
const SECOND_MEMBER_MS = 3_000
const LOOK_EVERY_MS = 100
/** Members take a snapshot one after another; for that long they may tell of different ones. */
const ATTEMPTS = 15
const BETWEEN_ATTEMPTS_MS = 2_000

/**
 * For a peer that comes, or comes back: where the others have forgotten bytes that it lacks, or these are more than a snapshot is worth, it goes on from that.
 *
 * @throws ShoalError CHECKPOINT_MISSING where it has nothing to begin with, or cannot make up for what is forgotten
 */
export async function joinLedger (present: () => readonly PresentPeer[], options: JoinLedgerOptions, stop: AbortSignal): Promise<void> {
  const { run, machine, seeker, hasWeights, say } = options
  let offers: ReadonlyMap<string, SnapshotOffer> = new Map()
  for (let attempt = 1; attempt <= ATTEMPTS && present().length > 0; attempt++) {
    if (attempt > 1) await pause(BETWEEN_ATTEMPTS_MS, undefined, { signal: stop })
    const keys = present().slice(0, MOST_ASKED).map(({ peerId }) => keyOf(peerId))
    const told = await seeker.ask(keys, stop)
    // who was heard before and is silent for once makes no only witness of another one; who stays silent does
    offers = attempt === ATTEMPTS ? told : new Map([...[...offers].filter(([key]) => keys.includes(key)), ...told])
    const found = attestedOffer(offers)
    if (found !== undefined && !await isWanted(found, options)) return
    if (attempt === 1 && found?.by.length === 1 && await secondMember(present, stop)) continue
    if (found !== undefined && await seeker.take(found.offer, options.adopt, stop)) return
    if (offers.size > 0) say(`the members that were asked tell of no snapshot that can be had yet, attempt ${attempt} of ${ATTEMPTS}`)
  }
  if (!hasWeights) throw unknownGenesis(run)
  if ([...offers.values()].every(({ heldFrom }) => heldFrom <= machine.ledger.firstStep)) return
  throw new ShoalError({
    code: 'CHECKPOINT_MISSING', what: 'this peer cannot go on from what it has', why: 'the others have forgotten bytes that it lacks, and no snapshot could be had of which two of them tell the same',
    tryThis: 'shoal join again when more members are there'
  })
}

/** Whether somebody else is there before long. */
async function secondMember (present: () => readonly PresentPeer[], stop: AbortSignal): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < SECOND_MEMBER_MS && present().length === 1; waitedMs += LOOK_EVERY_MS) await pause(LOOK_EVERY_MS, undefined, { signal: stop })
  return present().length > 1
}

async function isWanted ({ offer, by }: AttestedOffer, { machine, hasWeights, costs, link, stepOf, say }: JoinLedgerOptions): Promise<boolean> {
  const told = `${by.length} ${by.length === 1 ? 'member' : 'members'} (${by.map(key => shortId(peerOfKey(key))).join(', ')})`
  const { firstStep } = machine.ledger
  const snapshot = `the snapshot at step ${stepOf(offer.step)}, which ${told} told of`
  if (!hasWeights) {
    say(`fetching ${snapshot}: the weights that this run starts from were imported`)
    return true
  }
  if (offer.step <= firstStep) return false
  if (firstStep < offer.heldFrom) {
    say(`fetching ${snapshot}: bytes before step ${stepOf(offer.heldFrom)} are forgotten`)
    return true
  }
  const held = machine.ledger.counted().filter(entry => entry.firstStep >= offer.heldFrom).reduce((sum, { levels }) => sum + levels.length, 0)
  const { bytesPerSecond, told: overLink } = await link(by[0] === undefined ? undefined : peerOfKey(by[0]))
  const decision = decideJoin(offer, { ...costs, bytesPerSecond, lackedBytes: Math.max(0, offer.bytes - held) })
  const [replay, download] = [decision.replaySeconds, decision.snapshotSeconds].map(seconds => `${seconds.toFixed(1)} s`) as [string, string]
  say(`${decision.kind === 'replay' ? `replaying bytes takes about ${replay}; ${snapshot} would take ${download}` : `fetching ${snapshot}, in about ${download}; replaying would take ${replay}`}, ${overLink}`)
  return decision.kind === 'snapshot'
}
