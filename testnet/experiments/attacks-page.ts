import '../../node/polyfills.ts'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeFileAtomically } from '../../node/store/atomic-file.ts'
import { ROBUST_RULES } from '../../src/trust/robust-rule.ts'
import { ATTACK_KINDS } from '../simulator/attackers.ts'
import type { AttackKind } from '../simulator/attackers.ts'
import { ATTACKED, groupMethod, isProven, pairsMethod, runAttack } from './attacks.ts'
import type { Outcome } from './attacks.ts'

/** `npm run bench:attacks`: what two attackers of eight do to the honest ones, with plain means and with each robust rule. */
const SEEDS = [1, 2] as const
const GROUP_RULES = ROBUST_RULES.filter(rule => rule !== 'mean')

type Method = ReturnType<typeof pairsMethod>

function outcomes (method: Method, kind: AttackKind | undefined): readonly Outcome[] {
  return SEEDS.map(seed => runAttack(method, kind, seed))
}

/** Held-out loss over that of the honest swarm with plain means, the worst of the seeds. */
function ratio (attacked: readonly Outcome[], honest: readonly Outcome[]): string {
  const worst = Math.max(...attacked.map(({ loss }, at) => loss / (honest[at] as Outcome).loss))
  return worst < 10 ? worst.toFixed(3) : worst.toExponential(1)
}

function namedIn (results: readonly Outcome[]): string {
  const named = [...new Set(results.flatMap(result => result.named))].sort()
  return named.length === 0 ? 'nobody: bounded alone' : `${named.map(code => `\`${code}\``).join(', ')}${isProven(named) ? '' : ' (suspected)'}`
}

function row (cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function page (): string {
  const [pairs, groups] = [outcomes(pairsMethod(), undefined), outcomes(groupMethod(), undefined)]
  let suspected = 0
  const lines = [undefined, ...ATTACK_KINDS].map(kind => {
    const clipped = outcomes(pairsMethod('centered-clip'), kind)
    const ruled = GROUP_RULES.map(rule => outcomes(groupMethod(rule), kind))
    const accused = [clipped, ...ruled].flat().flatMap(({ accusedHonest }) => accusedHonest)
    if (accused.some(sentence => !sentence.endsWith(': FAR_CONTRIBUTION'))) throw new Error(`honest peers were blamed: ${accused.join('; ')}`)
    suspected += accused.length
    return row([
      kind ?? 'none: all eight are honest', ratio(outcomes(pairsMethod(), kind), pairs), `**${ratio(clipped, pairs)}**`, ratio(outcomes(groupMethod(), kind), groups),
      ...ruled.map(results => ratio(results, groups)), kind === undefined ? '' : namedIn([...clipped, ...ruled.flat()])
    ])
  })
  return `# Two of eight attack

Held-out loss of the honest replicas over that of an honest swarm of eight with plain means, the worse of seeds ${SEEDS.join(' and ')}: ${ATTACKED.attackers} of ${ATTACKED.peers} peers attack
from the first round on. Softmax regression in virtual time, one machine a peer, forty rounds of ten steps, contributions in fp32; written by
\`npm run bench:attacks\` (testnet/experiments/attacks-page.ts), and held to 1.05 in the tests. Which codes of \`shoal peers --rejected\` name the attackers stands at the end of a line;
no honest peer was blamed for anything proven; in ${lines.length * (GROUP_RULES.length + 1) * SEEDS.length} runs ${suspected} honest ${suspected === 1 ? 'one was' : 'ones were'} suspected (\`FAR_CONTRIBUTION\`), which
costs a contribution and a twentieth of what a ban takes.

| attack | pairs, mean | pairs, centered-clip | everybody, mean | ${GROUP_RULES.join(' | ')} | named |
|---|${'---|'.repeat(GROUP_RULES.length + 4)}
${lines.join('\n')}

What each attacker does is in testnet/simulator/attackers.ts. \`NaN\`, payloads that no codec writes and repeated payloads are proven by their bytes alone; what is merely far from the
others is refused and said to be suspected; what stays within the usual distance moves an honest peer by no more than an honest member would. Robust rules apply to contributions: in a group, the
owner of a part sends its mean to all, and a lying owner is bounded by the distance check alone ([THREAT-MODEL.md](../../THREAT-MODEL.md)).
`
}

const file = join(fileURLToPath(new URL('../../../docs/results', import.meta.url)), 'attacks.md')
await writeFileAtomically(file, [new TextEncoder().encode(page())])
process.stdout.write(`${file}\n`)
