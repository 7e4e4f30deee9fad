import type { BuildContext } from '../../context/open-context.ts'
import { selectSources } from '../../context/select.ts'
import { type DigestOptions, digestSources, type SourceInput } from '../../context/source-digest.ts'
import { contextTree } from '../../context/source-tree.ts'
import { isWebAddress } from '../../dockerfile/web-address.ts'
import { HearthError } from '../../errors.ts'
import { isGit } from '../../git/address.ts'
import type { GitSources } from '../../git/sources.ts'
import { TarCopy } from '../../image/tar-copy.ts'
import type { Log } from '../../log.ts'
import { type Digest, isDigest } from '../../oci/digest.ts'
import type { AddStep } from '../../plan/step.ts'
import { parseDestination } from '../../rootfs/copy-destination.ts'
import { type CopySource, copyInto, type SourceFile } from '../../rootfs/copy-tree.ts'
import { extractArchive } from '../../rootfs/extract.ts'
import { makeDirectories } from '../../rootfs/make-directories.ts'
import type { SelectedSource } from '../../rootfs/selected-source.ts'
import { refuseChangedFile } from '../../rootfs/unchanged-entries.ts'
import { accountFilesOf } from '../../run/account-texts.ts'
import { resolveOwner } from '../../run/user.ts'
import { rawPath } from '../../tar/raw-path.ts'
import { isArchive, readArchive } from './archive.ts'
import { type CopySurroundings, copyOptions, exclusionOf, inlineFiles } from './copy.ts'
import { digestGit, type GitSource, gitFiles, gitSource } from './git.ts'
import { type WebFile, type WebSurroundings, webFile } from './web-file.ts'

/** A source of an ADD: files of the context, a repository, or one file from the web. */
export type AddSource = GitSource | WebFile | { readonly kind: 'local'; readonly source: SelectedSource }

export interface AddSurroundings extends WebSurroundings {
  readonly context: BuildContext
  readonly log: Log
}

/** The files an ADD names, in order. Needs no stage root, and reads nothing from the web yet. */
export function selectAdd(step: AddStep, around: AddSurroundings): readonly AddSource[] {
  const checksum = checksumOf(step)
  return step.sources.flatMap((source): readonly AddSource[] => {
    if (isGit(source)) return [gitSource(source, step, exclusionOf(step))]
    if (isWeb(source)) return [webFile(source, checksum, around)]
    return selectSources(contextTree(around.context, around.log), [source], exclusionOf(step)).map((found) => ({
      kind: 'local',
      source: found,
    }))
  })
}

export interface DigestedAdd {
  /** What decides about the layer: the content of local files, and what addresses deliver. */
  readonly inputs: readonly SourceInput[]
  /** The same sources; local files hold to what was digested. */
  readonly selected: readonly AddSource[]
}

/** Reads the local files, asks for commits, and downloads what neither a checksum nor its server says to be known. */
export async function digestAdd(
  selected: readonly AddSource[],
  { git, ...options }: Pick<DigestOptions, 'mode' | 'signal'> & { readonly git: GitSources },
): Promise<DigestedAdd> {
  const inputs: SourceInput[] = []
  const digested: AddSource[] = []
  for (const source of selected) {
    if (source.kind === 'local') {
      const local = await digestSources([source.source], { owners: false, ...options })
      inputs.push(...local.inputs)
      digested.push(...local.sources.map((found) => ({ kind: 'local', source: found }) as const))
    } else if (source.kind === 'git') {
      const known = await digestGit(source, git)
      inputs.push(known.input)
      digested.push(known.source)
    } else {
      inputs.push({ path: source.name, type: 'download', mode: downloadMode, content: await source.digest() })
      digested.push(source)
    }
  }
  return { inputs, selected: digested }
}

/** Where the files of an ADD go. */
export interface AddPlace extends CopySurroundings {
  /** Existing directory for what is unpacked of archives where their files go to no directory. */
  readonly directory: string
  readonly git: GitSources
}

/** Copies the selected files and the heredocs into the stage's root, and unpacks the archives that the step wants unpacked. */
export async function placeAdd(step: AddStep, selected: readonly AddSource[], around: AddPlace): Promise<void> {
  let files: CopySource[] = []
  const copyFiles = async (): Promise<void> => {
    await copyInto(await copyOptions(step, files, { ...around, keepOwner: false }))
    files = []
  }
  for (const source of selected) {
    const file = await fileOf(source, around.git)
    const unpacks = source.kind !== 'git' && (step.unpack ?? source.kind === 'local')
    if (unpacks && (await isArchive(file))) {
      await copyFiles()
      await unpack(step, file, around)
    } else files.push(file)
  }
  files.push(...inlineFiles(step.heredocs, around.now))
  await copyFiles()
}

function fileOf(source: AddSource, git: GitSources): Promise<SourceFile | SelectedSource> {
  if (source.kind === 'remote') return downloadedFile(source)
  return source.kind === 'git' ? gitFiles(source, git) : Promise.resolve(source.source)
}

const downloadMode = 0o600

async function unpack(step: AddStep, source: SelectedSource, around: AddPlace): Promise<void> {
  const { root, ignored, log, signal } = around
  const owner = step.chown === undefined ? undefined : resolveOwner(await accountFilesOf(root), step.chown)
  refuseChangedFile(source)
  if (step.chmod !== undefined) log.warn(`--chmod=${step.chmod} does not change what is unpacked from ${source.name}`)
  const { path } = parseDestination(step.destination, step.workdir)
  const target = makeDirectories(root, path, { ...(owner ?? { uid: 0, gid: 0 }), mode: 0o755 }, ignored)
  const contents = new TarCopy({ directory: around.directory, open: () => readArchive(source) })
  await extractArchive(root, target, typeof root === 'string' ? readArchive(source) : contents.passing(), {
    log,
    contents,
    ...(ignored === undefined ? {} : { ignored }),
    ...(owner === undefined ? {} : { owner }),
    ...(signal === undefined ? {} : { signal }),
  })
  refuseChangedFile(source)
}

async function downloadedFile(source: WebFile): Promise<SourceFile> {
  const { directory, name, mtimeNs } = await source.fetch()
  return {
    root: directory,
    path: rawPath(name),
    name: rawPath(source.name),
    isDirectory: false,
    overrides: { mode: downloadMode, mtimeNs },
  }
}

function checksumOf(step: AddStep): Digest | undefined {
  const { checksum, sources } = step
  if (checksum === undefined || sources.some(isGit)) return undefined
  if (!isDigest(checksum)) throw wrongChecksum(`"${checksum}" is not "sha256:" and 64 hexadecimal digits`)
  const [only] = sources
  if (sources.length !== 1 || only === undefined || !isWeb(only)) {
    throw wrongChecksum('it checks one file from the web, and that must be the only source')
  }
  return checksum
}

function isWeb(source: string): boolean {
  return isWebAddress(source) && !isGit(source)
}

function wrongChecksum(why: string): HearthError {
  return new HearthError({ code: 'dockerfile-syntax', message: 'This --checksum cannot be used', why })
}
