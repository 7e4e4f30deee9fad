import type { ImageCase } from '../case.ts'

const archive = `mkdir -p t/in; echo 1 > t/f; chmod 4711 t/f; echo 2 > t/in/g; ln -s f t/l; ln t/f t/h
tar --numeric-owner --owner=55 --group=66 --mtime=@1000000000 -C t -cf a.tar f in l h`

export const addCases: readonly ImageCase[] = [
  {
    name: 'add-archive',
    pins: 'a local archive is unpacked with its owners, modes, links and times',
    dockerfile: 'FROM scratch\nADD a.tar /d/\n',
    prepare: `${archive}; rm -r t`,
    expect: {
      files: { 'd/f': { owner: '55:66', mode: '4711', mtime: '1000000000.000000000' }, 'd/h': { sameAs: 'd/f' } },
    },
  },
  {
    name: 'add-archive-gzip',
    pins: 'an archive may be compressed with gzip, whatever its name',
    dockerfile: 'FROM scratch\nADD some-file /d/\n',
    prepare: `${archive}; gzip -n < a.tar > some-file; rm -r t a.tar`,
  },
  {
    name: 'add-archive-zstd',
    pins: 'an archive may be compressed with zstd',
    dockerfile: 'FROM scratch\nADD a.tar.zst /d/\n',
    prepare: `${archive}; zstd -q a.tar; rm -r t a.tar`,
  },
  {
    name: 'add-archive-without-slash',
    pins: 'an archive goes into a directory, with a slash or without',
    dockerfile: 'FROM scratch\nADD a.tar /d\n',
    prepare: `${archive}; rm -r t`,
  },
  {
    name: 'add-archive-relative',
    pins: 'an archive goes to a destination relative to WORKDIR',
    dockerfile: 'FROM scratch\nWORKDIR /w\nADD a.tar in\n',
    prepare: `${archive}; rm -r t`,
  },
  {
    name: 'add-archive-merges',
    pins: 'an archive replaces the files it holds and leaves the others',
    dockerfile:
      'ARG BASE\nFROM $BASE\nRUN mkdir -p /d/in && echo old > /d/f && echo kept > /d/in/kept\nADD a.tar /d/\n',
    prepare: `${archive}; rm -r t`,
    expect: { files: { 'd/f': '1\n', 'd/in/kept': 'kept\n' } },
  },
  {
    name: 'add-archive-chown',
    pins: '--chown owns what is unpacked',
    dockerfile: 'FROM scratch\nADD --chown=7:8 a.tar /d/\n',
    prepare: `${archive}; rm -r t`,
    rule: '--chown holds for archives; buildah leaves their owners',
    expect: { files: { 'd/f': { owner: '7:8' }, 'd/in/g': { owner: '7:8' } } },
  },
  {
    name: 'add-archive-fifo',
    pins: 'an archive may hold a pipe',
    dockerfile: 'FROM scratch\nADD a.tar /d/\n',
    prepare: 'mkfifo p; tar --mtime=@1000000000 -cf a.tar p; rm p',
    expect: { files: { 'd/p': { type: 'fifo' } } },
  },
  {
    name: 'add-no-archive',
    pins: 'a file that is no archive is copied, whatever its name',
    dockerfile: 'FROM scratch\nADD a.tar /d/\nADD b.tar.gz /d/\n',
    files: { 'a.tar': 'no archive\n', 'b.tar.gz': 'neither\n' },
    expect: { files: { 'd/a.tar': 'no archive\n', 'd/b.tar.gz': 'neither\n' } },
  },
  {
    name: 'add-gzip-of-no-archive',
    pins: 'a compressed file that holds no archive is copied as it is',
    dockerfile: 'FROM scratch\nADD f.gz /d/\n',
    prepare: 'echo text | gzip -n > f.gz',
  },
  {
    name: 'copy-archive',
    pins: 'COPY unpacks nothing',
    dockerfile: 'FROM scratch\nCOPY a.tar /d/\n',
    prepare: `${archive}; rm -r t`,
  },
  {
    name: 'add-directory',
    pins: 'ADD of a directory copies its contents, and unpacks no archive in it',
    dockerfile: 'FROM scratch\nADD d /d\n',
    prepare: `mkdir d; ${archive}; mv a.tar d/; rm -r t`,
    expect: { files: { 'd/a.tar': { type: 'file' } } },
  },
  {
    name: 'add-several',
    pins: 'archives and files go to one directory',
    dockerfile: 'FROM scratch\nADD a.tar x /d/\n',
    files: { x: 'x' },
    prepare: `${archive}; rm -r t`,
  },
  {
    name: 'add-url',
    pins: "a file from the web has mode 600 and the server's time, and the name of the destination",
    dockerfile: 'FROM scratch\nARG SERVER\nADD $SERVER/files/plain.txt /f\n',
    expect: { files: { f: { text: 'from the web\n', mode: '600', owner: '0:0', mtime: '1000000000.000000000' } } },
  },
  {
    name: 'add-url-directory',
    pins: 'a file from the web that goes into a directory has the name in its address',
    dockerfile: 'FROM scratch\nARG SERVER\nADD $SERVER/files/plain.txt?a=b/c /d/\n',
    expect: { files: { 'd/plain.txt': 'from the web\n' } },
  },
  {
    name: 'add-url-redirect',
    pins: 'redirects are followed, and the name is that of the address written',
    dockerfile: 'FROM scratch\nARG SERVER\nADD $SERVER/moved /d/\n',
    expect: { files: { 'd/moved': 'from the web\n' } },
  },
  {
    name: 'add-url-nameless',
    pins: 'a file from an address without a name gets a name in a directory',
    dockerfile: 'FROM scratch\nARG SERVER\nADD $SERVER/ /d/\n',
    rule: 'it is called __unnamed__; buildah refuses it',
    expect: { files: { 'd/__unnamed__': 'no name\n' } },
  },
  {
    name: 'add-url-checksum',
    pins: '--checksum accepts what hashes to it',
    dockerfile:
      'FROM scratch\nARG SERVER\nADD --checksum=sha256:451f3e8714562111c7fc96b639f49f404507d4436dcd0ec3d539defcc2577d86 $SERVER/files/plain.txt /f\n',
    rule: '--checksum; buildah 1.28 does not know it',
    expect: { files: { f: 'from the web\n' } },
  },
  {
    name: 'add-url-owner',
    pins: '--chown and --chmod hold for files from the web',
    dockerfile: 'FROM scratch\nARG SERVER\nADD --chown=5:6 --chmod=711 $SERVER/files/plain.txt /f\n',
    expect: { files: { f: { owner: '5:6', mode: '711' } } },
  },
  {
    name: 'add-link',
    pins: '--link gives the same files',
    dockerfile: 'FROM scratch\nADD --link f /d/\n',
    files: { f: '1' },
    rule: '--link changes how layers are reused only; buildah 1.28 does not know it',
    expect: { files: { 'd/f': '1' } },
  },
]
