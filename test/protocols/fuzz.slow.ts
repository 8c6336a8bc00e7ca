import { expect, it } from 'vitest'
import { allDecoders, fuzz } from './fuzz.ts'

it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('a million more inputs, seed %i', seed => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    expect(fuzz(allDecoders(), 1_000_000, seed).taken).toBeGreaterThan(0)
  } finally {
    Error.stackTraceLimit = limit
  }
}, 600_000)
