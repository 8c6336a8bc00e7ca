import type { Fault } from '../simulator/simulation-scenario.ts'

/** One kind of disturbance: what happens to a swarm of eight, and who comes later. */
export interface ChurnArm {
  readonly name: string
  readonly what: string
  readonly faults: readonly Fault[]
}

export const PEERS = 8

/** Peers from this index on come in place of those who left, with their data. */
export function predecessorOf (index: number): number {
  return index % PEERS
}

/** A link takes 50 ms: by then the other side has this one's commit, and this one may lack the other's. */
const COMMIT_ON_ITS_WAY_MS = 55

/** What the swarm is exposed to, in shares of the undisturbed run's time. */
export function churnArms (durationMs: number): readonly ChurnArm[] {
  const at = (share: number): { readonly atMs: number } => ({ atMs: share * durationMs })
  const each = <Made>(peers: readonly number[], make: (peer: number) => Made): Made[] => peers.map(make)
  const replaced = (peers: readonly number[], share: number, by: number): Fault[] => [
    ...each(peers, (peer): Fault => ({ ...at(share), kind: 'kill', peer })), ...each(peers, (peer): Fault => ({ ...at(share + 0.01), kind: 'join', peer: peer % PEERS + by }))
  ]
  const away = (kind: 'kill' | 'crash' | 'stop', peers: readonly number[]): Fault[] => peers.flatMap((peer, place): Fault[] => [
    { ...at(0.3 + 0.1 * place), kind, peer }, { ...at(0.4 + 0.1 * place), kind: 'join', peer }
  ])
  const halves = { sides: [[0, 1, 2, 3], [4, 5, 6, 7]] }
  return [
    { name: 'undisturbed', what: 'nothing happens', faults: [] },
    { name: 'leave and return', what: 'three peers stop politely, one after the other, and come back from their own stores', faults: away('stop', [1, 4, 6]) },
    { name: 'killed', what: 'three are killed (SIGKILL, or a trainer that ran out of memory) and come back from their last checkpoints', faults: away('kill', [1, 4, 6]) },
    { name: 'power cut, full disk', what: 'as before, the machines vanish without a word, and the disk of one takes no checkpoint after its first', faults: [{ ...at(0.15), kind: 'diskFull', peer: 4 }, ...away('crash', [1, 4, 6])] },
    { name: 'frozen', what: 'three stand still for a quarter of the run (SIGSTOP), one after the other', faults: [1, 4, 6].flatMap((peer, place): Fault[] => [{ ...at(0.2 + 0.1 * place), kind: 'freeze', peer }, { ...at(0.45 + 0.1 * place), kind: 'thaw', peer }]) },
    { name: 'clock jumps', what: 'clocks of three jump an hour ahead, and back', faults: [1, 4, 6].flatMap((peer, place): Fault[] => [{ ...at(0.2 + 0.1 * place), kind: 'clockJump', peer, byMs: 3_600_000 }, { ...at(0.5 + 0.1 * place), kind: 'clockJump', peer, byMs: -3_600_000 }]) },
    { name: 'commits cut', what: 'the links of each break four times right behind its commit of a round', faults: Array.from({ length: PEERS }, (_, peer) => peer).flatMap(peer => [3, 9, 15, 21].map((round): Fault => ({ inState: 'committing', of: peer, sinceRound: round + peer % 4, laterMs: COMMIT_ON_ITS_WAY_MS, kind: 'reset', peer }))) },
    { name: 'partition', what: 'two halves without each other for half of the run', faults: [{ ...at(0.25), kind: 'partition', ...halves }, { ...at(0.75), kind: 'heal' }] },
    { name: 'half replaced twice', what: 'four of eight are killed and four newcomers join, and later the other four', faults: [...replaced([0, 1, 2, 3], 1 / 3, PEERS), ...replaced([4, 5, 6, 7], 2 / 3, PEERS)] }
  ]
}
