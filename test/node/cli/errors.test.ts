import { describe, expect, it } from 'vitest'
import { renderError } from '../../../node/cli/errors.ts'
import { ShoalError } from '../../../src/errors.ts'

const plain = { json: false, verbose: false, highlight: (text: string) => text }
const locked = new ShoalError({
  code: 'DATA_DIRECTORY_LOCKED', what: 'the data directory is in use', why: 'process 7 runs on it', tryThis: 'shoal stop', cause: new Error('EEXIST')
})

describe('an error', () => {
  it('is three lines: what, why, try with the code', () => {
    expect(renderError(locked, plain)).toEqual({
      exitCode: 7,
      text: 'error: the data directory is in use\n  why: process 7 runs on it\n  try: shoal stop  [DATA_DIRECTORY_LOCKED]\n'
    })
  })

  it('stays three lines when it quotes a file of several', () => {
    const { text } = renderError(new ShoalError({ code: 'USAGE', what: 'a\nb', why: '"not json\n" is\r\n  no JSON', tryThis: 'c' }), plain)
    expect(text).toBe('error: a b\n  why: "not json " is no JSON\n  try: c  [USAGE]\n')
  })

  it('is one JSON document for programs', () => {
    const { text, exitCode } = renderError(locked, { ...plain, json: true })
    expect(exitCode).toBe(7)
    expect(text.trimEnd()).not.toContain('\n')
    expect(JSON.parse(text)).toEqual({
      error: { code: 'DATA_DIRECTORY_LOCKED', message: 'the data directory is in use', why: 'process 7 runs on it', try: 'shoal stop' }
    })
  })

  it('shows its stack and its causes only when asked', () => {
    expect(renderError(locked, plain).text).not.toContain('    at ')
    const { text } = renderError(locked, { ...plain, verbose: true })
    expect(text).toContain('    at ')
    expect(text).toContain('caused by Error: EEXIST')
  })

  it('marks only the word error', () => {
    expect(renderError(locked, { ...plain, highlight: text => `<${text}>` }).text.split('\n')[0]).toBe('<error:> the data directory is in use')
  })

  it('of a full disk says so, whatever was being written', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    expect(renderError(full, plain)).toEqual({
      exitCode: 1,
      text: 'error: a file cannot be written\n  why: ENOSPC: no space left on device, write\n  try: free some space, or choose another directory with --data-dir  [DATA_DIRECTORY_UNWRITABLE]\n'
    })
  })

  it.each([[new TypeError('x is undefined'), 'x is undefined'], ['a string', 'a string'], [undefined, 'undefined']])('that nobody expected says so: %s', (thrown, why) => {
    const { text, exitCode } = renderError(thrown, plain)
    expect(exitCode).toBe(1)
    expect(text).toBe(`error: something went wrong that should not have\n  why: ${why}\n  try: the same command with --verbose, and report what it prints  [INTERNAL]\n`)
  })
})
