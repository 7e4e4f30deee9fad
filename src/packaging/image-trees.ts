import { directory, file, type ImageEntry, link, program } from './image-entry.ts'
import { withOwnLoader } from './interpreter.ts'
import type { Machine } from './machine.ts'
import type { Pieces } from './pieces.ts'
import { libcEdits, libraryDirectory, loaderEdits, loaderPath, nameSources, nodeEdits } from './private-paths.ts'
import type { SharedLibrary } from './shared-libraries.ts'
import { editTexts, type TextEdit } from './text-edit.ts'

/** The trees the Dockerfiles put together, one layer each: images that share a tree share its layer. */
export const treeNames = ['base', 'executor', 'tools', 'debug', 'warmer'] as const
export type TreeName = (typeof treeNames)[number]
export type ImageTrees = Readonly<Record<TreeName, readonly ImageEntry[]>>

/** Where Node is in the image. */
export const nodePath = '/kaniko/bin/node'

/** The edits a library needs before it belongs to the image. */
export function editsOf(soname: string, machine: Machine): readonly TextEdit[] {
  if (soname === machine.loader) return loaderEdits(machine)
  return soname === 'libc.so.6' ? libcEdits(machine) : []
}

/** Plans the files of the images. Throws when a piece cannot be adapted. */
export function planTrees(pieces: Pieces): ImageTrees {
  const busybox = pieces.busybox.bytes
  return {
    base: baseTree(pieces),
    executor: [
      program('kaniko/executor', starter('executor')),
      directory('kaniko/work', 0o1777),
      directory('tmp', 0o1777),
      file('tmp/why-not-empty', whyTmpIsNotEmpty),
    ],
    // Builders do not agree on whether WORKDIR alone makes the directory.
    tools: [program('kaniko/bin/busybox', busybox), directory('kaniko/.docker'), directory('workspace')],
    debug: [program('kaniko/warmer', starter('warmer')), ...shellEntries(pieces)],
    warmer: [
      program('kaniko/warmer', starter('warmer')),
      directory('kaniko/.docker'),
      // Also for another user than the image's own, as some clusters choose one. Not sticky: they share what is in it.
      directory('cache', 0o777),
    ],
  }
}

const whyTmpIsNotEmpty = `gVisor mounts a file system of its own on a /tmp that is empty or missing.
What commands leave there would not be in the image.
`

function baseTree(pieces: Pieces): readonly ImageEntry[] {
  const { machine, node, libraries, application, authorities, licences } = pieces
  const adapted = editTexts(node.path, withOwnLoader(node, machine), nodeEdits)
  return [
    program(relative(nodePath), adapted),
    ...libraries.map((library) => libraryEntry(library, machine)),
    file(relative(nameSources.path), nameSources.text),
    // Makes the programs beside it, which have no extension, modules.
    file('kaniko/package.json', document({ private: true, type: 'module' })),
    file('kaniko/image.json', imageDocument(pieces)),
    file('kaniko/ssl/certs/ca-certificates.crt', authorities),
    ...licences.map(({ of, text }) => file(`kaniko/licences/${of}`, text)),
    ...application.map(({ path, content }) => file(`kaniko/app/${path}`, content)),
  ]
}

function libraryEntry({ soname, path, bytes }: SharedLibrary, machine: Machine): ImageEntry {
  const place = soname === machine.loader ? loaderPath : `${libraryDirectory}/${soname}`
  return program(relative(place), editTexts(path, bytes, editsOf(soname, machine)))
}

/** Tells the program that it runs in its own image, and people what the image is made of. */
function imageDocument({ version, nodeVersion, glibc, machine, libraries }: Pieces): string {
  return document({
    hearth: version,
    architecture: machine.architecture,
    node: nodeVersion,
    glibc,
    libraries: libraries.map(({ soname }) => soname),
  })
}

function shellEntries({ busybox, applets }: Pieces): readonly ImageEntry[] {
  const names = applets.filter((name) => name !== 'busybox')
  return [
    program('busybox/busybox', busybox.bytes),
    ...names.map((name) => link(`busybox/${name}`, 'busybox')),
    link('bin/sh', '/busybox/sh'),
  ]
}

function starter(name: 'executor' | 'warmer'): string {
  return `#!${nodePath}\nimport './app/dist/bin/${name}.js'\n`
}

function document(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

function relative(path: string): string {
  return path.slice(1)
}
