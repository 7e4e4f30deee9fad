import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Variables } from '../../../src/cli/environment.ts'
import { UsageError } from '../../../src/cli/flags/usage.ts'
import { parseWarmer } from '../../../src/cli/parse-warmer.ts'
import type { WarmerOptions } from '../../../src/cli/warmer-options.ts'
import { parseReference } from '../../../src/oci/reference.ts'
import { refusal } from './refusal.ts'

function options(argv: readonly string[], env: Variables = {}): WarmerOptions {
  const parsed = parseWarmer(argv, env, '/home/x')
  assert.ok(parsed.kind === 'warm')
  return parsed.options
}

test("the defaults are kaniko's", () => {
  const { environment, registry, log, platform, buildPlatform, ...rest } = options(['-i', 'debian:12'])
  assert.deepEqual(rest, {
    images: [{ reference: parseReference('debian:12') }],
    buildArgs: {},
    cacheDir: '/cache',
    cacheTtlMs: 336 * 3600_000,
    cacheMaxSize: undefined,
    force: false,
    refused: [],
    imageDownloadRetry: 0,
    notices: [],
    warnings: [],
  })
  assert.deepEqual(
    [platform, log.level, environment.cwd, registry.insecurePull],
    [buildPlatform, 'info', '/home/x', false],
  )
})

test('every flag takes its value, and images add up', () => {
  const argv = [
    '-ia',
    '--image=b:2',
    '-i',
    'oci:/l:c:3',
    '-d',
    'D',
    '--build-arg',
    'X',
    '-c/c',
    '-f',
    '--cache-ttl=1h',
    '--cache-max-size=10GiB',
  ]
  const more = [
    '--custom-platform=linux/arm64',
    '--image-download-retry=4',
    '--insecure-pull',
    '--skip-tls-verify-pull',
  ]
  const { environment, buildPlatform, registry, ...rest } = options([...argv, ...more, '-vwarn'], { X: 'y' })
  assert.deepEqual(rest, {
    images: [
      { reference: parseReference('a') },
      { reference: parseReference('b:2') },
      { reference: parseReference('c:3'), layout: { directory: '/l', name: 'c:3' } },
    ],
    dockerfile: 'D',
    buildArgs: { X: 'y' },
    cacheDir: '/c',
    cacheTtlMs: 3600_000,
    cacheMaxSize: 10 * 2 ** 30,
    force: true,
    refused: [],
    imageDownloadRetry: 4,
    platform: { os: 'linux', architecture: 'arm64' },
    log: { level: 'warn', format: 'color', timestamp: false },
    notices: [],
    warnings: [],
  })
  assert.deepEqual([registry.insecurePull, registry.skipTlsVerifyPull, registry.insecure], [true, true, false])
})

test('the mirrors of the environment count, too', () => {
  const env = { KANIKO_REGISTRY_MIRROR: 'm.example', KANIKO_REGISTRY_MAP: 'r.example=n.example' }
  assert.deepEqual(Object.fromEntries(options(['-ia'], env).registry.mirrors), {
    'index.docker.io': ['m.example'],
    'r.example': ['n.example'],
  })
})

test("kaniko's own spelling of --custom-platform works, with a warning", () => {
  const { platform, warnings } = options(['-ia', '--customPlatform', 'linux/arm/v7'])
  assert.deepEqual(platform, { os: 'linux', architecture: 'arm', variant: 'v7' })
  assert.match(warnings.join('\n'), /customPlatform.*deprecated/)
})

test('an image or a Dockerfile is needed, in the words of kaniko', () => {
  for (const argv of [[], ['-c', '/c'], ['--dockerfile=']]) {
    assert.throws(
      () => parseWarmer(argv, {}, '/'),
      refusal(
        'usage',
        'you must select at least one image to cache or a dockerfilepath to parse',
        /--image.*--dockerfile/,
      ),
    )
  }
  assert.equal(options(['-dD']).images.length, 0)
})

test('what makes no sense is refused, with the usage', () => {
  const wrong = [
    [['-i', 'UPPER'], 'reference-invalid', /^--image: "UPPER"/],
    [['-i', ''], 'reference-invalid', /^--image/],
    [['-i', 'a,b'], 'reference-invalid', /"a,b"/],
    [['-i', 'oci:/l'], 'reference-invalid', /^--image: "oci:\/l"/],
    [['-ia', '--cache-dir='], 'usage', /--cache-dir must not be empty/],
    [['-ia', '--imagee', 'b'], 'usage', /unknown flag: --imagee/],
    [['-ia', '--force', 'true'], 'usage', /unknown command "true" for "warmer"/],
    [['push'], 'usage', /unknown command "push" for "warmer"/],
    [['-ia', '--destination=b'], 'usage', /unknown flag: --destination/],
    [['-ia', '--custom-platform=linux'], 'usage', /--custom-platform/],
    [['-ia', '--registry-certificate=a=b'], 'usage', /--registry-certificate is not supported yet/],
  ] as const
  for (const [argv, code, message] of wrong) {
    assert.throws(() => parseWarmer(argv, {}, '/'), refusal(code, message))
    assert.throws(
      () => parseWarmer(argv, {}, '/'),
      (error) => error instanceof UsageError && /--image/.test(error.usage),
    )
  }
})

test('version and help need no image', () => {
  assert.deepEqual(parseWarmer(['version'], {}, '/'), { kind: 'version' })
  for (const argv of [['help'], ['-h'], ['--help']]) assert.equal(parseWarmer(argv, {}, '/').kind, 'help')
})
