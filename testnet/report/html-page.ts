import { escapeText } from './line-chart.ts'

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.55 system-ui, sans-serif; }
  body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
  h1 { letter-spacing: -.02em; margin-bottom: .2rem } h2 { margin-top: 2.2rem }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .92rem }
  th, td { padding: .3rem .7rem .3rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); text-align: right }
  th:first-child, td:first-child { text-align: left }
  figure { margin: 1rem 0 } svg { width: 100%; height: auto; border-radius: 10px; border: 1px solid color-mix(in srgb, currentColor 15%, transparent) }
  .faint { opacity: .7 } code { overflow-wrap: anywhere } li { overflow-wrap: anywhere; font-size: .92rem } summary { cursor: pointer }`

/** A page in one HTML file: it needs nothing else, no script and no network. @param body elements, escaped */
export function htmlPage (title: string, body: readonly string[]): string {
  return [
    '<!doctype html>', '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeText(title)} · Shoal</title><style>${STYLE}</style></head><body>`,
    `<h1>${escapeText(title)}</h1>`,
    ...body,
    '</body></html>\n'
  ].join('\n')
}

/** Text in rows; the first column is to the left, the others to the right. */
export function htmlTable (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[], tag: string): string => `<tr>${cells.map(cell => `<${tag}>${escapeText(cell)}</${tag}>`).join('')}</tr>`
  return `<table><thead>${line(head, 'th')}</thead><tbody>${rows.map(cells => line(cells, 'td')).join('')}</tbody></table>`
}
