import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Variables } from '../../../src/cli/environment.ts'
import type { ExecutorOptions } from '../../../src/cli/executor-options.ts'
import { UsageError } from '../../../src/cli/flags/usage.ts'
import { parseExecutor } from '../../../src/cli/parse-executor.ts'
import { refusal } from './refusal.ts'

function options(argv: readonly string[], env: Variables = {}): ExecutorOptions {
  const parsed = parseExecutor(argv, env, '/home/x')
  assert.ok(parsed.kind === 'build')
  return parsed.options
}

function refused(argv: readonly string[], ...expected: Parameters<typeof refusal>): void {
  assert.throws(() => parseExecutor(argv, {}, '/'), refusal(...expected))
}

test("the defaults are kaniko's", () => {
  const { environment, registry, log, ...rest } = options(['--no-push'])
  const { platform, buildPlatform, ...plain } = rest
  assert.deepEqual(plain, {
    dockerfile: 'Dockerfile',
    context: '/workspace/',
    destinations: [],
    push: false,
    buildArgs: {},
    wishes: { epoch: undefined, hostname: undefined },
    secrets: new Map(),
    agents: new Map(),
    labels: {},
    annotations: {},
    alsoBuilt: [],
    buildContexts: new Map(),
    git: { submodules: false, insecureSkipTls: false, depth: 1, pullMethod: 'https' },
    cache: false,
    cacheDir: '/cache',
    cachePlaces: { local: { read: true, write: true }, remotes: [] },
    cacheTtlMs: 336 * 3600_000,
    cacheMaxSize: undefined,
    cacheMountMaxSize: undefined,
    cacheRunLayers: 'all',
    cacheCopyLayers: 'local',
    explain: 'text',
    cacheUnpacked: false,
    sameStepWaitMs: 30 * 60_000,
    singleSnapshot: false,
    snapshotMode: 'full',
    reproducible: false,
    compression: { compression: 'gzip', compressionLevel: 6 },
    imageFormat: 'oci',
    pushRetry: 0,
    keepsImmutableTags: false,
    imageDownloadRetry: 0,
    dryrun: false,
    planFormat: 'text',
    isolation: 'auto',
    cleanUp: false,
    preserveContext: false,
    ignorePaths: [],
    ignoreVarRun: false,
    force: false,
    notices: [],
    warnings: [],
  })
  assert.deepEqual(platform, buildPlatform)
  assert.equal(platform.os, 'linux')
  assert.deepEqual(log, { level: 'info', format: 'color', timestamp: false })
  assert.deepEqual([environment.cwd, registry.mirrors.size, registry.fallback], ['/home/x', 0, true])
})

