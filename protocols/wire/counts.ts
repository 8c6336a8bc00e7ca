import { z } from 'zod'
import { MAXIMUM_COUNT, MAXIMUM_TIME_MS } from './limits.ts'

/** A number of rounds or steps. */
export const countSchema = z.int().min(0).max(MAXIMUM_COUNT)

/** Milliseconds since 1970 by the sender's clock. */
export const timeSchema = z.int().min(0).max(MAXIMUM_TIME_MS)
