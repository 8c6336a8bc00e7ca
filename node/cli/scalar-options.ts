import type { Command } from 'commander'
import { ShoalError } from '../../src/errors.ts'
import { oneByteSchema } from '../../src/manifest/scalar-schema.ts'
import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import type { AnyMethodSpec } from '../../src/manifest/schema.ts'
import { checkScalarMethod, isScalarPreset, scalarPresets } from '../../src/spsa/scalar-methods.ts'
import { choiceOption } from './choices.ts'
import { axisOptions, methodOf } from './method-options.ts'
import type { MethodOptions } from './method-options.ts'
import { numberOption } from './numbers.ts'

/** The numbers of a method of scalars that replace its preset's. */
export interface ScalarOptions extends MethodOptions {
  readonly noise?: string
  readonly epsilon?: string
  readonly scalarRate?: string
  readonly swarm?: string
  readonly pack?: string
  readonly checkEvery?: string
  readonly snapshotEvery?: string
}

const OWN = ['noise', 'epsilon', 'scalarRate', 'swarm', 'pack', 'checkEvery', 'snapshotEvery'] as const

export function configureScalarOptions (command: Command): void {
  command
    .option('--noise <kind>', `for ${Object.keys(scalarPresets).join(', ')}: what directions are drawn from, rademacher or gaussian`)
    .option('--epsilon <size>', 'how far a measurement steps to either side, ε')
    .option('--scalar-rate <rate>', 'learning rate of the mean over the swarm’s scalars, η')
    .option('--swarm <peers>', 'peers that this rate is for')
    .option('--pack <steps>', 'steps whose bytes travel together')
    .option('--check-every <steps>', 'steps between two comparisons of ledgers and weights')
    .option('--snapshot-every <steps>', 'steps between two snapshots, each of which stands for all bytes before')
}

/**
 * The method that the options mean, of scalars or of the first-order frame, checked.
 *
 * @throws ShoalError USAGE for options of the other kind, and as `methodOf`
 */
export function anyMethodOf (options: ScalarOptions, mostSteps?: number): AnyMethodSpec {
  if (isScalarPreset(options.method)) return scalarMethodOf(options)
  refuse(options, OWN, 'it is no method of scalars')
  return methodOf(options, mostSteps)
}

function scalarMethodOf (options: ScalarOptions): ScalarSpec {
  if (!isScalarPreset(options.method)) throw new RangeError(`${options.method} is no method of scalars`)
  refuse(options, axisOptions, 'its peers send scalars, and these options are about averaging weights')
  const preset: ScalarSpec = scalarPresets[options.method]
  const { noise, epsilon, scalarRate, swarm, pack, checkEvery, snapshotEvery } = options
  const size = (name: string, text: string | undefined, otherwise: number): number => text === undefined ? otherwise : numberOption(name, text, { minimum: 1e-12, maximum: 1e6, whole: false })
  const count = (name: string, text: string | undefined, otherwise: number, maximum = 1_000_000): number => text === undefined ? otherwise : numberOption(name, text, { minimum: 1, maximum })
  const method: ScalarSpec = {
    ...preset,
    noise: noise === undefined ? preset.noise : choiceOption('noise', noise, oneByteSchema.shape.noise.options),
    epsilon: size('epsilon', epsilon, preset.epsilon),
    learningRate: size('scalar-rate', scalarRate, preset.learningRate),
    peers: count('swarm', swarm, preset.peers, 1024),
    window: count('pack', pack, preset.window, 256),
    checkEvery: count('check-every', checkEvery, preset.checkEvery),
    snapshotEvery: count('snapshot-every', snapshotEvery, preset.snapshotEvery)
  }
  checkScalarMethod(method)
  return method
}

function refuse (options: ScalarOptions, names: ReadonlyArray<keyof ScalarOptions>, why: string): void {
  const given = names.find(name => options[name] !== undefined)
  if (given === undefined) return
  const flag = `--${given.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
  throw new ShoalError({ code: 'USAGE', what: `${flag} cannot be used with --method ${options.method}`, why, tryThis: 'shoal run methods tells what each method does' })
}
