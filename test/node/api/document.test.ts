import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { describe, expect, it } from 'vitest'
import { apiDocument } from '../../../node/api/document.ts'
import type { EVENT_SCHEMAS } from '../../../node/api/event-schema.ts'
import type { PeerEvent } from '../../../src/events.ts'

/** A type of ours whose arrays and fields may be written, and whose missing numbers are null, as JSON has them. */
type AsJson<Value> = Value extends number ? number | null : Value extends ReadonlyArray<infer Item> ? Array<AsJson<Item>> : Value extends object ? { -readonly [Key in keyof Value]: AsJson<Value[Key]> } : Value

type Told = z.infer<typeof EVENT_SCHEMAS[keyof typeof EVENT_SCHEMAS]>
/** Compiles only while every event that peers tell has its schema. */
export const everyEventHasItsSchema = (type: PeerEvent['type']): Told['type'] => type
export const everySchemaHasItsEvent = (type: Told['type']): PeerEvent['type'] => type
export const schemasTellNothingElse = (told: Told): AsJson<PeerEvent> => told

describe('docs/api.md', () => {
  it('is what the schemas say (npm run docs:api writes it)', () => {
    expect(readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8')).toBe(apiDocument())
  })

  it('tells of every question in the words of its answer', () => {
    const text = apiDocument()
    for (const words of [
      '## `GET /v1/status`', '  pausedSinceMs: number | null', '- `since`: a whole number from 0; 0 unless given', '### `peer-left`', '## `GET /v1/swarm`', '- `prompt`: a text of at most 4000 characters', '- `temperature`: a number from 0 to 100; 0.8 unless given', 'by: "us" | "them"', 'rounds: {', '  next: number | null'
    ]) expect(text).toContain(words)
  })
})
