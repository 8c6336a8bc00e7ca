import { idTail } from '../../src/membership/short-id.ts'
import type { PresentPeer, RoundRecord } from '../../src/ports.ts'
import { ThinnedList } from './thinned-list.ts'
import type { CoursePoint, Meeting, OwnRound, SwarmAnswer } from './swarm-schema.ts'

/** Points of a peer's course: more than a chart is wide in letters, few enough to be sent every second. */
const COURSE_POINTS = 240
/** Peers whose courses are kept; those that left first are forgotten first. */
const REMEMBERED_PEERS = 64
/** Meetings for the live graph: some rounds of a full swarm. */
const REMEMBERED_MEETINGS = 128
const OWN_ROUNDS = 400

/** What a peer tells of itself. */
export interface SeenPeer extends Pick<PresentPeer, 'peerId' | 'round' | 'step' | 'training'> {
  readonly loss: number
  readonly tokensPerSecond: number
  readonly met?: readonly string[] | undefined
}

interface Course {
  readonly points: ThinnedList<CoursePoint>
  present: boolean
  training: boolean
  tokensPerSecond: number
  round: number
}

/** What this peer has seen of the swarm, in little room whatever the run's length: the page draws it. */
export class SwarmHistory {
  readonly #self: string
  readonly #nowMs: () => number
  readonly #courses = new Map<string, Course>()
  readonly #meetings: Meeting[] = []
  readonly #rounds = new ThinnedList<OwnRound>(OWN_ROUNDS)

  constructor (self: string, nowMs: () => number = Date.now) {
    this.#self = self
    this.#nowMs = nowMs
    this.#courseOf(self)
  }

  /** Takes in who is here now, and how far. */
  look (members: readonly SeenPeer[]): void {
    const here = new Set(members.map(({ peerId }) => peerId))
    for (const [peerId, course] of this.#courses) course.present = peerId === this.#self || here.has(peerId)
    for (const member of members) this.#see(member, members)
    this.#forget()
  }

  /** Takes in a round of this peer's own. */
  own (record: RoundRecord, tokensPerSecond: number): void {
    const { round, step, outcome, reason, members, waitedMs, payloadBytesSent } = record
    const atMs = this.#nowMs()
    this.#advance(this.#self, { round, step, loss: record.loss, training: true, tokensPerSecond })
    this.#rounds.push({
      atMs, round, step, outcome, reason, members: [...members], waitedMs, payloadBytesSent,
      spread: orNull(record.spread), codecError: orNull(record.codecError), bitsPerValue: orNull(record.bitsPerValue)
    })
    if (members.length > 1) this.#met(round, members)
  }

  answer (): Pick<SwarmAnswer, 'self' | 'nowMs' | 'peers' | 'meetings' | 'rounds'> {
    return {
      self: this.#self,
      nowMs: this.#nowMs(),
      peers: [...this.#courses].map(([peerId, { points, present, training, tokensPerSecond }]) => ({
        peerId, present, training, tokensPerSecond: orNull(tokensPerSecond), course: [...points.items]
      })),
      meetings: [...this.#meetings],
      rounds: [...this.#rounds.items]
    }
  }

  #see (member: SeenPeer, members: readonly SeenPeer[]): void {
    const { peerId, met = [], round } = member
    const isNew = this.#advance(peerId, member)
    if (!isNew || met.length === 0) return
    const everyone = [this.#self, ...members.map(other => other.peerId)]
    const partners = met.flatMap(tail => everyone.filter(other => other !== peerId && idTail(other) === tail))
    if (partners.length > 0) this.#met(round, [peerId, ...partners])
  }

  /** Whether the peer is in a round that was not known. */
  #advance (peerId: string, { round, step, loss, training, tokensPerSecond }: Omit<SeenPeer, 'peerId'>): boolean {
    const course = this.#courseOf(peerId)
    course.training = training
    course.tokensPerSecond = tokensPerSecond
    if (round <= course.round) return false
    course.round = round
    course.points.push({ atMs: this.#nowMs(), round, step, loss: orNull(loss) })
    return true
  }

  /** All sides of a meeting tell of it, in a large group each of some of the others; it is one. */
  #met (round: number, ids: readonly string[]): void {
    const members = [...new Set(ids)].sort()
    const known = this.#meetings.find(meeting => meeting.round === round && meeting.members.filter(member => members.includes(member)).length > 1)
    if (known !== undefined) {
      for (const member of members) if (!known.members.includes(member)) known.members.push(member)
      return
    }
    this.#meetings.push({ round, atMs: this.#nowMs(), members })
    if (this.#meetings.length > REMEMBERED_MEETINGS) this.#meetings.shift()
  }

  #courseOf (peerId: string): Course {
    const found = this.#courses.get(peerId)
    if (found !== undefined) return found
    const course: Course = { points: new ThinnedList(COURSE_POINTS), present: true, training: false, tokensPerSecond: NaN, round: 0 }
    this.#courses.set(peerId, course)
    return course
  }

  #forget (): void {
    for (const [peerId, { present }] of this.#courses) {
      if (this.#courses.size <= REMEMBERED_PEERS) return
      if (!present) this.#courses.delete(peerId)
    }
  }
}

/** JSON has no NaN. */
function orNull (value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value
}
