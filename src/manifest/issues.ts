import { z } from 'zod'
import { nearest } from '../text/nearest.ts'

/** Every schema violation in one sentence, with the path, the value found and a suggestion for a misspelt key. */
export function describeIssues (error: z.ZodError, value: unknown, schema: z.ZodType): string {
  return error.issues.map(issue => describeIssue(issue, value, schema)).join('; ')
}

function describeIssue (issue: z.core.$ZodIssue, value: unknown, schema: z.ZodType): string {
  const where = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path)
    return issue.keys.map(key => `unknown key ${where === '' ? key : `${where}.${key}`}${suggestion(key, known)}`).join('; ')
  }
  const found = valueAt(value, issue.path)
  return `${where === '' ? 'the document' : where}: ${issue.message}${found === undefined ? '' : `, found ${shorten(found)}`}`
}

function suggestion (key: string, known: readonly string[]): string {
  const near = nearest(key, known)
  return near === undefined ? '' : ` (did you mean ${near}?)`
}

function keysAt (schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let inner: readonly z.ZodObject[] = objectsOf(schema)
  for (const key of path) inner = inner.flatMap(object => objectsOf((object.shape as Record<string, unknown>)[String(key)]))
  return inner.flatMap(object => Object.keys(object.shape))
}

/** An object is one; a choice between objects is all of them. */
function objectsOf (schema: unknown): readonly z.ZodObject[] {
  if (schema instanceof z.ZodOptional) return objectsOf(schema.unwrap())
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(objectsOf)
  return schema instanceof z.ZodObject ? [schema] : []
}

function valueAt (value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => asRecord(inner)[String(key)], value)
}

function asRecord (value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? value as Record<string, unknown> : {}
}

const MAXIMUM_SHOWN = 60

function shorten (value: unknown): string {
  const text = value instanceof Uint8Array ? `${value.length} bytes` : asJson(value)
  return text.length > MAXIMUM_SHOWN ? `${text.slice(0, MAXIMUM_SHOWN)}…` : text
}

/** Not everything that CBOR can say is JSON. */
function asJson (value: unknown): string {
  const text = JSON.stringify(value) as string | undefined
  return text ?? typeof value
}