test('every option that works takes its value', () => {
  const argv = [
    ['-f', 'their.Dockerfile', '-cdir://src', '--destination=r.example/a:1', '-d', 'r.example/b', '--no-push-cache'],
    ['--tar-path=t', '--oci-layout-path=o', '--digest-file=d', '--image-name-with-digest-file=n'],
    [
      '--image-name-tag-with-digest-file=nt',
      '--build-arg=A=1,2=3',
      '--secret=id=s,src=x',
      '--ssh=default=/agent',
      '--label',
      'l=a,b',
      '--annotation=n=c',
    ],
    [
      '--target=s,t',
      '--target',
      '2',
      '--build-context=x=sub',
      '--cache',
      '--cache-dir=/c',
      '--cache-repo=oci:/r',
      '--cache-ttl=90m',
      '--cache-max-size=10GiB',
      '--cache-mount-max-size=1GiB',
      '--cache-run-layers=false',
    ],
    [
      '--cache-copy-layers',
      '--cache-unpacked',
      '--single-snapshot',
      '--snapshot-mode=time',
      '--reproducible',
      '--push-retry=2',
      '--explain=json',
    ],
    ['--image-download-retry=3', '--custom-platform=linux/arm/v6', '--dryrun', '--work-dir=/w', '--force'],
    ['-vtrace', '--log-format=json', '--log-timestamp', '--isolation=in-place', '--cleanup', '--ignore-path=/a,b'],
    ['--ignore-path', '/c*', '--ignore-var-run', '--preserve-context', '--kaniko-dir=k', '--context-sub-path=a/b'],
    ['--git=branch=x,recurse-submodules=true', '--git', 'insecure-skip-tls=true', '--git=depth=0'],
  ]
  const { environment, registry, buildPlatform, ...rest } = options(argv.flat())
  assert.deepEqual(rest, {
    dockerfile: 'their.Dockerfile',
    context: 'dir://src',
    contextSubPath: 'a/b',
    git: { branch: 'x', submodules: true, insecureSkipTls: true, depth: 0, pullMethod: 'https' },
    destinations: ['r.example/a:1', 'r.example/b'],
    push: true,
    tarPath: 't',
    ociLayoutPath: 'o',
    digestFile: 'd',
    imageNameWithDigestFile: 'n',
    imageNameTagWithDigestFile: 'nt',
    buildArgs: { A: '1,2=3' },
    wishes: { epoch: undefined, hostname: undefined },
    secrets: new Map([['s', { kind: 'file', path: 'x' }]]),
    agents: new Map([['default', '/agent']]),
    labels: { l: 'a,b' },
    annotations: { n: 'c' },
    target: 's',
    alsoBuilt: ['t', '2'],
    buildContexts: new Map([['index.docker.io/library/x:latest', { kind: 'files', name: 'x', place: '/home/x/sub' }]]),
    cache: true,
    cacheDir: '/c',
    cachePlaces: { local: { read: true, write: true }, remotes: [{ name: 'oci:/r', read: true, write: false }] },
    cacheTtlMs: 90 * 60_000,
    cacheMaxSize: 10 * 2 ** 30,
    cacheMountMaxSize: 2 ** 30,
    cacheRunLayers: 'none',
    cacheCopyLayers: 'all',
    explain: 'json',
    cacheUnpacked: true,
    sameStepWaitMs: 30 * 60_000,
    singleSnapshot: true,
    snapshotMode: 'time',
    reproducible: true,
    compression: { compression: 'gzip', compressionLevel: 6 },
    imageFormat: 'oci',
    pushRetry: 2,
    keepsImmutableTags: false,
    imageDownloadRetry: 3,
    platform: { os: 'linux', architecture: 'arm', variant: 'v6' },
    log: { level: 'trace', format: 'json', timestamp: true },
    dryrun: true,
    planFormat: 'text',
    isolation: 'in-place',
    cleanUp: true,
    preserveContext: true,
    ignorePaths: ['/a,b', '/c*'],
    ignoreVarRun: true,
    kanikoDir: '/home/x/k',
    workDir: '/w',
    force: true,
    notices: [],
    warnings: [],
  })
})

test('"none" is neither the directory nor a repository', () => {
  const places = (...argv: string[]): unknown => options(['-d', 'r.example/app', '--cache', ...argv]).cachePlaces
  const repository = { name: 'r.example/app/cache', read: true, write: true }
  assert.deepEqual(places('--cache-from=none'), {
    local: { read: false, write: true },
    remotes: [{ ...repository, read: false }],
  })
  assert.deepEqual(places('--cache-to=none', '--cache-repo=r.example/app/cache'), {
    local: { read: true, write: false },
    remotes: [{ ...repository, write: false }],
  })
  const both = ['--no-push', '--cache', '--cache-from=none', '--cache-from=local']
  refused(both, 'usage', /^--cache-from: "none" stands alone/)
})

