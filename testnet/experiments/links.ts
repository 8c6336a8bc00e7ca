import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { knownLinks, linkSchema } from '../scenarios/links.ts'
import type { LinkProfile } from '../scenarios/links.ts'
import { namespaceMs } from './link-namespaces.ts'
import { linksPage } from './links-page.ts'
import type { LinkRow } from './links-page.ts'
import { median, proxiedMs, simulatedMs } from './link-times.ts'

/** `npm run bench:links`: how long messages take on the same lines in the simulator, through the proxy and, where root and the kernel allow, between namespaces. */
const results = fileURLToPath(new URL('../../../docs/results/', import.meta.url))
const SIZES = [1_000, 100_000, 1_000_000] as const
/** Medians of so many transfers; long ones vary less. */
const repeatsOf = (expectedMs: number): number => expectedMs > 1000 ? 3 : expectedMs > 100 ? 11 : 31

const lines: ReadonlyArray<readonly [string, LinkProfile]> = [
  ...Object.entries(knownLinks).filter(([name]) => name !== 'perfect'),
  ['10 Mbit/s', linkSchema.parse({ up: '10mbit', down: '10mbit' })],
  ['10 Mbit/s, 50 ms', linkSchema.parse({ up: '10mbit', down: '10mbit', delay: '25ms' })],
  ['1 Mbit/s up, 8 down', linkSchema.parse({ up: '1mbit', down: '8mbit' })]
]

const rows: LinkRow[] = []
let namespaceRefusal = ''
for (const [name, described] of lines) {
  // What comes at random moments is no property of a transfer.
  const link = { ...described, reset: undefined, stall: undefined }
  for (const bytes of SIZES) {
    const simulated = simulatedMs(link, bytes)
    const proxied = median(await proxiedMs(link, bytes, repeatsOf(simulated)))
    const namespaces = await namespaceMs(link, bytes, repeatsOf(simulated))
    if (typeof namespaces === 'string') namespaceRefusal ||= namespaces
    rows.push({ name, bytes, simulatedMs: simulated, proxiedMs: proxied, namespaceMs: typeof namespaces === 'string' ? namespaces : median(namespaces) })
    process.stderr.write(`${name}, ${bytes} bytes: simulated ${simulated.toFixed(1)} ms, proxy ${proxied.toFixed(1)} ms, namespaces ${typeof namespaces === 'string' ? `– (${namespaces})` : `${median(namespaces).toFixed(1)} ms`}\n`)
  }
}
const setup = `${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, load ${(loadavg()[0] ?? 0).toFixed(1)}`
writeFileSync(`${results}links.json`, `${JSON.stringify({ setup, measuredOn: new Date().toISOString(), rows }, null, 1)}\n`)
writeFileSync(`${results}links.md`, linksPage(rows, setup))
