import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseExecutor } from '../../../src/cli/parse-executor.ts'
import { parseWarmer } from '../../../src/cli/parse-warmer.ts'
import { refusal } from './refusal.ts'

/**
 * Every flag of kaniko's executor, with a value that asks for something, and what becomes of it here:
 * "works" (an option has the value), "no-op" (one line in the debug log says so), "refused" (by name), "old" (a warning).
 */
const executor: readonly (readonly [flag: string, value: string | undefined, fate: Fate])[] = [
  ['dockerfile', 'x', 'works'],
  ['context', 'x', 'works'],
  ['context-sub-path', 'x', 'works'],
  ['bucket', 'x', 'refused'],
  ['destination', 'r/x', 'works'],
  ['no-push', undefined, 'works'],
  ['no-push-cache', undefined, 'works'],
  ['cache', undefined, 'works'],
  ['cache-repo', 'r/x', 'works'],
  ['cache-dir', '/x', 'works'],
  ['cache-ttl', '6h', 'works'],
  ['cache-copy-layers', undefined, 'works'],
  ['cache-run-layers', 'false', 'works'],
  ['compressed-caching', 'false', 'no-op'],
  ['compression', 'zstd', 'works'],
  ['compression-level', '9', 'works'],
  ['build-arg', 'A=b', 'works'],
  ['label', 'a=b', 'works'],
  ['annotation', 'a=b', 'works'],
  ['target', 'x', 'works'],
  ['custom-platform', 'linux/s390x', 'works'],
  ['snapshot-mode', 'redo', 'works'],
  ['single-snapshot', undefined, 'works'],
  ['use-new-run', undefined, 'no-op'],
  ['reproducible', undefined, 'works'],
  ['cleanup', undefined, 'works'],
  ['pre-cleanup', undefined, 'no-op'],
  ['preserve-context', undefined, 'works'],
  ['materialize', undefined, 'refused'],
  ['dryrun', undefined, 'works'],
  ['secret', 'id=x,src=y', 'works'],
  ['image-format', 'docker', 'works'],
  ['credential-helpers', 'env', 'works'],
  ['kaniko-dir', '/x', 'works'],
  ['tar-path', 'x', 'works'],
  ['oci-layout-path', 'x', 'works'],
  ['digest-file', 'x', 'works'],
  ['image-name-with-digest-file', 'x', 'works'],
  ['image-name-tag-with-digest-file', 'x', 'works'],
  ['ignore-path', '/x', 'works'],
  ['ignore-var-run', undefined, 'works'],
  ['skip-unused-stages', undefined, 'no-op'],
  ['force-build-metadata', undefined, 'no-op'],
  ['skip-push-permission-check', undefined, 'no-op'],
  ['image-fs-extract-retry', '1', 'refused'],
  ['image-download-retry', '1', 'works'],
  ['push-retry', '1', 'works'],
  ['push-ignore-immutable-tag-errors', undefined, 'works'],
  ['insecure', undefined, 'works'],
  ['insecure-pull', undefined, 'works'],
  ['insecure-registry', 'x', 'works'],
  ['skip-tls-verify', undefined, 'works'],
  ['skip-tls-verify-pull', undefined, 'works'],
  ['skip-tls-verify-registry', 'x', 'works'],
  ['registry-certificate', 'x=/y', 'works'],
  ['registry-client-cert', 'x=/y,/z', 'works'],
  ['registry-map', 'x=y', 'works'],
  ['registry-mirror', 'x', 'works'],
  ['skip-default-registry-fallback', undefined, 'works'],
  ['git', 'branch=x', 'works'],
  ['force', undefined, 'works'],
  ['verbosity', 'debug', 'works'],
  ['log-format', 'json', 'works'],
  ['log-timestamp', undefined, 'works'],
  ['azure-container-registry-config', 'x', 'no-op'],
  ['snapshotMode', 'redo', 'old'],
  ['customPlatform', 'linux/s390x', 'old'],
  ['tarPath', 'x', 'old'],
  ['whitelist-var-run', undefined, 'old'],
]

const warmer: typeof executor = [
  ['image', 'x', 'works'],
  ['dockerfile', 'x', 'works'],
  ['build-arg', 'A=b', 'works'],
  ['cache-dir', '/x', 'works'],
  ['force', undefined, 'works'],
  ['cache-ttl', '6h', 'works'],
  ['insecure-pull', undefined, 'works'],
  ['skip-tls-verify-pull', undefined, 'works'],
  ['insecure-registry', 'x', 'works'],
  ['skip-tls-verify-registry', 'x', 'works'],
  ['registry-certificate', 'x=/y', 'works'],
  ['registry-client-cert', 'x=/y,/z', 'works'],
  ['registry-map', 'x=y', 'works'],
  ['registry-mirror', 'x', 'works'],
  ['skip-default-registry-fallback', undefined, 'works'],
  ['customPlatform', 'linux/s390x', 'old'],
  ['verbosity', 'debug', 'works'],
  ['log-format', 'json', 'works'],
  ['log-timestamp', undefined, 'works'],
]

/** Flags that say something about a cache only when there is one. */
const needCache: ReadonlySet<string> = new Set(['no-push-cache', 'cache-repo'])

type Fate = 'works' | 'no-op' | 'refused' | 'old'

interface Options {
  readonly notices: readonly string[]
  readonly warnings: readonly string[]
}

function executorOptions(argv: readonly string[]): Options {
  const parsed = parseExecutor(['--destination', 'registry.example/app', ...argv], {}, '/')
  assert.ok(parsed.kind === 'build')
  return parsed.options
}

function warmerOptions(argv: readonly string[]): Options {
  const parsed = parseWarmer(['--image', 'debian', ...argv], {}, '/')
  assert.ok(parsed.kind === 'warm')
  return parsed.options
}

for (const [command, table, optionsOf] of [
  ['executor', executor, executorOptions],
  ['warmer', warmer, warmerOptions],
] as const) {
  for (const [flag, value, fate] of table) {
    const word = value === undefined ? `--${flag}` : `--${flag}=${value}`
    test(`kaniko's ${command} flag ${word}: ${fate}`, () => {
      if (fate === 'refused') {
        assert.throws(() => optionsOf([word]), refusal('usage', `--${flag} is not supported yet`))
        return
      }
      const beside = needCache.has(flag) ? ['--cache'] : []
      const [before, after] = [optionsOf(beside), optionsOf([...beside, word])]
      const { notices, warnings, ...options } = after
      const { notices: _, warnings: __, ...defaults } = before
      const expected = { notices: fate === 'no-op', warnings: fate === 'old' }
      assert.deepEqual({ notices: notices.length === 1, warnings: warnings.length === 1 }, expected)
      for (const text of [...notices, ...warnings]) assert.match(text, /^(?:Flag )?--/)
      if (fate === 'works' || fate === 'old') assert.notDeepEqual(options, defaults)
      else assert.deepEqual(options, defaults)
    })
  }
}
