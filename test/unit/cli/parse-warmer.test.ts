import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Variables } from '../../../src/cli/environment.ts'
import { UsageError } from '../../../src/cli/flags/usage.ts'
import { parseWarmer } from '../../../src/cli/parse-warmer.ts'
import type { WarmerOptions } from '../../../src/cli/warmer-options.ts'
import { parsePlatform } from '../../../src/oci/platform.ts'
import { parseReference } from '../../../src/oci/reference.ts'
import { refusal } from './refusal.ts'

function options(argv: readonly string[], env: Variables = {}): WarmerOptions {
  const parsed = parseWarmer(argv, env, '/home/x')
  assert.ok(parsed.kind === 'warm')
  return parsed.options
}

test("the defaults are kaniko's", () => {
  const { environment, registry, log, wishes, ...rest } = options(['-i', 'debian:12'])
  const { platforms, buildPlatform, ...named } = wishes
  assert.deepEqual(named, {
    images: [{ reference: parseReference('debian:12') }],
    lists: [],
    dockerfiles: [],
    buildArgs: {},
    matrix: new Map(),
    cwd: '/home/x',
  })
  assert.deepEqual(rest, {
    cacheDir: '/cache',
    cacheTtlMs: 336 * 3600_000,
    cacheMaxSize: undefined,
    force: false,
    unpack: false,
    locked: false,
    parallel: 4,
    format: 'text',
    failOn: 'any',
    progressMs: 10_000,
    refused: [],
    imageDownloadRetry: 0,
    notices: [],
    warnings: [],
  })
  assert.deepEqual(
    [platforms, log.level, environment.cwd, registry.insecurePull],
    [[buildPlatform], 'info', '/home/x', false],
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
    '--unpack',
    '--insecure-pull',
    '--skip-tls-verify-pull',
    '--image-list=one',
    '--image-list=two',
    '--dockerfile=E',
    '--build-arg-matrix=V=1,2',
    '--build-arg-matrix=V=2,3',
    '--custom-platform=linux/amd64,linux/arm/v7',
    '--lock-file=lock.json',
    '--locked',
    '--parallel=2',
    '--format=json',
    '--report=r.json',
    '--fail-on=all',
    '--progress=0',
  ]
  const { environment, registry, wishes, ...rest } = options([...argv, ...more, '-vwarn'], { X: 'y' })
  const { buildPlatform, ...named } = wishes
  assert.deepEqual(named, {
    images: [
      { reference: parseReference('a') },
      { reference: parseReference('b:2') },
      { reference: parseReference('c:3'), layout: { directory: '/l', name: 'c:3' } },
    ],
    lists: ['one', 'two'],
    dockerfiles: ['D', 'E'],
    buildArgs: { X: 'y' },
    matrix: new Map([['V', ['1', '2', '3']]]),
    platforms: ['arm64', 'amd64', 'arm/v7'].map((architecture) => parsePlatform(`linux/${architecture}`)),
    cwd: '/home/x',
  })
  assert.deepEqual(rest, {
    lockFile: 'lock.json',
    locked: true,
    parallel: 2,
    format: 'json',
    report: 'r.json',
    failOn: 'all',
    progressMs: 0,
    cacheDir: '/c',
    cacheTtlMs: 3600_000,
    cacheMaxSize: 10 * 2 ** 30,
    force: true,
    unpack: true,
    refused: [],
    imageDownloadRetry: 4,
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
  const { wishes, warnings } = options(['-ia', '--customPlatform', 'linux/arm/v7'])
  const [platform] = wishes.platforms
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
  assert.equal(options(['-dD']).wishes.images.length, 0)
  assert.deepEqual(options(['--image-list=L']).wishes.lists, ['L'])
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
    [['-ia', '--registry-certificate=a'], 'usage', /--registry-certificate must be of the form/],
    [['-ia', '--custom-platform=linux'], 'platform-invalid', /--custom-platform/],
    [['-ia', '--custom-platform=linux/amd64,arm64'], 'platform-invalid', /--custom-platform: "arm64"/],
    [['-ia', '--build-arg-matrix=V'], 'usage', /--build-arg-matrix must be NAME=value/],
    [['-ia', '--build-arg-matrix=V='], 'usage', /--build-arg-matrix must be NAME=value/],
    [['-ia', '--build-arg=V=1', '--build-arg-matrix=V=2'], 'usage', /V has both/],
    [['-ia', ...['A', 'B', 'C', 'D', 'E', 'F'].map((name) => `--build-arg-matrix=${name}=1,2,3,4`)], 'usage', /4096/],
    [['-ia', '--locked'], 'usage', /--locked needs a lock file/],
    [['-ia', '--parallel=0'], 'usage', /--parallel must be at least 1/],
    [['-ia', '--fail-on=none'], 'usage', /must be one of any, all/],
    [['-ia', '--progress=10'], 'usage', /missing unit/],
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
