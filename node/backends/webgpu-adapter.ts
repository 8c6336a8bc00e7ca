import { reasonOf } from '../../src/errors.ts'
import type { GpuDevice, GpuLimits } from '../../src/kernels/webgpu/device.ts'
import { unavailable } from './contract.ts'

/** The optional package that brings Dawn, Chromium's WebGPU, to Node; named apart because it may be missing. */
const DAWN_PACKAGE: string = 'webgpu'
/** Buffers that our largest shader binds besides its scalars. */
const STORAGE_BUFFERS = 6

export interface AdapterInfo {
  readonly vendor: string
  readonly architecture: string
  readonly device: string
  readonly description: string
  readonly isFallbackAdapter?: boolean
}

interface GpuAdapter {
  readonly info: AdapterInfo
  readonly features: { has (feature: string): boolean }
  readonly limits: GpuLimits & Readonly<Record<string, number>>
  requestDevice (descriptor: { readonly requiredFeatures: readonly string[], readonly requiredLimits: Readonly<Record<string, number>> }): Promise<GpuDevice>
}

interface Gpu {
  requestAdapter (options: { readonly powerPreference: 'high-performance' }): Promise<GpuAdapter | null>
}

interface Dawn {
  readonly create: (options: readonly string[]) => Gpu
  readonly globals: object
}

/** Taken as far as the adapter goes: what tfjs asks for, and the buffers that our shaders bind. */
const LIMITS = [
  'maxComputeWorkgroupStorageSize', 'maxComputeWorkgroupsPerDimension', 'maxStorageBufferBindingSize', 'maxBufferSize',
  'maxComputeWorkgroupSizeX', 'maxComputeInvocationsPerWorkgroup'
] as const

export interface OpenedDevice {
  readonly device: GpuDevice
  readonly info: AdapterInfo
  /** Whether the processor only pretends to be a graphics device. */
  readonly isSoftware: boolean
}

/**
 * Opens the system's fastest graphics device, and leaves `navigator.gpu` as a browser has it, which tfjs looks for.
 *
 * @param dawnOptions as the `webgpu` package takes them; for measuring
 * @throws ShoalError BACKEND_UNAVAILABLE when there is no package, no driver, or a driver that lacks what we need
 */
export async function openDevice (dawnOptions: readonly string[] = []): Promise<OpenedDevice> {
  const adapter = await (await offerGpu(dawnOptions)).requestAdapter({ powerPreference: 'high-performance' })
  if (adapter === null) throw unavailable('webgpu', 'no driver offers a graphics device (Vulkan on Linux, Metal on macOS, Direct3D 12 on Windows)')
  const { info, limits } = adapter
  const buffers = limits['maxStorageBuffersPerShaderStage'] ?? 0
  if (buffers < STORAGE_BUFFERS) throw unavailable('webgpu', `${adapterName(info)} binds ${buffers} buffers to a shader, and ours need ${STORAGE_BUFFERS}`)
  try {
    const device = await adapter.requestDevice({
      requiredFeatures: ['timestamp-query'].filter(feature => adapter.features.has(feature)),
      requiredLimits: Object.fromEntries(LIMITS.map(limit => [limit, limits[limit] ?? 0]))
    })
    return { device, info, isSoftware: info.isFallbackAdapter === true }
  } catch (error) {
    throw unavailable('webgpu', `${adapterName(info)} gives no device: ${reasonOf(error)}`, error)
  }
}

/** `nvidia NVIDIA H100`, `mesa llvmpipe`: vendor and device as far as the driver tells them. */
export function adapterName ({ vendor, device, description }: AdapterInfo): string {
  return [vendor, description === '' ? device : description].filter(part => part !== '').join(' ') || 'a nameless device'
}

/** Dawn's objects are global for good: they must outlive every buffer, and only one instance is needed. */
async function offerGpu (dawnOptions: readonly string[]): Promise<Gpu> {
  const { navigator } = globalThis as { navigator?: { readonly gpu?: Gpu } }
  if (navigator?.gpu !== undefined) return navigator.gpu
  const { create, globals } = await importDawn()
  Object.assign(globalThis, globals)
  const gpu = create(dawnOptions)
  const property = { configurable: true, enumerable: true, value: gpu }
  if (navigator !== undefined) Object.defineProperty(navigator, 'gpu', property)
  // Node 20 has no navigator; others look for its name once there is one, so it says what Node 21 says.
  else Object.defineProperty(globalThis, 'navigator', { configurable: true, value: Object.defineProperty({ userAgent: `Node.js/${process.versions.node.split('.')[0] ?? ''}` }, 'gpu', property) })
  return gpu
}

async function importDawn (): Promise<Dawn> {
  try {
    return await import(DAWN_PACKAGE) as Dawn
  } catch (error) {
    const isMissing = (error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND'
    throw unavailable('webgpu', isMissing ? 'the package webgpu is not installed (npm install webgpu)' : `the package webgpu does not load: ${reasonOf(error)}`, error)
  }
}
