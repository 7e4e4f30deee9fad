import type { BuildContext } from '../../context/open-context.ts'
import { type SelectOptions, selectSources } from '../../context/select.ts'
import { type DigestedSources, digestSources } from '../../context/source-digest.ts'
import { contextTree, type SourceTree } from '../../context/source-tree.ts'
import { ignoreMatcherOf } from '../../dockerfile/ignore.ts'
import { type ModeChange, parseMode } from '../../dockerfile/mode.ts'
import { isWebAddress } from '../../dockerfile/web-address.ts'
import { HearthError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { AddStep, CopyStep, HeredocFile } from '../../plan/step.ts'
import { type CopyOptions, type CopySource, copyInto, type InlineFile } from '../../rootfs/copy-tree.ts'
import type { IgnoredPaths } from '../../rootfs/ignored-paths.ts'
import type { Root } from '../../rootfs/root.ts'
import type { SelectedSource } from '../../rootfs/selected-source.ts'
import { accountFilesOf } from '../../run/account-texts.ts'
import { resolveOwner } from '../../run/user.ts'
import { rawPath } from '../../tar/raw-path.ts'

/** Where the files of a COPY lie: the build context, or the root of another stage or image. */
export type CopyFrom =
  | { readonly kind: 'context'; readonly context: BuildContext }
  | {
      readonly kind: 'root'
      readonly root: Root
      /** What messages call it: "stage builder", "the image alpine:3". */
      readonly title: string
    }

export interface CopySurroundings {
  /** The stage's root. */
  readonly root: Root
  /** What in it is not the image's. */
  readonly ignored: IgnoredPaths | undefined
  /** The time of files that have none: heredocs. */
  readonly now: Date
  readonly log: Log
  readonly signal?: AbortSignal
}

/** The files a COPY names. Needs no stage root; throws "copy-source" for what is not there. */
export function selectCopy(step: CopyStep, from: CopyFrom, log: Log): readonly SelectedSource[] {
  for (const source of step.sources) if (isWebAddress(source)) throw notForCopy(source)
  return selectSources(sourceTree(from, log), step.sources, { ...exclusionOf(step), parents: step.parents })
}

/** What --exclude asks for. */
export function exclusionOf({ exclude }: CopyStep | AddStep): SelectOptions {
  return exclude.length === 0 ? {} : { exclude: ignoreMatcherOf(exclude) }
}

/** Reads files of the context: what of them decides about the layer, and the sources that hold to it. */
export function digestCopy(
  step: CopyStep,
  selected: readonly SelectedSource[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<DigestedSources> {
  return digestSources(selected, { owners: false, ...modeOption(step), ...options })
}

/** The same for files of another root, which keep their owners unless they are given others. */
export async function contentOfCopy(
  step: CopyStep,
  selected: readonly SelectedSource[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<DigestedSources['inputs']> {
  return (
    await digestSources(selected, { owners: step.chown === undefined, links: true, ...modeOption(step), ...options })
  ).inputs
}

/** What --chmod makes of modes. */
export function modeOption({ chmod }: CopyStep | AddStep): { readonly mode?: ModeChange } {
  return chmod === undefined ? {} : { mode: parseMode(chmod) }
}

/** Copies the selected files and the heredocs into the stage's root. */
export async function placeCopy(
  step: CopyStep,
  selected: readonly SelectedSource[],
  around: CopySurroundings & { readonly from: CopyFrom['kind'] },
): Promise<void> {
  const sources = [...selected, ...inlineFiles(step.heredocs, around.now)]
  await copyInto(await copyOptions(step, sources, { ...around, keepOwner: around.from === 'root' }))
}

/** The options for `copyInto` that COPY and ADD have in common; --chown names are looked up in the stage's root. */
export async function copyOptions(
  step: CopyStep | AddStep,
  sources: readonly CopySource[],
  around: CopySurroundings & { readonly keepOwner: boolean },
): Promise<CopyOptions> {
  const { root, ignored, keepOwner, log, signal } = around
  return {
    sources,
    root,
    destination: step.destination,
    workdir: step.workdir,
    keepOwner,
    log,
    ...(ignored === undefined ? {} : { ignored }),
    ...(step.chown === undefined ? {} : { owner: resolveOwner(await accountFilesOf(root), step.chown) }),
    ...modeOption(step),
    ...(signal === undefined ? {} : { signal }),
  }
}

export function inlineFiles(heredocs: readonly HeredocFile[], now: Date): readonly InlineFile[] {
  const mtimeNs = BigInt(now.getTime()) * 1_000_000n
  return heredocs.map(({ name, content }) => ({ name: rawPath(name), content, mtimeNs }))
}

function sourceTree(from: CopyFrom, log: Log): SourceTree {
  return from.kind === 'context' ? contextTree(from.context, log) : { root: from.root, title: from.title, log }
}

function notForCopy(source: string): HearthError {
  return new HearthError({
    code: 'copy-source',
    message: `COPY cannot take ${source} from the web`,
    fix: 'Use ADD for it.',
  })
}
