import type { Reporter, TestModule } from 'vitest/node'

/** Closes a run with the one line a machine reads: `N passed, N failed`. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd (modules: readonly TestModule[]): void {
    const tests = modules.flatMap(module => [...module.children.allTests()])
    const count = (state: string): number => tests.filter(test => test.result().state === state).length
    const broken = modules.filter(module => module.state() === 'failed' && ![...module.children.allTests('failed')].length).length
    const skipped = count('skipped')
    process.stdout.write(`\n${count('passed')} passed, ${count('failed') + broken} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
  }
}