test('the cache repository is inferred from the first destination, when something is pushed', () => {
  const repo = (...argv: string[]): string | undefined => options(argv).cachePlaces.remotes[0]?.name
  assert.equal(repo('--cache', '-d', 'r.example/a/b:1', '-d', 'r.example/c'), 'r.example/a/b/cache')
  assert.equal(repo('--cache', '-d', 'app'), 'index.docker.io/library/app/cache')
  assert.equal(repo('--cache', '-d', 'app', '--no-push'), undefined)
  assert.equal(repo('--cache', '--no-push'), undefined)
  assert.equal(repo('--cache', '-d', 'app', '--cache-repo', 'r.example/own'), 'r.example/own')
})

test('places to take layers from and to bring them to are read one by one, in every spelling', () => {
  const remotes = (...argv: string[]): readonly string[] => {
    return options(['--cache', ...argv]).cachePlaces.remotes.map(({ name, read, write }) => {
      return `${name} ${read ? 'r' : ''}${write ? 'w' : ''}`
    })
  }
  const [from, to] = ['r.example/a', 'r.example/b']
  assert.deepEqual(remotes('--no-push', `--cache-from=${from}`, `--cache-to=${to}`), [`${from} r`, `${to} w`])
  assert.deepEqual(remotes('--no-push', `--cache-from=${from}`, `--cache-to=type=registry,ref=${from}`), [`${from} rw`])
  assert.deepEqual(remotes('--no-push', '--cache-from=type=local,src=/x', '--cache-to', 'type=local,dest=/x'), [
    'oci:/x rw',
  ])
  assert.deepEqual(remotes('--no-push', '--cache-from=local', '--cache-from=oci:x', `--cache-from=${from}`), [
    'oci:x r',
    `${from} r`,
  ])
  const pushed = ['-d', 'r.example/app:1']
  assert.deepEqual(remotes(...pushed), ['r.example/app/cache rw'])
  assert.deepEqual(remotes(...pushed, `--cache-from=${from}`), [`${from} r`, 'r.example/app/cache w'])
  assert.deepEqual(remotes(...pushed, '--cache-to=local'), ['r.example/app/cache r'])
  assert.deepEqual(remotes(...pushed, `--cache-repo=${to}`, `--cache-from=${from}`), [`${to} rw`, `${from} r`])
  assert.deepEqual(remotes(...pushed, '--no-push-cache', `--cache-from=${from}`), [`${from} r`])
})

test('a place for layers that cannot be used is refused by name, with what to write instead', () => {
  const wrong = [
    ['--cache-from=type=gha', /^--cache-from: type=gha is not supported/],
    ['--cache-to=type=s3,region=x', /^--cache-to: type=s3 is not supported/],
    ['--cache-to=type=inline', /^--cache-to: type=inline is not supported/],
    ['--cache-to=type=registry,ref=r.example/a,mode=min', /^--cache-to: mode= is not supported/],
    ['--cache-from=type=registry', /^--cache-from: type=registry needs ref=/],
    ['--cache-from=ref=r.example/a', /^--cache-from: there is no type=/],
    ['--cache-from=type=local,dest=/x', /^--cache-from: dest= is not supported/],
    ['--cache-from=type=local,x', /^--cache-from: "x" in "type=local,x" is not name=value/],
    ['--cache-from=oci:', /^--cache-from: "oci:" names no directory/],
  ] as const
  for (const [flag, message] of wrong) refused(['--no-push', '--cache', flag], 'usage', message)
  refused(['--no-push', '--cache', '--cache-to=r.example/a:1'], 'reference-invalid', /^--cache-to: /)
  refused(['--no-push', '--cache-from=r.example/a'], 'usage', /^--cache-from has no effect without --cache/)
  refused(['--no-push', '--cache', '--no-push-cache', '--cache-to=oci:x'], 'usage', /contradict/)
})

test('KANIKO_NO_PUSH goes before the flag, whichever way', () => {
  const push = (argv: readonly string[], value: string): boolean => options(argv, { KANIKO_NO_PUSH: value }).push
  assert.equal(push(['-d', 'a'], 'true'), false)
  assert.equal(push(['-d', 'a', '--no-push'], 'false'), true)
  assert.equal(push(['-d', 'a', '--no-push'], ''), false)
  assert.throws(() => push(['-d', 'a'], 'yes'), refusal('usage', /"yes" for KANIKO_NO_PUSH/))
})

