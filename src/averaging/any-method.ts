import { ShoalError } from '../errors.ts'
import type { ScalarSpec } from '../manifest/scalar-schema.ts'
import type { AnyMethodSpec, MethodSpec, RunManifest } from '../manifest/schema.ts'
import { checkScalarMethod, checkScalarModel, scalarSentence } from '../spsa/scalar-methods.ts'
import { methodSentence } from './describe-method.ts'
import { checkMethod } from './stability.ts'

export function isScalarMethod (method: AnyMethodSpec): method is ScalarSpec {
  return method.kind !== undefined
}

/** A method of the first-order frame. @throws ShoalError METHOD_UNSUPPORTED for one of scalars, which has no `what` */
export function frameMethodOf (method: AnyMethodSpec, what: string): MethodSpec {
  if (!isScalarMethod(method)) return method
  throw new ShoalError({
    code: 'METHOD_UNSUPPORTED', what: `the method ${method.kind} has no ${what}`, why: 'its peers send scalars and share one set of them, not weights',
    tryThis: 'shoal run methods tells what each method does'
  })
}

/** What peers compare when they meet: the codec of weights, or the name of the method that sends none. */
export function codecNameOf (method: AnyMethodSpec): string {
  return isScalarMethod(method) ? method.kind : method.codec
}

/** Whether a run's method contradicts itself, or the run. @throws ShoalError METHOD_CONTRADICTORY, METHOD_UNSTABLE, CODEC_SPEC */
export function checkAnyMethod ({ method, budget: { steps }, ...run }: Pick<RunManifest, 'method' | 'budget' | 'model' | 'genesis' | 'data'>): void {
  if (!isScalarMethod(method)) {
    checkMethod(method)
    return
  }
  checkScalarMethod(method, steps)
  checkScalarModel(method, run)
}

/** What a method does, in a sentence or two. */
export function anyMethodSentence (method: AnyMethodSpec): string {
  return isScalarMethod(method) ? scalarSentence(method) : methodSentence(method)
}
