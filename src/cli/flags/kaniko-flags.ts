import type { Fate, Flag, FlagKind } from './flag.ts'

const alwaysPruned = 'stages the target does not need are never built'

/** Kaniko's flags that are not in our help: older spellings, those without a meaning here, those not supported yet. */
export const kanikoFlags: readonly Flag[] = [
  deprecated('snapshotMode', 'text', 'snapshot-mode'),
  deprecated('customPlatform', 'text', 'custom-platform'),
  deprecated('tarPath', 'text', 'tar-path'),
  deprecated('whitelist-var-run', 'boolean', 'ignore-var-run'),

  noOp('pre-cleanup', 'boolean', 'a root is always empty before a stage gets it'),
  noOp('skip-unused-stages', 'boolean', alwaysPruned),
  noOp('force-build-metadata', 'boolean', 'metadata is always part of the image'),
  noOp('use-new-run', 'boolean', 'there is one way to find changes, and it finds all'),
  noOp('compressed-caching', 'boolean', 'layers are never held in memory', 'true'),
  noOp('skip-push-permission-check', 'boolean', 'pushing finds out by itself'),
  noOp('azure-container-registry-config', 'text', 'kaniko does not use it either'),

  unsupported('bucket', 'text', { instead: 'Give the directory with --context.', alias: 'b' }),
  unsupported('materialize', 'boolean', { default: 'false' }),
  unsupported('image-fs-extract-retry', 'integer', { default: '0' }),
]

/** Those of them that kaniko's warmer has as well. */
export const kanikoWarmerFlags: readonly Flag[] = [deprecated('customPlatform', 'text', 'custom-platform')]

function deprecated(name: string, kind: FlagKind, use: string): Flag {
  return quiet({ name, kind }, { kind: 'deprecated', use })
}

function noOp(name: string, kind: FlagKind, because: string, fallback?: string): Flag {
  return quiet({ name, kind, ...(fallback === undefined ? {} : { default: fallback }) }, { kind: 'no-op', because })
}

interface Unsupported {
  readonly instead?: string
  readonly alias?: string
  /** The value that asks for nothing; the empty text unless given. */
  readonly default?: string
}

function unsupported(name: string, kind: FlagKind, o: Unsupported): Flag {
  const { instead, ...more } = o
  return quiet({ name, kind, ...more }, { kind: 'unsupported', ...(instead === undefined ? {} : { instead }) })
}

function quiet(flag: Pick<Flag, 'name' | 'kind' | 'alias' | 'default'>, fate: Fate): Flag {
  return { ...flag, description: '', group: '', fate }
}
