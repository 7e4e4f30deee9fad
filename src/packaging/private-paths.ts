import type { Machine } from './machine.ts'
import { pathOfLength, type TextEdit } from './text-edit.ts'

/** Where the image keeps what its Node loads. */
export const libraryDirectory = '/kaniko/lib'

/** The loader of the image's Node; short enough for the place of the old path on every machine. */
export const loaderPath = `${libraryDirectory}/ld-linux.so.2`

/** Which sources answer for names, in the form of nsswitch.conf: those built into the C library and no others. */
export const nameSources = {
  path: `${libraryDirectory}/nss`,
  text: 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\nnetworks: files\n',
}

/** The loader neither preloads nor finds a library that is not the image's own. */
export function loaderEdits({ triple }: Machine): readonly TextEdit[] {
  const directories = [`/lib/${triple}/`, `/usr/lib/${triple}/`, '/lib/', '/usr/lib/']
  // Nothing can be made in /sys, and five characters do not reach into /kaniko.
  const own = directories.map((path) => (path.length < 9 ? '/sys/' : directoryOfLength(path.length)))
  return [
    // Once to search in, once to tell which directories a program with privileges may trust.
    { find: directories.join('\0'), replace: own.join('\0'), times: 2 },
    elsewhere('/etc/ld.so.preload', 'pre'),
    elsewhere('/etc/ld.so.cache', 'db'),
  ]
}

/** The C library loads no name service, no character set and no locale of the image being built, and asks no daemon of it. */
export function libcEdits({ triple }: Machine): readonly TextEdit[] {
  const gconv = `/usr/lib/${triple}/gconv`
  return [
    elsewhere('/etc/nsswitch.conf', 'nss'),
    elsewhere(gconv, 'gconv'),
    elsewhere(`${gconv}/gconv-modules.cache`, 'gconv/gconv-modules.cache'),
    // Of "/var/run/nscd/socket", whose rest is code on some machines; nobody listens at the new place.
    { find: '/var/run/nscd', replace: `${libraryDirectory}/.`, times: 1, isBeginning: true },
    elsewhere('/usr/lib/locale', 'loc'),
    elsewhere('/usr/lib/locale/locale-archive', 'loc/locale-archive'),
  ]
}

/** Node's TLS library reads no configuration of the image being built, which could name code to load. */
export const nodeEdits: readonly TextEdit[] = [{ find: '/etc/ssl', replace: '/kaniko/', times: 1 }]

function elsewhere(find: string, name: string): TextEdit {
  return { find, replace: pathOfLength(libraryDirectory, name, find.length), times: 1 }
}

function directoryOfLength(length: number): string {
  if (length < libraryDirectory.length) return `/kaniko${'/'.repeat(length - '/kaniko'.length)}`
  return libraryDirectory + '/'.repeat(length - libraryDirectory.length)
}
