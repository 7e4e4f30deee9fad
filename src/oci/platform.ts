import { HearthError } from '../errors.ts'

/** Operating system, architecture and variant, in the words of the OCI image index. */
export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
  readonly osVersion?: string
}

const aliases: Readonly<Record<string, Omit<Platform, 'os'>>> = {
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  aarch64: { architecture: 'arm64' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
  i386: { architecture: '386' },
  i686: { architecture: '386' },
  x64: { architecture: 'amd64' },
  ia32: { architecture: '386' },
}

/** Parses "os/arch", "os/arch/variant" or "arch"; containerd's aliases (x86_64, aarch64, …) are understood. */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/').map((part) => part.trim().toLowerCase())
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) throw badPlatform(text)
  if (parts.length === 1) return normalizePlatform({ os: 'linux', architecture: parts[0] as string })
  const [os, architecture, variant] = parts as [string, string, string?]
  return normalizePlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) })
}

/** One spelling per platform: arm64/v8 is arm64, amd64/v1 is amd64, plain arm is arm/v7. */
export function normalizePlatform(platform: Platform): Platform {
  const alias = aliases[platform.architecture]
  const architecture = alias?.architecture ?? platform.architecture
  const variant = platform.variant ?? alias?.variant ?? (architecture === 'arm' ? 'v7' : undefined)
  const dropped = (architecture === 'arm64' && variant === 'v8') || (architecture === 'amd64' && variant === 'v1')
  return {
    os: platform.os,
    architecture,
    ...(variant === undefined || variant === '' || dropped ? {} : { variant }),
    ...(platform.osVersion === undefined ? {} : { osVersion: platform.osVersion }),
  }
}

/** The platform of a machine, given Node's name of its architecture (`process.arch`). */
export function hostPlatform(nodeArch: string): Platform {
  return normalizePlatform({ os: 'linux', architecture: nodeArch })
}

export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter((part) => part !== undefined).join('/')
}

export function samePlatform(a: Platform, b: Platform): boolean {
  return formatPlatform(normalizePlatform(a)) === formatPlatform(normalizePlatform(b))
}

/** The image that suits `wanted` best: its own variant first, else (for arm) the highest older variant. */
export function pickPlatform<T extends { readonly platform?: Platform }>(
  candidates: readonly T[],
  wanted: Platform,
): T | undefined {
  const exact = candidates.find((c) => c.platform !== undefined && samePlatform(c.platform, wanted))
  if (exact !== undefined) return exact
  const related = candidates.filter((c) => {
    if (c.platform === undefined) return false
    const p = normalizePlatform(c.platform)
    return p.os === wanted.os && p.architecture === wanted.architecture && (p.variant ?? '') <= (wanted.variant ?? '')
  })
  return related.sort((a, b) => (b.platform?.variant ?? '').localeCompare(a.platform?.variant ?? ''))[0]
}

/** Reads the `platform` object of an image index entry. */
export function parsePlatformObject(value: unknown): Platform {
  const p = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const text = (name: string): string | undefined => (typeof p[name] === 'string' ? (p[name] as string) : undefined)
  const variant = text('variant')
  const osVersion = text('os.version')
  return {
    os: text('os') ?? '',
    architecture: text('architecture') ?? '',
    ...(variant === undefined ? {} : { variant }),
    ...(osVersion === undefined ? {} : { osVersion }),
  }
}

function badPlatform(text: string): HearthError {
  return new HearthError({
    code: 'platform-invalid',
    message: `"${text}" is not a platform`,
    fix: 'Write it as os/architecture[/variant], for example linux/amd64 or linux/arm/v7.',
  })
}
