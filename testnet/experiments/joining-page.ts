import { LONGEST_QUEUE_MS } from '../../src/transfer/pull-window.ts'
import type { ProbeTimes } from './joining-probe.ts'
import type { WatchedJoining } from './joining-watch.ts'

export interface JoiningResult extends WatchedJoining {
  readonly command: string
  readonly setup: string
  readonly stateBytes: number
  readonly megabits: number
  readonly oneWayMs: number
  readonly probe: ProbeTimes
}

function ms (values: readonly number[], share: number): string {
  const sorted = [...values].sort((one, other) => one - other)
  return `${Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN)} ms`
}

/** The page of what was measured. */
export function joiningPage ({ command, setup, stateBytes, megabits, oneWayMs, milestones: at, timeline, probe }: JoiningResult): string {
  const row = (what: string, seconds: number | null): string => `| ${what} | ${seconds === null ? 'not seen' : `${seconds.toFixed(1)} s`} |`
  return [
    '# How long does joining take?', '',
    `Command: \`${command}\`. Setup: ${setup}.`, '',
    `Three members train a model of ${(stateBytes / 8).toLocaleString('en')} parameters by NoLoCo: weights and outer momentum are ${(stateBytes / 1e6).toFixed(1)} MB. Each process dials through a gateway of its own; the joiner’s line`,
    `carries ${megabits} Mbit/s each way and takes ${oneWayMs} ms, so that a round trip is ${2 * oneWayMs} ms and the state alone takes ${(8 * stateBytes / megabits / 1e6).toFixed(1)} s of it. Members, joiner and gateways share the machine.`, '',
    '## From the command to the first step', '',
    `| since \`shoal join\` was typed | |`, '|---|---|',
    row('a member has said hello', at.metSeconds), row('first chunks are here', at.firstChunksSeconds), row(`all of it, from ${at.sources} members at once`, at.wholeSeconds), row('attested by two others at least', at.believedSeconds), row('trainer ready', at.startedSeconds),
    row('first useful step', at.firstStepSeconds), row('first round averaged with another', at.firstAveragedSeconds), '',
    'The design asks for the first useful step within 20 s.', '',
    '### What the joiner told meanwhile', '',
    '| | |', '|---|---|',
    ...timeline.map(({ seconds, what }) => `| ${seconds.toFixed(2)} s | ${what} |`), '',
    '## Control behind chunks', '',
    'A member is asked for its list of snapshots over the connection that carries chunks: a new stream, its negotiation, a question and an answer.', '',
    '| | median | 95th percentile | longest | questions |', '|---|---|---|---|---|',
    ...([['nothing else on the line', probe.idleMs], [`while the replica comes in at ${(8 * probe.bytesPerSecond / 1e6).toFixed(1)} Mbit/s`, probe.busyMs]] as const).map(([what, times]) => `| ${what} | ${ms(times, 0.5)} | ${ms(times, 0.95)} | ${ms(times, 1)} | ${times.length} |`), '',
    `Chunks may take at most ${LONGEST_QUEUE_MS} ms longer than the quickest one (\`LONGEST_QUEUE_MS\` in src/transfer/pull-window.ts), and opening a stream takes two round trips. test/testnet/simulator/joining.test.ts counts the bytes in flight in virtual time.`, ''
  ].join('\n')
}
