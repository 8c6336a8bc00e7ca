import type { presets } from './presets.ts'

/** Where each preset was published. */
export const presetSources = {
  ddp: 'Li et al., PyTorch Distributed, VLDB 2020',
  fedavg: 'McMahan et al. 2017, arXiv 1602.05629',
  diloco: 'arXiv 2311.08105, 2503.09799',
  'streaming-diloco': 'arXiv 2501.18512',
  noloco: 'arXiv 2506.10911',
  sparta: 'SPARTA, EXO gym',
  co2: 'arXiv 2401.16265',
  sparseloco: 'arXiv 2508.15706',
  demo: 'arXiv 2411.19870',
  dgc: 'arXiv 1712.01887',
  'decoupled-diloco': 'arXiv 2604.21428',
  'branch-train-merge': 'arXiv 2208.03306',
  shoal: 'ours',
  'fedavg-pairs': 'McMahan et al. 2017 as gossip',
  solo: 'a control: nobody averages'
} as const satisfies Record<keyof typeof presets, string>
