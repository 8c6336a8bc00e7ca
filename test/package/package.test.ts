import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Packed {
  readonly filename: string
  readonly unpackedSize: number
  readonly files: ReadonlyArray<{ readonly path: string }>
}

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const ENTRY_POINTS = ['shoal', 'shoal/protocols', 'shoal/node'] as const
/** What it unpacks to, kernels included; far above today's size, far below what would hide a stray model. */
const MAXIMUM_UNPACKED_BYTES = 8 * 2 ** 20

let consumer: string
let packed: Packed
const run = (program: string, words: readonly string[], folder = consumer): string => execFileSync(program, words, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** As `npm install` of the packed file would leave it, but that dependencies are those of the checkout: no network. */
beforeAll(() => {
  consumer = mkdtempSync(join(tmpdir(), 'shoal-consumer-'))
  ;[packed] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', consumer], checkout)) as [Packed]
  run('tar', ['-xzf', packed.filename])
  const modules = join(consumer, 'node_modules')
  mkdirSync(modules)
  for (const name of readdirSync(join(checkout, 'node_modules'))) if (!name.startsWith('.')) symlinkSync(join(checkout, 'node_modules', name), join(modules, name))
  renameSync(join(consumer, 'package'), join(modules, 'shoal'))
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', type: 'module', private: true }))
})
afterAll(() => { rmSync(consumer, { recursive: true, force: true }) })

describe('the package', () => {
  it('holds what runs, its types and its documents, and nothing else', () => {
    const paths = packed.files.map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining([
      'package.json', 'README.md', 'LICENSE', 'docs/library.md', 'docs/examples/train-alone.mjs', 'dist/src/index.js', 'dist/src/index.d.ts', 'dist/node/trainer-worker/worker.js', 'dist/testnet/shoal.js', 'dist/testnet/scenarios/files/quickstart.toml'
    ]))
    expect(paths.filter(path => !/^(dist\/(src|protocols|node|testnet)\/.+\.(js|d\.ts)|dist\/node\/web\/page\/.+\.(html|css|svg)|dist\/testnet\/scenarios\/files\/.+\.toml|docs\/(library\.md|api\.md|(examples|service)\/.+)|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(path))).toEqual([])
    expect(packed.unpackedSize).toBeLessThan(MAXIMUM_UNPACKED_BYTES)
  })

  it('runs its command', () => {
    const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { version: string }
    expect(run(process.execPath, ['node_modules/shoal/dist/testnet/shoal.js', '--version']).trim()).toBe(version)
  })

  it('lets only its entry points be imported, each with what the documentation names', () => {
    const script = `const names = await Promise.all(${JSON.stringify(ENTRY_POINTS)}.map(async entry => Object.keys(await import(entry))))
      const hidden = await import('shoal/dist/src/index.js').catch(error => error.code)
      console.log(JSON.stringify({ names, hidden })); process.exit(0)`
    writeFileSync(join(consumer, 'names.mjs'), script)
    const { names, hidden } = JSON.parse(run(process.execPath, ['names.mjs'])) as { names: string[][], hidden: string }
    expect(hidden).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED')
    const sections = readFileSync(join(checkout, 'docs/library.md'), 'utf8').split(/^## /m)
    ENTRY_POINTS.forEach((entry, index) => {
      const documented = new Set([...(sections.find(section => section.startsWith(`\`${entry}\``)) ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name))
      expect(names[index]?.filter(name => !documented.has(name)), entry).toEqual([])
    })
  })

  it('type-checks in a stranger’s project', () => {
    writeFileSync(join(consumer, 'consumer.ts'), CONSUMER)
    writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify({
      // tfjs' own declarations need the DOM's; ours are checked by what is used of them.
      compilerOptions: { target: 'ES2023', module: 'NodeNext', moduleResolution: 'NodeNext', strict: true, noEmit: true, skipLibCheck: true, types: ['node'] }, files: ['consumer.ts']
    }))
    expect(spawnSync(process.execPath, [join(checkout, 'node_modules/typescript/bin/tsc'), '--project', consumer], { encoding: 'utf8' }).stdout).toBe('')
  })

  it('trains a model without any network, by its example', () => {
    const text = run(process.execPath, ['node_modules/shoal/docs/examples/train-alone.mjs', join(checkout, 'LICENSE'), '50'])
    const [before = NaN, after = NaN] = [...text.matchAll(/held-out loss (\d\.\d+)/g)].map(([, loss]) => Number(loss))
    expect(after).toBeLessThan(before - 1)
    expect(existsSync(join(consumer, 'model.safetensors'))).toBe(true)
  })

  it('keeps that example to 30 lines', () => {
    expect(readFileSync(join(checkout, 'docs/examples/train-alone.mjs'), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(30)
  })
})

/** Uses types of each entry point; were one lost and became `any`, the errors that are expected would not come. */
const CONSUMER = `
import { createCodec, createModel, draftInner, innerLoop, methodPreset, modelOfSize, parameterCount, ShoalError } from 'shoal'
import type { Batch, Checkpoint, Clock, ModelSpec, Replica, TrainerState } from 'shoal'
import { sayHello, WireError } from 'shoal/protocols'
import type { Hello } from 'shoal/protocols'
import { CheckpointFiles, defaultSettings, startBackend } from 'shoal/node'
import type { Backend, PeerOptions, Settings } from 'shoal/node'

const spec: ModelSpec = modelOfSize('tiny')
export const count: number = parameterCount(spec)
export const written: number = createCodec('fp32').encode(new Float32Array(4), new Uint8Array(64))
export const size: number = createModel(spec).layout.size
export const rate: number = draftInner({ steps: 10, batch: 2, learningRate: 0.1 }).learningRate
export const every: number = methodPreset('noloco').everySteps
export const start: Promise<Backend> = startBackend({ backend: 'wasm', threads: 1, throttle: 1 })
export const settings: Settings = defaultSettings
export type Used = [Batch, Checkpoint, Clock, Replica, TrainerState, Hello, PeerOptions, typeof CheckpointFiles, typeof sayHello, typeof innerLoop]
export function code (error: unknown): string { return error instanceof ShoalError ? error.code : error instanceof WireError ? 'wire' : '' }

// @ts-expect-error a number of parameters is no text
export const text: string = parameterCount(spec)
// @ts-expect-error there is no such backend
void startBackend({ backend: 'abacus', threads: 1, throttle: 1 })
// @ts-expect-error a setting is missing
export const partial: Settings = { backend: 'wasm' }
// @ts-expect-error a batch has targets
export const batch: Batch = { rows: 1, length: 1, inputs: new Int32Array(1) }
`
