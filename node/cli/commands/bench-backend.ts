import { MODEL_SIZES } from '../../../src/manifest/draft.ts'
import type { ModelSpec } from '../../../src/manifest/schema.ts'
import { modelLayout } from '../../../src/models/model-layout.ts'
import { rankingOf, surveyOf } from '../../backends/auto.ts'
import type { Survey } from '../../backends/auto.ts'
import { BACKEND_NAMES } from '../../backends/contract.ts'
import type { BackendName } from '../../backends/contract.ts'
import { probeBackend } from '../../backends/probe.ts'
import type { Probed } from '../../backends/probe.ts'
import { estimateStepSeconds, flopsOfStep } from '../../backends/estimate.ts'
import { computeOf } from '../../config/compute.ts'
import { ownSettings } from '../../config/own-settings.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { table } from '../../terminal/table.ts'
import { formatNumber } from '../../terminal/units.ts'
import { action } from '../command.ts'
import { computeFlags } from '../compute-flags.ts'
import type { ComputeOptions } from '../compute-flags.ts'

/** Models for which it is told what `auto` takes, and the sequences in a step. */
const EXAMPLES = ['tiny', 'small', 'medium', 'gpt2-small'] as const
const EXAMPLE_SEQUENCES = 8

/** What `auto` takes for a model, and the seconds that it expects of a step on each backend. */
interface AutoChoice {
  readonly model: string
  readonly backend: BackendName | undefined
  readonly expectedSecondsPerStep: Readonly<Partial<Record<BackendName, number>>>
}

export const benchBackend = action<ComputeOptions>(async ({ options, output }) => {
  const { settings } = ownSettings(resolveDataDirectory(options.dataDir), computeFlags(options))
  const probes: Probed[] = []
  for (const name of BACKEND_NAMES) {
    if (!options.json) output.message(`trying ${name}`)
    probes.push(await probeBackend(name, computeOf(settings)))
  }
  const survey = surveyOf(probes.filter(({ name }) => name !== 'cpu'))
  const choices = EXAMPLES.map(model => choiceFor(model, survey))
  if (options.json) output.json({ version: 1, backends: probes, auto: choices })
  else for (const line of [...backendLines(probes), '', ...choices.map(choiceLine)]) output.line(line)
  return undefined
})

function choiceFor (model: string, survey: Survey): AutoChoice {
  const flops = flopsOf(MODEL_SIZES[model])
  return {
    model,
    backend: rankingOf(survey, flops).order[0],
    expectedSecondsPerStep: Object.fromEntries(survey.reports.map(report => [report.name, estimateStepSeconds(report, flops)]))
  }
}

function flopsOf (model: ModelSpec | undefined): number {
  return model === undefined || !('context' in model) ? 0 : flopsOfStep(modelLayout(model).size, EXAMPLE_SEQUENCES * model.context)
}

function backendLines (probes: readonly Probed[]): string[] {
  const rows = probes.map(probed => 'reason' in probed
    ? [probed.name, '–', '–', '–', `skipped: ${probed.reason}`]
    : [probed.name, formatNumber(probed.matmulGflops, 1), `${probed.matmulSize}`, formatNumber(probed.tokensPerSecond, 0), probed.device])
  const columns = [
    { title: 'backend' }, { title: 'GFLOP/s', align: 'right' }, { title: 'at size', align: 'right' }, { title: 'tokens/s', align: 'right' }, { title: 'device' }
  ] as const
  const lacks = probes.flatMap(probed => 'reason' in probed ? [] : probed.lacks.map(sentence => `${probed.name}: ${sentence}`))
  return [...table(columns, rows), ...lacks.length === 0 ? [] : ['', ...lacks]]
}

function choiceLine ({ model, backend, expectedSecondsPerStep }: AutoChoice): string {
  const expected = Object.entries(expectedSecondsPerStep).map(([name, seconds]) => `${name} ${formatNumber(seconds * 1000, 0)} ms`)
  const why = expected.length < 2 ? 'nothing else is faster' : `a step of ${EXAMPLE_SEQUENCES} sequences should take ${expected.join(', ')}`
  return `auto takes ${backend ?? 'nothing'} for ${model}: ${why}`
}
