import type { Description } from '../../src/averaging/round-machine.ts'
import { counted, formatSeconds } from '../terminal/units.ts'

/** What is known of a peer and its surroundings when somebody asks why it does what it does. */
export interface Circumstances {
  readonly averaging: Description
  /** Whether the method meets anybody at all. */
  readonly trainsAlone: boolean
  readonly pausedForSeconds: number | undefined
  readonly others: number
  readonly othersTraining: number
  /** Whether somebody does not let this peer in. */
  readonly isRefused: boolean
  /** How others come to this peer, in a sentence. */
  readonly reach: string
  readonly addresses: number
  /** What the peer last said that it waits for, if that is newer than its last round. */
  readonly told: string | undefined
}

export interface Situation {
  readonly phase: string
  readonly sentence: string
}

/** One word for what a peer does, and a sentence that says why, and what would change it. */
export function situationOf (it: Circumstances): Situation {
  const { phase, sentence } = it.averaging
  if (it.pausedForSeconds !== undefined && phase !== 'finished') {
    return { phase: 'paused', sentence: `paused for ${formatSeconds(it.pausedForSeconds)}: shoal pause asked for it; the others go on, and shoal resume goes on here` }
  }
  switch (phase) {
    case 'idle': return { phase: 'starting', sentence: it.told ?? 'measuring the loss on held-out data before the first step' }
    case 'waiting': return { phase, sentence: `${sentence}; ${reachability(it)}` }
    case 'training': return { phase, sentence: `${sentence}${companyOf(it)}` }
    case 'finished': return { phase, sentence: it.told === undefined ? sentence : `${sentence}; ${it.told}` }
    default: return { phase, sentence }
  }
}

/** Why the next round will meet nobody, where that is so. */
function companyOf ({ trainsAlone, others, othersTraining, isRefused }: Circumstances): string {
  if (trainsAlone || othersTraining > 0) return ''
  if (others > 0) return `; ${counted(others, 'other')} here, none of them training`
  if (isRefused) return '; alone here, and not let in by others: shoal peers --rejected says why'
  return '; alone here: shoal invite prints the line with which the next peer joins'
}

function reachability ({ reach, others, addresses }: Circumstances): string {
  const listening = `listening on ${addresses === 1 ? '1 address' : `${addresses} addresses`}`
  return others > 0 ? `${listening}; ${reach}` : `${listening}; ${reach}; if somebody tries to join, shoal doctor says what is in the way`
}
