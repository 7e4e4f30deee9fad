import { resolve } from 'node:path'
import type { BaseImages } from '../../cache/base-images.ts'
import { keepWithin } from '../../cache/limits.ts'
import { UnpackedTrees } from '../../cache/unpacked-trees.ts'
import { describeResult, describeResults } from '../../warmer/describe-result.ts'
import { type Lock, lockOf, readLock, requireLocked, writeLock } from '../../warmer/lock-file.ts'
import { openImages } from '../../warmer/open-images.ts'
import { type ReadyOptions, readyBases } from '../../warmer/ready-bases.ts'
import { reportRows } from '../../warmer/report.ts'
import { type Wanted, wantedImages } from '../../warmer/wanted-images.ts'
import { warmImages } from '../../warmer/warm.ts'
import type { WarmResult } from '../../warmer/warm-result.ts'
import { downloadDockerfile } from '../context/download-dockerfile.ts'
import { HearthError } from '../errors.ts'
import type { Log } from '../log.ts'
import { formatReference } from '../oci/reference.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import { missingCapabilities } from '../run/missing-capabilities.ts'
import { parseWarmer } from './parse-warmer.ts'
import type { Program, ProgramInput, Sink } from './program.ts'
import { refuseUnwritableFile } from './refuse-unwritable.ts'
import { openRegistryAccess, type RegistryAccess } from './registry-access.ts'
import { createProgramLog, reportError } from './report.ts'
import { runSubcommand } from './run-subcommand.ts'
import { version } from './version.ts'
import { warmerCommands } from './warmer/commands.ts'
import { giveReport } from './warmer/give-report.ts'
import type { WarmerOptions } from './warmer-options.ts'

/** The warmer: references → images in the cache directory. */
export const runWarmer: Program = async (input) => {
  const { stdout, stderr } = input
  let options: WarmerOptions | undefined
  try {
    if (warmerCommands.commands.some(({ name }) => name === input.argv[0])) {
      return await runSubcommand(warmerCommands, input.argv, input)
    }
    const parsed = parseWarmer(input.argv, input.env, input.cwd)
    if (parsed.kind === 'warm') {
      options = parsed.options
      await warm(options, input)
    } else stdout.write(parsed.kind === 'help' ? parsed.text : `hearth version : ${version()}\n`)
    return 0
  } catch (error) {
    return reportError(error, { stderr, ...(options === undefined ? {} : { log: options.log }) })
  }
}

async function warm(options: WarmerOptions, input: ProgramInput): Promise<void> {
  const { stderr, signal } = input
  const log = createProgramLog(options.log, stderr)
  for (const notice of options.notices) log.debug(notice)
  for (const warning of options.warnings) log.warn(warning)
  if (options.unpack) requireRoot()
  refuseUnwritablePlaces(options)
  await using registries = await openRegistries(options, log)
  const { http, pull: client } = registries
  const wanted = await wantedImages(options.wishes, (url) => downloadDockerfile(url, { http, signal }))
  for (const warning of wanted.warnings) log.warn(warning)
  const directory = resolve(options.environment.cwd, options.cacheDir)
  const { cacheMaxSize: maxSize, cacheTtlMs: ttlMs } = options
  const images = await openImages(directory, { ttlMs, log })
  try {
    await warmInto(images, wanted, { options, client, log, input })
  } finally {
    images.close()
    await keepWithin(directory, { maxSize, ttlMs: Number.POSITIVE_INFINITY }, { log, signal })
  }
}

interface Warming {
  readonly options: WarmerOptions
  readonly client: RegistryClient
  readonly log: Log
  readonly input: ProgramInput
}

async function warmInto(images: BaseImages, wanted: Wanted, { options, client, log, input }: Warming): Promise<void> {
  const { stdout, stderr, signal } = input
  const lock = lockBefore(options, wanted)
  const refused = [...options.refused, ...wanted.refused]
  for (const { error } of refused) reportError(error, { stderr, log: options.log })
  const onResult = (result: WarmResult): void => report(result, { options, stderr, log })
  const { force, parallel: atOnce, progressMs: progressEveryMs } = options
  const locked = options.locked && lock !== undefined ? { lock } : {}
  const common = { images, client, log, onResult, signal, ...locked }
  const results = await warmImages(wanted.images, { ...common, force, atOnce, progressEveryMs })
  if (options.lockFile !== undefined && !options.locked) {
    await writeLock(resolve(options.environment.cwd, options.lockFile), lockOf(results, lock))
  }
  await readyBases(results, { images, trees: openTrees(options, { images, log, signal }), log, signal })
  const rows = await reportRows(refused, results, images)
  await giveReport({ version: 1, cacheDir: images.directory, images: rows }, { options, stdout })
  log.info(describeResults(results))
  const failed = results.filter(({ kind }) => kind === 'failed').map(({ wanted }) => formatReference(wanted.reference))
  judge([...refused.map(({ text }) => text), ...failed], rows.length, options)
}

function openRegistries(options: WarmerOptions, log: Log): Promise<RegistryAccess> {
  const { registry: flags, environment, imageDownloadRetry, parallel: transfers } = options
  return openRegistryAccess({ flags, environment, retries: { pull: imageDownloadRetry, push: 0 }, transfers, log })
}

/** It is better known before than when everything is warm. */
function refuseUnwritablePlaces({ report, lockFile, locked, environment: { cwd } }: WarmerOptions): void {
  if (report !== undefined) refuseUnwritableFile('--report', resolve(cwd, report))
  if (lockFile !== undefined && !locked) refuseUnwritableFile('--lock-file', resolve(cwd, lockFile))
}

/** What the lock file says now; with --locked it must know every image. */
function lockBefore({ lockFile, locked, environment }: WarmerOptions, wanted: Wanted): Lock | undefined {
  if (lockFile === undefined) return undefined
  const path = resolve(environment.cwd, lockFile)
  const lock = readLock(path)
  if (locked) requireLocked(wanted.images, lock ?? new Map(), path)
  return lock
}

function openTrees(
  { unpack }: WarmerOptions,
  { images, log, signal }: Pick<ReadyOptions, 'images' | 'log' | 'signal'>,
): UnpackedTrees | undefined {
  if (!unpack) return undefined
  const devices = !missingCapabilities().some(({ name }) => name === 'MKNOD')
  return new UnpackedTrees({ directory: images.directory, readOnly: false, devices, log, signal })
}

/** Before anything is transferred. */
function requireRoot(): void {
  if (process.getuid?.() === 0) return
  throw new HearthError({
    code: 'permission',
    message: 'Only root can unpack images with --unpack',
    why: 'their files belong to several users',
    fix: 'Run the warmer as root, or leave out --unpack: executors with --cache-unpacked unpack what they use.',
  })
}

interface Reporting {
  readonly options: WarmerOptions
  readonly stderr: Sink
  readonly log: Log
}

function report(result: WarmResult, { options, stderr, log }: Reporting): void {
  if (result.kind === 'failed') reportError(result.error, { stderr, log: options.log })
  else log.info(describeResult(result))
}

/** Exit code of a warmer that could warm some images and others not. */
const someFailedCode = 32

function judge(failed: readonly string[], all: number, { failOn }: WarmerOptions): void {
  if (failed.length === 0) return
  const everyone = failed.length === all
  if (failOn === 'all' && !everyone) return
  throw new HearthError({
    code: 'warm-failed',
    message: `${failed.length} of ${all} ${all === 1 ? 'image' : 'images'} could not be warmed`,
    why: failed.join(', '),
    fix: 'See the errors above. Images that could be warmed are; run it again for the others.',
    exitCode: everyone ? 1 : someFailedCode,
  })
}
