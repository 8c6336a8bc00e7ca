import { z } from 'zod'
import { MAXIMUM_COUNT } from './limits.ts'

/** A number of rounds or steps. */
export const countSchema = z.int().min(0).max(MAXIMUM_COUNT)