test('a build argument without a value is taken from the environment, or is empty with a warning', () => {
  const { buildArgs, warnings } = options(
    [
      '--no-push',
      '--build-arg',
      'GIVEN',
      '--build-arg=MISSING',
      '--build-arg=EMPTY=',
      '--build-arg=T=1',
      '--build-arg=T=2',
    ],
    { GIVEN: 'outside', EMPTY: 'not this' },
  )
  assert.deepEqual(buildArgs, { GIVEN: 'outside', MISSING: '', EMPTY: '', T: '2' })
  assert.deepEqual(warnings.length, 1)
  assert.match(warnings[0] ?? '', /--build-arg MISSING/)
  assert.equal(options(['--no-push', '--build-arg', 'toString'], {}).buildArgs.toString, '')
})

test('the work directory can come from the environment, and the flag goes before it', () => {
  const env = { HEARTH_WORK_DIR: '/env' }
  assert.equal(options(['--no-push'], env).workDir, '/env')
  assert.equal(options(['--no-push', '--work-dir', '/flag'], env).workDir, '/flag')
  assert.equal(options(['--no-push'], { HEARTH_WORK_DIR: '' }).workDir, undefined)
})

test("kaniko's directory is where the work is done, unless that is said; by its flag, else by its variable", () => {
  const read = (argv: readonly string[], env = {}): readonly (string | undefined)[] => {
    const { kanikoDir, workDir } = options(['--no-push', ...argv], env)
    return [kanikoDir, workDir]
  }
  const env = { KANIKO_DIR: '/env' }
  assert.deepEqual(read([], env), ['/env', '/env'])
  assert.deepEqual(read(['--kaniko-dir=/flag'], env), ['/flag', '/flag'])
  assert.deepEqual(read(['--work-dir=/w'], env), ['/env', '/w'])
  assert.deepEqual(read([], { ...env, HEARTH_WORK_DIR: '/w' }), ['/env', '/w'])
  assert.deepEqual(read(['--kaniko-dir=/kaniko/'], env), [undefined, undefined])
  assert.deepEqual(read([], { KANIKO_DIR: '' }), [undefined, undefined])
})

test('a path to ignore is absolute, and a pattern if it looks like one', () => {
  for (const [path, says] of [
    ['a', /"a" is not an absolute path/],
    ['/a/[b', /--ignore-path: "\[b" is not a valid/],
  ] as const) {
    assert.throws(() => options(['--no-push', '--ignore-path', path]), { message: says })
  }
})

test("kaniko's variables without a meaning here are noted", () => {
  const env = {
    KANIKO_PRE_CLEANUP: '1',
    FF_KANIKO_RUN_VIA_TINI: '1',
    FF_KANIKO_COPY_AS_ROOT: 'true',
    STACKLOG_PATH: '',
  }
  assert.deepEqual(options(['--no-push'], env).notices, [
    'KANIKO_PRE_CLEANUP has no effect',
    'feature switches have no effect: FF_KANIKO_COPY_AS_ROOT, FF_KANIKO_RUN_VIA_TINI',
  ])
})

test('the spellings kaniko gave up are taken, each with a warning', () => {
  const { snapshotMode, tarPath, platform, ignoreVarRun, warnings, notices } = options([
    '--no-push',
    '--snapshotMode=redo',
    '--tarPath=t',
    '--customPlatform=linux/arm64',
    '--whitelist-var-run',
  ])
  assert.deepEqual([snapshotMode, tarPath, platform.architecture, ignoreVarRun], ['redo', 't', 'arm64', true])
  assert.deepEqual(
    warnings.map((text) => /--(\S+) has been deprecated/.exec(text)?.[1]),
    ['snapshotMode', 'tarPath', 'customPlatform', 'whitelist-var-run'],
  )
  assert.deepEqual(notices, [])
})

