import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { libraryReference } from './library-reference.ts'
import { methodPages } from './method-pages.ts'

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))

describe('pages that are written by a script', () => {
  it('of the methods are fresh; npm run docs:write writes them anew', () => {
    const pages = methodPages()
    if (process.env['UPDATE_DOCS'] === '1') {
      mkdirSync(`${docs}methods`, { recursive: true })
      for (const [file, text] of pages) writeFileSync(`${docs}methods/${file}`, text)
    }
    expect(readdirSync(`${docs}methods`).sort()).toEqual([...pages.keys()].sort())
    for (const [file, text] of pages) expect(readFileSync(`${docs}methods/${file}`, 'utf8'), file).toBe(text)
  })

  it('of what the library exports is fresh', () => {
    const page = libraryReference()
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(`${docs}library-reference.md`, page)
    expect(readFileSync(`${docs}library-reference.md`, 'utf8')).toBe(page)
  })
})

describe('the troubleshooting page', () => {
  it('tells of every error code, and of no other', () => {
    const source = readFileSync(new URL('../../src/errors.ts', import.meta.url), 'utf8')
    const codes = [...(source.split('export interface ErrorParts')[0] ?? '').matchAll(/\| '([A-Z_]+)'/g)].map(([, code]) => code)
    const told = [...readFileSync(`${docs}troubleshooting.md`, 'utf8').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code)
    expect(codes.length).toBeGreaterThan(20)
    expect([...told].sort()).toEqual([...codes].sort())
  })
})

describe('decisions', () => {
  it('are numbered one after the other, each by its file and in its title alike', () => {
    const files = readdirSync(`${docs}decisions`).sort()
    const titles = files.map(file => Number(/^# (\d+)\. \S/.exec(readFileSync(`${docs}decisions/${file}`, 'utf8'))?.[1]))
    expect(files.map(file => Number(file.slice(0, 4)))).toEqual(files.map((_, index) => index + 1))
    expect(titles).toEqual(files.map((_, index) => index + 1))
  })
})
