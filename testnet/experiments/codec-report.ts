import type { CodecSpeed } from '../../node/cli/commands/bench-codec.ts'
import type { Measurement, SideInformation } from './codec-measurements.ts'

export interface CodecEvidence {
  readonly setup: string
  readonly sources: ReadonlyArray<{ readonly name: string, readonly about: string, readonly values: number }>
  readonly measurements: readonly Measurement[]
  readonly sideInformation: readonly SideInformation[]
  /** By what was encoded. */
  readonly speeds: Readonly<Record<string, ReadonlyArray<Omit<CodecSpeed, 'bitsAboveBound'>>>>
}

/** The page that says what was measured. */
export function codecReport (evidence: CodecEvidence): string {
  return [
    '# How near to the limit are the codecs?', '',
    `Command: \`npm run bench:codecs\`. Setup: ${evidence.setup}. Numbers as JSON: [codecs.json](codecs.json). What the codecs are: [codecs.md](../codecs.md).`, '',
    'Bits count everything that travels: header, tables, scales, indices. “Above bound” is the distance to Shannon’s lower bound at the error reached; for real vectors, to that of a Gaussian with the same mean square,',
    'which they may undercut, because tensors differ in size and tails are heavy. An ideal entropy coder behind a uniform step sits 0.25 above at high rate.', '',
    ...evidence.sources.flatMap(({ name }) => [`![${name}](${chartOf(name)})`, '']),
    ...evidence.sources.flatMap(source => sourceTable(source, evidence.measurements.filter(one => one.source === source.name))),
    ...rateTable(evidence),
    ...sideInformationTable(evidence.sideInformation),
    ...speedTables(evidence.speeds)
  ].join('\n')
}

/** The file of a source's plot, beside the page. */
export function chartOf (source: string): string {
  return `codecs-${source.toLowerCase().replace(' ', '-')}.svg`
}

function sourceTable ({ name, about, values }: CodecEvidence['sources'][number], rows: readonly Measurement[]): string[] {
  return [
    `## ${name}`, '', `${about}; ${values.toLocaleString('en')} values.`, '',
    '| codec | bits/value | error, dB | cosine | above bound |', '|---|---:|---:|---:|---:|',
    ...[...rows].sort((a, b) => a.bitsPerValue - b.bitsPerValue).map(row =>
      `| \`${row.codec.replaceAll('|', '\\|')}\` | ${row.bitsPerValue.toFixed(3)} | ${(10 * Math.log10(row.relativeError)).toFixed(2)} | ${row.cosine.toFixed(5)} | ${row.bitsAboveBound.toFixed(3)} |`),
    ''
  ]
}

/** A point of the curve that others are held against: `uniform | rans`, rounded to nearest. */
export function isPlainUniform (codec: string): boolean {
  return /^uniform\([\d.]+\) \| rans$/.test(codec)
}

/** What `uniform | rans` needs for another codec's error: the fair comparison at equal quality. */
function rateTable ({ sources, measurements }: CodecEvidence): string[] {
  const rivals = ['int4(64)', 'int4(64) + brotli', 'int4(64) | rans', 'fp4(64)', 'fp4(64) | rans', 'nf4(64)', 'nf4(64) | rans', 'int2(64,mse) | rans']
  return [
    '## Bits for the same error', '',
    'For each codec: its bits a value, and in brackets what `uniform | rans` needs for the same squared error (interpolated).', '',
    `| source | ${rivals.map(rival => `\`${rival.replaceAll('|', '\\|')}\``).join(' | ')} |`, `|---|${rivals.map(() => '---:|').join('')}`,
    ...sources.map(({ name }) => {
      const own = measurements.filter(one => one.source === name)
      const curve = own.filter(one => isPlainUniform(one.codec)).sort((a, b) => a.bitsPerValue - b.bitsPerValue)
      const cells = rivals.map(rival => {
        const point = own.find(one => one.codec === rival)
        return point === undefined ? '–' : `${point.bitsPerValue.toFixed(2)} (${bitsAt(curve, point.relativeError).toFixed(2)})`
      })
      return `| ${name} | ${cells.join(' | ')} |`
    }), ''
  ]
}

function bitsAt (curve: readonly Measurement[], relativeError: number): number {
  const wanted = Math.log2(relativeError)
  const after = curve.findIndex(point => Math.log2(point.relativeError) <= wanted)
  const [left, right] = [curve[Math.max(0, after - 1)], curve[Math.max(1, after)]]
  if (after < 0 || left === undefined || right === undefined) return Number.NaN
  const share = (wanted - Math.log2(left.relativeError)) / (Math.log2(right.relativeError) - Math.log2(left.relativeError))
  return left.bitsPerValue + share * (right.bitsPerValue - left.bitsPerValue)
}

function sideInformationTable (rows: readonly SideInformation[]): string[] {
  return [
    '## Side information', '',
    'Sending one replica’s weights to a peer that holds another: all messages counted, beside what `uniform | rans` costs for the same error without the receiver’s weights.', '',
    '| difference / weights, rms | codec | spreads believed | bits/value | rounds of widening | error / difference, dB | without |', '|---:|---|---|---:|---:|---:|---:|',
    ...rows.map(row => `| ${row.relativeSpread.toFixed(4)} | \`${row.codec.replaceAll('|', '\\|')}\` | ${row.believed} | ${row.bitsPerValue.toFixed(3)} | ${row.rounds} | ${(10 * Math.log10(row.relativeError)).toFixed(2)} | ${row.plainBitsPerValue.toFixed(3)} |`), ''
  ]
}

function speedTables (speeds: CodecEvidence['speeds']): string[] {
  return [
    '## Speed', '',
    'A million Gaussian values, and the training run’s vectors; megabytes of fp32 for each second of processor time, one core, checksum and entropy stage included; best of several rounds. Against a replica, the sender’s messages',
    'and the receiver’s work on them, widenings included, with the blocks’ true spreads believed.', '',
    ...Object.entries(speeds).flatMap(([source, rows]) => [
      `| ${source} | bits/value | encode MB/s | decode MB/s |`, '|---|---:|---:|---:|',
      ...rows.map(row => `| \`${row.codec.replaceAll('|', '\\|')}\` | ${row.bitsPerValue.toFixed(3)} | ${row.encodeMBps.toFixed(0)} | ${row.decodeMBps.toFixed(0)} |`), ''
    ])
  ]
}
