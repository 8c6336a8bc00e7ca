import { amountOf, fixedPoint } from './accumulator.ts'
import type { Contribution, FixedPoint } from './accumulator.ts'
import { clipLevel } from './clipping.ts'
import type { FerretRules } from './ferret-peer.ts'
import { allocateDirections, coordinatesOf, shrinkage } from './ferret.ts'
import type { Block } from './ferret.ts'
import type { PackArithmetic } from './pack-keeper.ts'
import type { Move, Pack } from './pack-model.ts'
import { ABSTAIN } from './scalar-codec.ts'
import { seedsOfRound } from './seeds.ts'

/** What packs of Ferret mean, and how a move becomes one. @throws RangeError when so many coordinates do not fit into 32 bits */
export function ferretArithmetic (rules: FerretRules): PackArithmetic {
  const point = ferretFixedPoint(rules)
  return {
    model: {
      noise: rules.noise, unit: point.unit, mostPacks: epochOf(rules) * (rules.room ?? rules.peers), clip: rules, movesOf: (pack, limit) => movesOf(rules, point, pack, limit),
      epochSteps: rules.epochRounds === undefined ? undefined : rules.epochRounds * rules.directions
    },
    coordinates: (moves, round, peer) => coordinates(rules, moves, round, peer)
  }
}

/** A peer whose weights are no longer numbers abstains. */
function coordinates (rules: FerretRules, moves: Float32Array, round: number, peer: string): Pick<Pack, 'levels' | 'pool'> {
  const { blocks, directions, noise, runId } = rules
  const seedOf = seedsOfRound(runId, round, peer)
  const energies = blocks.map(({ first, size }) => moves.subarray(first, first + size).reduce((sum, move) => sum + move * move, 0))
  const total = energies.reduce((sum, energy) => sum + energy, 0)
  const counts = Number.isFinite(total) && total > 0 ? allocateDirections(blocks, energies, directions, noise) : []
  const parts = blocks.map((block, index) => levelsOf(rules, moves, block, Array.from({ length: counts[index] ?? 0 }, (_, k) => seedOf(index, k))))
  const levels = Int8Array.from(parts.flatMap(part => [...part]))
  if (levels.length === 0) return { levels: Int8Array.of(ABSTAIN), pool: Uint16Array.of(0) }
  return { levels, pool: Uint16Array.from(parts.flatMap((part, index) => Array.from(part, () => index))) }
}

function levelsOf ({ noise, codec, largestLevel }: FerretRules, moves: Float32Array, block: Block, seeds: ReadonlyArray<ReturnType<ReturnType<typeof seedsOfRound>>>): Int8Array {
  const scale = shrinkage(block.size, seeds.length, noise)
  return Int8Array.from(coordinatesOf(moves, block, noise, seeds), coordinate => clipLevel(codec.encode(scale * coordinate), largestLevel))
}

/** Weights move along a coordinate, not against it. */
function movesOf ({ runId, blocks, directions, codec, peers }: FerretRules, point: FixedPoint, { peer, firstStep, levels, pool }: Pack, limit: number): Move[] {
  const seedOf = seedsOfRound(runId, firstStep / directions, peer)
  const contributions = blocks.map((): Contribution[] => [])
  levels.forEach((level, at) => {
    const index = pool[at] as number
    const mine = contributions[index]
    mine?.push({ seed: seedOf(index, mine.length), amount: -amountOf(codec.decode(clipLevel(level, limit)) / peers, point) })
  })
  return blocks.map((block, index) => ({ block, contributions: contributions[index] ?? [] })).filter(move => move.contributions.length > 0)
}

/** Rounds whose packs are counted together. */
function epochOf ({ rounds, epochRounds = rounds }: Pick<FerretRules, 'rounds' | 'epochRounds'>): number {
  return Math.min(rounds, epochRounds)
}

/** Room for every coordinate of every round of an epoch at its share, all of them in one block. @throws RangeError when so many do not fit into 32 bits */
export function ferretFixedPoint (rules: Pick<FerretRules, 'codec' | 'largestLevel' | 'peers' | 'room' | 'rounds' | 'epochRounds' | 'directions' | 'noise'>): FixedPoint {
  const { codec, largestLevel, peers, room = peers, directions, noise } = rules
  return fixedPoint(codec.decode(largestLevel) / peers, epochOf(rules) * directions * room, noise)
}
