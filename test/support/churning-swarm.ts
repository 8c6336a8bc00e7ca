import { join } from 'node:path'
import type { StampedEvent } from '../../src/events.ts'
import type { RoundRecord } from '../../src/ports.ts'
import { ShoalProcess, shoal, temporaryFolder } from './shoal-process.ts'

type RoundEvent = Extract<StampedEvent, { type: 'round' }>

export interface PeerChoices {
  readonly shard?: number
  readonly environment?: Readonly<Record<string, string>>
}

/** A net for what hangs: minutes of a quiet machine, several times over. */
export const CHURN_TIMEOUT_MS = 1_800_000

/** Processes of one run without an end, in a folder that is gone afterwards: they are killed, frozen, cut off and come back. */
export class ChurningSwarm {
  readonly folder: string
  readonly manifest: string
  readonly #temporary: Awaited<ReturnType<typeof temporaryFolder>>
  /** All processes that ever were. */
  readonly #lives: ShoalProcess[] = []

  private constructor (temporary: Awaited<ReturnType<typeof temporaryFolder>>) {
    this.#temporary = temporary
    this.folder = temporary.path
    this.manifest = join(this.folder, 'churn.run')
  }

  static async make (): Promise<ChurningSwarm> {
    const temporary = await temporaryFolder()
    const swarm = new ChurningSwarm(temporary)
    await shoal(['run', 'create', '--name', 'churn', '--method', 'noloco', '--steps', '0', '--every', '5', '--batch', '1', '--output', swarm.manifest, '--data-dir', join(swarm.folder, 'maker')])
    return swarm
  }

  /** Another life of the peer of this name, or its first. @param source an invite, or the run's file */
  peer (name: string, source: string, { shard = 1, environment = {} }: PeerChoices = {}): ShoalProcess {
    const words = ['join', source, '--json', '--shard', String(shard), '--data-dir', join(this.folder, name), '--listen', '/ip4/127.0.0.1/tcp/0', '--checkpoint-every-seconds', '1']
    const life = new ShoalProcess(words, environment)
    this.#lives.push(life)
    return life
  }

  /** They stop politely, and each ends well. */
  async leave (...peers: readonly ShoalProcess[]): Promise<void> {
    for (const peer of peers) peer.kill('SIGINT')
    for (const { code, stderr } of await Promise.all(peers.map(async peer => peer.finished))) if (code !== 0) throw new Error(`a peer that was asked to leave ended with ${code ?? 'a signal'}: ${stderr}`)
  }

  /**
   * What no fault excuses: a round is committed once in a life, and whoever is counted in another's mean averaged that round too, or says that it is in doubt
   * about it, unless it was killed before it could say anything.
   */
  brokenPromises (): string[] {
    const lives = this.#lives.map(roundsOf)
    return lives.flatMap(({ id, records }) => [
      ...records.filter(({ round, reason }, place) => round <= (records[place - 1]?.round ?? 0) && !reason.includes('ahead of the swarm')).map(({ round }) => `${id} committed round ${round} again`),
      ...records.filter(({ outcome }) => outcome === 'averaged').flatMap(({ round, members }) => members.flatMap(member => {
        const told = lives.filter(other => other.id === member).flatMap(other => other.records.filter(record => record.round === round))
        return told.length === 0 || told.some(({ outcome, reason }) => outcome === 'averaged' || reason.includes('in doubt')) ? [] : [`${id} counted ${member} in round ${round}, who says: ${told[0]?.reason ?? ''}`]
      }))
    ])
  }

  async stop (): Promise<void> {
    for (const life of this.#lives) life.kill('SIGKILL')
    await Promise.all(this.#lives.map(async life => life.finished))
  }

  /** Once nobody writes there any more. */
  async remove (): Promise<void> { await this.#temporary.remove() }

  async close (): Promise<void> {
    await this.stop()
    await this.remove()
  }
}

/** The next round that this peer averages, with one of these if any are named, and that ends after this moment. */
export async function nextAveraged (peer: ShoalProcess, among?: readonly string[]): Promise<RoundEvent> {
  const after = peer.events.at(-1)?.sequence ?? 0
  return peer.event('round', ({ sequence, record: { outcome, members } }) => sequence > after && outcome === 'averaged' && (among === undefined || members.some(member => among.includes(member))))
}

export const idOf = async (peer: ShoalProcess): Promise<string> => (await peer.event('started')).peerId

function roundsOf ({ events }: ShoalProcess): { readonly id: string | undefined, readonly records: readonly RoundRecord[] } {
  return {
    id: events.flatMap(event => event.type === 'started' ? [event.peerId] : [])[0],
    records: events.flatMap(event => event.type === 'round' ? [event.record] : [])
  }
}
