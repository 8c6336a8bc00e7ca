import { cpus, loadavg } from 'node:os'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const folder = new URL('../../docs/results/', import.meta.url)

function modelSection ({ model, parameters, configuration, tokensPerStep, tokensPerSecond, teraflops, shareOfPeak, stepMs, firstStepMs, deviceMiB, timing, byShader, passes }) {
  const rows = byShader?.map(({ shader, calls, ms, share }) => `| ${shader} | ${calls} | ${ms} | ${(share * 100).toFixed(1)} % |`)
  return `## ${model}: ${(parameters / 1e6).toPrecision(3)} M parameters

${configuration}; ${tokensPerStep} tokens a step, AdamW, float32.

| | |
|---|---|
| tokens a second | ${tokensPerSecond} |
| TFLOP/s | ${teraflops} |
| share of the peak | ${shareOfPeak === undefined ? 'peak not given' : `${(shareOfPeak * 100).toFixed(1)} %`} |
| step, median · best | ${stepMs.median} · ${stepMs.best} ms |
| first step, which compiles the shaders unless the driver has kept them | ${firstStepMs} ms |
| memory on the device | ${deviceMiB} MiB |

${rows === undefined ? 'The device tells no times of single kernels: it lacks timestamp-query.' : `One step by kernel, ${passes} calls, ${timing}:

| kernel | calls | ms | share |
|---|---|---|---|
${rows.join('\n')}`}
`
}

function page ({ device, isEmulated, node, peakTeraflops, command, load, products, models }) {
  const honesty = isEmulated
    ? `**No real graphics card has been measured.** The device below is the processor, through a software driver: the numbers show that everything runs, and nothing about a card. On one, \`npm run bench:webgpu -- --model medium,gpt2-small --peak <TFLOP/s> --write\` measures 11 M and 124 M parameters and rewrites this page.`
    : 'The peak is the one that `--peak` gave, of float32 without tensor cores, which the shaders do not use.'
  return `# Training on WebGPU, measured

${honesty}

Command: \`${command}\`. Setup: ${device}; Node ${node}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, load ${load} when it began. Peak: ${peakTeraflops === undefined ? 'not given' : `${peakTeraflops} TFLOP/s`}.

A step counts 6 · tokens · (12 · layers · width² + vocabulary · width + layers · context · width) operations: two a multiplication and addition, forwards once and backwards twice, attention for its causal half. TFLOP/s are those operations over the median step.

| square product | TFLOP/s |
|---|---|
${products.map(({ size, teraflops }) => `| ${size}² | ${teraflops} |`).join('\n')}

${models.map(modelSection).join('\n')}`
}

export const load = loadavg()[0]?.toFixed(1) ?? 'unknown'

/** Writes docs/results/webgpu.{md,json}. */
export async function writePage (results) {
  await writeFile(fileURLToPath(new URL('webgpu.json', folder)), `${JSON.stringify(results, null, 1)}\n`)
  await writeFile(fileURLToPath(new URL('webgpu.md', folder)), page(results))
}
