import { formatBytes } from '../../node/terminal/units.ts'

export interface LinkRow {
  readonly name: string
  readonly bytes: number
  readonly simulatedMs: number
  readonly proxiedMs: number
  /** Or why there is none. */
  readonly namespaceMs: number | string
}

const TOLERANCE = 0.1
/** A timer of Node rounds up to a millisecond, and each of a transfer's ends has one. */
const GRAIN_MS = 2

/** The page of what was measured. */
export function linksPage (rows: readonly LinkRow[], setup: string): string {
  const [near, far] = [rows.filter(row => agree(row.proxiedMs, row.simulatedMs)), rows.filter(row => !agree(row.proxiedMs, row.simulatedMs))]
  const inNamespaces = rows.filter((row): row is LinkRow & { readonly namespaceMs: number } => typeof row.namespaceMs === 'number')
  return `# Lines: the simulator beside real ones

Written by \`npm run bench:links\` ([raw](links.json)). Both peers have the line; a message goes over a connection that is open, from the first byte handed over to the last one received; medians. Setup: ${setup}.

What a line is, everywhere: all of a peer's connections share its uplink and its downlink, each at its rate, in turns; delays and jitters of both lines and of the route between add up; what is sent without a
break has one jitter, and nothing overtakes. A stream hides loss: it costs a connection rate (Mathis: 1.22 segments a round trip over the root of the loss), and a message whose last packet is lost comes a
retransmission later (200 ms, or a round trip if that is longer). Resets end connections, stalls and partitions keep them open and silent. What is not modelled: TCP's slow start, so that the first message
after a rest is faster here than between continents; and the order in which the kernel's own queues would drop.

The proxy agrees with the simulator within ${100 * TOLERANCE} %, or ${GRAIN_MS} ms where that is more, in ${near.length} of ${rows.length} rows${far.length === 0 ? '' : `; not in ${far.map(row => `${row.name} with ${formatBytes(row.bytes)}`).join(', ')}`}.
${inNamespaces.length === 0 ? '' : `Namespaces agree in ${inNamespaces.filter(row => agree(row.namespaceMs, row.simulatedMs)).length} of the ${inNamespaces.length} rows that they can play here.`}

| line | message | simulator | proxy | proxy over simulator | namespaces | over simulator |
|---|---|---|---|---|---|---|
${rows.map(rowOf).join('\n')}
`
}

function rowOf (row: LinkRow): string {
  const real = typeof row.namespaceMs === 'number' ? `${milliseconds(row.namespaceMs)} | ${ratio(row.namespaceMs, row.simulatedMs)}` : `– | ${row.namespaceMs}`
  return `| ${row.name} | ${formatBytes(row.bytes)} | ${milliseconds(row.simulatedMs)} | ${milliseconds(row.proxiedMs)} | ${ratio(row.proxiedMs, row.simulatedMs)} | ${real} |`
}

function agree (oneMs: number, otherMs: number): boolean {
  return Math.abs(oneMs - otherMs) <= Math.max(GRAIN_MS, TOLERANCE * otherMs)
}

function ratio (oneMs: number, otherMs: number): string {
  return (oneMs / otherMs).toFixed(2)
}

function milliseconds (ms: number): string {
  return `${ms.toFixed(1)} ms`
}
