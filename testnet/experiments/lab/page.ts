import type { Results, Study } from './study.ts'

/** What every page says first: its command, where the raw numbers are, and what they were measured with. */
export function preface (study: Pick<Study<unknown>, 'name'>, title: string, results: Results<unknown>, seeds: readonly number[]): readonly string[] {
  const origins = [...results.values()].map(({ origin }) => origin)
  const listed = (values: readonly string[]): string => [...new Set(values)].sort().join(', ')
  return [
    `# ${title}`, '',
    `Command: \`npm run bench:${study.name}\`, which goes on where it stopped; \`-- --list\` behind it says what is stored and how long the rest takes. Raw numbers: one JSON a cell in [${study.name}/](${study.name}), ${results.size} of them. Setup: ${listed(origins.map(({ setup }) => setup))}; ` +
    `commit ${listed(origins.map(({ commit }) => commit))}, ${listed(origins.map(({ date }) => date))}; paired seeds ${seeds.join(', ')}. Every number, plot and verdict on this page is written by the script.`
  ]
}

/** @param columns names, each with a colon behind it where it is to stand at the right */
export function table (columns: readonly string[], rows: ReadonlyArray<readonly string[]>): readonly string[] {
  return [
    `| ${columns.map(name => name.replace(/:$/, '')).join(' | ')} |`,
    `|${columns.map(name => name.endsWith(':') ? '---:' : '---').join('|')}|`,
    ...rows.map(row => `| ${row.join(' | ')} |`)
  ]
}

export function kilobytes (bytes: number): string {
  return (bytes / 1000).toLocaleString('en', { maximumFractionDigits: bytes < 100_000 ? 1 : 0 })
}
