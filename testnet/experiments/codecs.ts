import '../../node/polyfills.ts'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { STANDARD_SPECS, measureCodecSpeed } from '../../node/cli/commands/bench-codec.ts'
import { lineChartSvg } from '../report/line-chart.ts'
import type { ChartSeries } from '../report/line-chart.ts'
import { measureCodec, measurePackedBaselines, measureReferencedSpeed, measureSideInformation, measureUniformBaselines } from './codec-measurements.ts'
import type { Measurement } from './codec-measurements.ts'
import { syntheticSources, trainedSources } from './codec-sources.ts'
import type { Source } from './codec-sources.ts'
import { chartOf, codecReport, isPlainUniform } from './codec-report.ts'

/** `npm run bench:codecs`: how near the codecs come to what is possible, on known densities and on a training run's own vectors, beside zlib and brotli. */
const SYNTHETIC_VALUES = 1 << 17
const UNIFORM_BITS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8]
const BASELINE_BITS = [1, 2, 4, 6, 8]
const OTHER_SPECS = [
  'int8(64) | rans', 'int4(64)', 'int4(64) | rans', 'int4(64,mse) | rans', 'int2(64,mse) | rans', 'ternary(64) | rans', 'sign(64)', 'fp4(64)', 'fp4(64) | rans', 'nf4(64)', 'nf4(64) | rans', 'bf16 | rans',
  'rotate(4096) | uniform(2) | rans', 'rotate(4096) | uniform(4) | rans', 'topk(0.01,4096) | int2(64) | rans', 'topk(0.1,4096) | int4(64) | rans', 'topk(0.05,4096) | uniform(2) | rans',
  'fp16', 'uniform(4,stochastic) | rans', 'uniform(4,dithered) | rans', 'allocate(4) | rans', 'randk(0.1,plain) | uniform(4) | rans', 'dct(64) | topk(0.125,64) | uniform(4) | rans', 'lowrank(4) | uniform(4) | rans',
  'sketch(3,16384,1000) | uniform(4) | rans'
]
const REFERENCED_SPEEDS = ['modulo(2,64) | rans', 'modulo(2,128) | rans', 'modulo(3,64) | rans', 'modulo(4,64) | rans']

const trained = await trainedSources()
const sources = [...syntheticSources(SYNTHETIC_VALUES), ...trained]
const measurements = sources.flatMap(measureSource)
const sideInformation = measureSideInformation(valuesOf('weights'), valuesOf('replica difference'))
const speeds = {
  Gaussian: STANDARD_SPECS.map(spec => measureCodecSpeed(spec)),
  'outer gradient': STANDARD_SPECS.map(spec => measureCodecSpeed(spec, valuesOf('outer gradient'))),
  'weights against a replica': REFERENCED_SPEEDS.map(spec => measureReferencedSpeed(spec, valuesOf('weights'), valuesOf('replica difference')))
}
const setup = `${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`

const results = fileURLToPath(new URL('../../../docs/results/', import.meta.url))
mkdirSync(results, { recursive: true })
const about = sources.map(({ name, about, values }) => ({ name, about, values: values.length }))
writeFileSync(`${results}codecs.json`, `${JSON.stringify({ command: 'npm run bench:codecs', setup, sources: about, measurements, sideInformation, speeds }, null, 1)}\n`)
for (const source of sources) {
  writeFileSync(`${results}${chartOf(source.name)}`, lineChartSvg({
    title: `${source.name}: signal to noise by rate`, xLabel: 'bits a value, everything included', yLabel: 'signal to noise, dB', series: seriesOf(source.name)
  }))
}
const report = codecReport({ setup, sources: about, measurements, sideInformation, speeds })
writeFileSync(`${results}codecs.md`, report)
process.stdout.write(report)

function measureSource (source: Source): readonly Measurement[] {
  return [
    ...UNIFORM_BITS.map(bits => measureCodec(source, `uniform(${bits}) | rans`)),
    ...BASELINE_BITS.flatMap(bits => measureUniformBaselines(source, bits)),
    ...measurePackedBaselines(source, 'int4(64)'),
    ...OTHER_SPECS.map(spec => measureCodec(source, spec))
  ]
}

function valuesOf (name: string): Float32Array {
  return trained.find(source => source.name === name)?.values ?? new Float32Array()
}

function seriesOf (source: string): readonly ChartSeries[] {
  const of = (name: string, fits: (codec: string) => boolean): ChartSeries => ({
    name,
    points: measurements.filter(one => one.source === source && fits(one.codec) && one.bitsPerValue < 9).map(({ bitsPerValue, relativeError }) => ({ x: bitsPerValue, y: -10 * Math.log10(relativeError) }))
  })
  const bound = { name: 'Gaussian bound', points: [0, 2, 4, 6, 8].map(bits => ({ x: bits, y: 20 * bits * Math.log10(2) })) }
  return [
    bound,
    of('uniform | rans', codec => isPlainUniform(codec)),
    of('uniform + brotli', codec => /^uniform.*brotli$/.test(codec)),
    of('uniform + zlib', codec => /^uniform.*zlib$/.test(codec)),
    of('int2, int4, int8 | rans', codec => ['int2(64,mse) | rans', 'int4(64) | rans', 'int8(64) | rans'].includes(codec)),
    of('nf4: rans, plain', codec => codec.startsWith('nf4')),
    of('fp4 (E3M0): rans, plain', codec => codec.startsWith('fp4'))
  ].map(series => ({ ...series, points: [...series.points].sort((a, b) => a.x - b.x) }))
}