test('version and help are words as well as flags, and go before mistakes in the rest', () => {
  assert.deepEqual(parseExecutor(['version'], {}, '/'), { kind: 'version' })
  for (const argv of [['help'], ['--help'], ['-h'], ['--cache', '-h']]) {
    const parsed = parseExecutor(argv, {}, '/')
    assert.ok(parsed.kind === 'help')
    assert.match(parsed.text, /--destination/)
  }
})

test('no destination is an error unless nothing is pushed', () => {
  refused([], 'usage', 'you must provide --destination, or use --no-push')
  refused(['--no-push=false'], 'usage', 'you must provide --destination, or use --no-push')
  for (const [flag, name] of [
    ['--image-name-with-digest-file', 'ImageNameDigestFile'],
    ['--image-name-tag-with-digest-file', 'ImageNameTagDigestFile'],
  ] as const) {
    refused(['--no-push', flag, 'x'], 'usage', `you must provide --destination if setting ${name}`)
  }
})

test('a word after a boolean is refused, and the way to write it shown', () => {
  refused(['--no-push', 'false'], 'usage', 'unknown command "false" for "executor"', 'Write booleans as --flag=false.')
  refused(['build'], 'usage', 'unknown command "build" for "executor"', undefined)
  refused(['push', 'x'], 'usage', 'the command "push" is not supported yet')
})

test('values that make no sense are refused with the name of their flag', () => {
  const wrong = [
    ['--destination', 'UPPER', 'reference-invalid', /^--destination: "UPPER"/],
    ['--destination', 'a,b', 'reference-invalid', /"a,b"/],
    ['--label', 'l', 'usage', /^--label must be of the form key=value, got "l"/],
    ['--annotation', '=v', 'usage', /^--annotation/],
    ['--build-arg', '=v', 'usage', /^--build-arg/],
    ['--custom-platform', 'linux', 'usage', /^--custom-platform: "linux"/],
    ['--custom-platform', 'a/b/c/d', 'platform-invalid', /^--custom-platform: "a\/b\/c\/d"/],
    ['--snapshot-mode', 'none', 'usage', /it must be one of full, redo, time/],
    ['--cache-ttl', '6', 'usage', /missing unit in duration "6"/],
    ['--registry-map', 'x', 'usage', /"--registry-map".*expect key=value, got x/],
    ['--cache-dir', '', 'usage', /^--cache-dir must not be empty/],
    ['--push-retry', '-2', 'usage', /must not be negative/],
    ['--push-retry', '-1', 'usage', /"--push-retry" flag: it must not be negative/],
    ['--image-download-retry', '-1', 'usage', /"--image-download-retry" flag: it must not be negative/],
    ['--cache-ttl', '-1h', 'usage', /"--cache-ttl" flag: it must not be negative/],
    ['--cache-repo', 'oci:', 'usage', /^--cache-repo: "oci:" names no directory/],
    ['--cache-repo', 'r.example/x:tag', 'reference-invalid', /^--cache-repo: .*r\.example\/x:tag/],
    ['--cache-repo', 'UPPER', 'reference-invalid', /^--cache-repo: "UPPER"/],
  ] as const
  for (const [flag, value, code, message] of wrong) refused(['--no-push', `${flag}=${value}`], code, message)
})

test('every refusal carries the whole usage', () => {
  for (const argv of [['--nothing'], ['--no-push', 'x'], [], ['--no-push', '--label=x'], ['-d', 'UPPER']]) {
    assert.throws(
      () => parseExecutor(argv, {}, '/'),
      (error) => {
        return error instanceof UsageError && /--destination/.test(error.usage) && error.exitCode === 1
      },
    )
  }
})

test('unpacked bases without a cache are none, which is said', () => {
  assert.deepEqual(options(['--no-push', '--cache-unpacked']).warnings, [
    '--cache-unpacked does nothing without --cache',
  ])
})
