import { describe, expect, it } from 'vitest'
import { Ledger } from '../../../src/spsa/ledger.ts'
import { StepStates } from '../../../src/spsa/step-states.ts'
import type { StateSource } from '../../../src/spsa/step-states.ts'
import { rules, verify } from './authors.ts'

interface Asked {
  readonly before: number
  readonly answer: (modelHash: string) => void
}

/** States whose hashes come when the test says so. */
function slow (): { readonly states: StepStates, readonly asked: Asked[], readonly said: string[], readonly want: (name: string, step: number) => void, isInStep: boolean } {
  const asked: Asked[] = []
  const said: string[] = []
  const made = { isInStep: true }
  const source: StateSource = { ledger: new Ledger(rules, verify), isInStep: () => true, hash: (before, found) => { asked.push({ before, answer: modelHash => { found({ modelHash, limit: 9 }) } }) } }
  const states = new StepStates(() => ({ ...source, isInStep: () => made.isInStep }))
  return Object.assign(made, { states, asked, said, want: (name: string, step: number) => { states.want(name, step, ({ modelHash }) => { said.push(`${name} ${modelHash}`) }) } })
}

describe('what a peer has at steps that somebody asks about', () => {
  it('is found out one after the other, said in order, and known for all who ask about the same', () => {
    const { asked, said, want } = slow()
    for (const [name, step] of [['a', 8], ['b', 8], ['c', 16]] as const) want(name, step)
    expect(asked.map(({ before }) => before)).toEqual([8])
    asked[0]!.answer('x')
    expect(said).toEqual(['a x', 'b x'])
    expect(asked.map(({ before }) => before)).toEqual([8, 16])
    asked[1]!.answer('y')
    want('d', 16)
    expect(said).toEqual(['a x', 'b x', 'c y', 'd y'])
  })

  it('is found out again when bytes came meanwhile, and not when they came later in the run', () => {
    const { states, asked, said, want } = slow()
    want('a', 16)
    states.changed(16)
    states.changed(8)
    asked[0]!.answer('old')
    expect(said).toEqual([])
    asked[1]!.answer('new')
    expect(said).toEqual(['a new'])
    states.changed(16)
    want('b', 16)
    states.distrust()
    want('c', 16)
    asked[2]!.answer('third')
    expect(said).toEqual(['a new', 'b new', 'c third'])
  })

  it('waits until the weights have what the ledger has', () => {
    const made = slow()
    made.isInStep = false
    made.want('a', 8)
    expect(made.asked).toEqual([])
    made.isInStep = true
    made.states.goOn()
    made.asked[0]!.answer('x')
    expect(made.said).toEqual(['a x'])
  })

  it('keeps no more than 1024 who wait, and of two with one name the later', () => {
    const { asked, said, want } = slow()
    for (let number = 0; number < 3000; number++) want(`n${number % 2000}`, 8)
    asked[0]!.answer('x')
    expect(said).toHaveLength(1024)
  })
})
