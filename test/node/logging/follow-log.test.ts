import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { followLog } from '../../../node/logging/follow-log.ts'
import { renderLogLine } from '../../../node/logging/log-line.ts'
import { openLogger } from '../../../node/logging/logger.ts'
import { KEPT_LOGS, rotate } from '../../../node/logging/rotate.ts'
import { createTheme } from '../../../node/terminal/theme.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-log-'))
  path = join(folder, 'daemon.log')
})
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

const forever = new AbortController().signal
const plain = createTheme(false)

async function lastLines (lines: number): Promise<string[]> {
  const found: string[] = []
  for await (const line of followLog(path, { lines, follow: false, signal: forever })) found.push(line)
  return found
}

describe('a log', () => {
  it('gives its last lines, whole, whatever their letters', async () => {
    const lines = Array.from({ length: 3000 }, (_, index) => `line ${index} ${'ü€'.repeat(index % 40)}`)
    writeFileSync(path, `${lines.join('\n')}\n`)
    expect(await lastLines(2)).toEqual(lines.slice(-2))
    expect(await lastLines(2500)).toEqual(lines.slice(-2500))
    expect(await lastLines(9999)).toEqual(lines)
    expect(await lastLines(0)).toEqual([])
    writeFileSync(path, 'cut off')
    expect(await lastLines(5)).toEqual(['cut off'])
    rmSync(path)
    expect(await lastLines(5)).toEqual([])
  })

  it('is followed as it grows and through rotation, and before it is there', async () => {
    const stop = new AbortController()
    const seen: string[] = []
    setTimeout(() => { writeFileSync(path, 'one\ntw') }, 0)
    for await (const line of followLog(path, { lines: 10, follow: true, signal: stop.signal })) {
      seen.push(line)
      if (line === 'one') appendFileSync(path, 'o\nthree\n')
      if (line === 'three') {
        rotate(path)
        writeFileSync(path, 'four\n')
      }
      if (line === 'four') stop.abort()
    }
    expect(seen).toEqual(['one', 'two', 'three', 'four'])
  })

  it('is turned over while the peer runs, and the oldest go', async () => {
    for (let life = 0; life < KEPT_LOGS + 3; life++) {
      const logger = openLogger(path, 'info', 300)
      for (let index = 0; index < 5; index++) logger.info(`life ${life}, line ${index}`)
      await logger.close()
    }
    const text = (suffix: string): string => readFileSync(`${path}${suffix}`, 'utf8')
    expect(text('.1')).toContain(`life ${KEPT_LOGS + 2}`)
    expect(() => text(`.${KEPT_LOGS + 1}`)).toThrow()
    for (let number = 1; number <= KEPT_LOGS; number++) expect(text(`.${number}`)).not.toContain('life 0,')
  })
})

describe('a line of the log', () => {
  it('reads as a sentence with its time and level', () => {
    expect(renderLogLine('{"level":40,"time":"2026-01-02T03:04:05.006Z","msg":"it is late","round":3}', plain)).toBe('2026-01-02T03:04:05.006Z  warn   it is late  round=3')
    const event = { type: 'peer-left', peerId: 'them', reason: 'it stopped', sequence: 1, atMs: 0 }
    expect(renderLogLine(JSON.stringify({ level: 30, time: 'T', msg: 'peer-left', event }), plain)).toBe('T  info   them left: it stopped')
  })

  it('stays as it is where it is another program’s, but for what a terminal would obey', () => {
    expect(renderLogLine('free text', plain)).toBe('free text')
    expect(renderLogLine('\u001b[2Jgone', plain)).toBe('·[2Jgone')
    expect(renderLogLine('{"level":30,"time":"T","msg":"\\u001b[2J"}', plain)).toBe('T  info   ·[2J')
  })
})
