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
  return path.reduce<readonly unknown[]>((inner, key) => inner.flatMap(each => partsOf(each, key)), [schema]).flatMap(objectsOf).flatMap(object => Object.keys(object.shape))
}

/** What a schema wants at a key or an index. */
function partsOf (schema: unknown, key: PropertyKey): readonly unknown[] {
  return choicesOf(schema).flatMap(choice => {
    if (choice instanceof z.ZodObject) return [(choice.shape as Record<string, unknown>)[String(key)]]
    if (choice instanceof z.ZodArray) return [choice.element]
    return choice instanceof z.ZodRecord ? [choice.valueType] : []
  })
}

function objectsOf (schema: unknown): readonly z.ZodObject[] {
  return choicesOf(schema).filter(choice => choice instanceof z.ZodObject)
}

/** A schema is one; a choice between schemas is all of them. */
function choicesOf (schema: unknown): readonly unknown[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return choicesOf(schema.unwrap())
  return schema instanceof z.ZodUnion ? schema.options.flatMap(choicesOf) : [schema]
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
