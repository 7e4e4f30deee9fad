import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

export interface RouteCase {
  readonly name: string
  readonly dockerfile: string
  readonly singleSnapshot?: boolean
  readonly ignorePaths?: readonly string[]
  /** What the error says, where one is expected. */
  readonly fails?: RegExp
}

const onBase = (...lines: readonly string[]): string => ['FROM base', ...lines].join('\n')
const onScratch = (...lines: readonly string[]): string => ['FROM scratch', ...lines].join('\n')

function works(name: string, dockerfile: string, more: Partial<RouteCase> = {}): RouteCase {
  return { name, dockerfile, ...more }
}

function fails(name: string, dockerfile: string, how: RegExp): RouteCase {
  return { name, dockerfile, fails: how }
}

const destinations: readonly RouteCase[] = [
  works('a file to scratch', onScratch('COPY one /')),
  works('a file under a new name', onScratch('COPY one /two')),
  works('a file into directories that are not there', onScratch('COPY one /a/b/c/')),
  works('the whole context to the root', onScratch('COPY . /')),
  works('the whole context to the root of a base', onBase('COPY . /')),
  works('a file to the root of a base', onBase('COPY one /')),
  works('a directory into one with an odd mode and owner', onBase('COPY dir /odd')),
  works('a file into one with an odd mode and owner', onBase('COPY one /odd/')),
  works('a directory into one with attributes', onBase('COPY dir /marked')),
  works('a file over another', onBase('COPY one /usr/bin/su')),
  works('a file over one with attributes', onBase('COPY one /odd/file')),
  works('a file through a symlinked parent', onBase('COPY one /lib/one')),
  works('a file through an absolute symlink', onBase('COPY one /bin/one')),
  works('a directory to a symlink', onBase('COPY dir /lib')),
  works('a file to a symlink of a directory', onBase('COPY one /to-etc')),
  works('a file to a symlink to nowhere', onBase('COPY one /dangling')),
  works('a directory to a symlink to nowhere', onBase('COPY dir /dangling/')),
  works('a symlink that climbs stays inside', onBase('COPY one /out/')),
  works('a relative destination', onBase('WORKDIR /srv/app', 'COPY one .', 'COPY one two', 'COPY dir ../lib/')),
  works('parents with ".."', onBase('COPY one /a/../b/./c')),
  works('into a directory that was whited out', onBase('COPY one /gone/')),
  works('into a directory that was made opaque', onBase('COPY dir /emptied')),
  works('over a file below a directory without entry', onBase('COPY one /implicit/dir/file')),
  works('one of several names of a file is replaced', onBase('COPY one /links/b')),
  works('a name of a file with setuid is replaced', onBase('COPY one /usr/bin/sudo')),
  works('all names of a file are replaced', onBase('COPY one /links/b', 'COPY one /links/deep/c')),
  works('a fifo is replaced', onBase('COPY one /run/pipe')),
  works('a device is replaced', onBase('COPY one /devices/null')),
  works('a symlink in a copied directory replaces a file', onBase('COPY links /usr/bin')),
  works('nothing to do', onBase('COPY none* /nothing/')),
  works('an empty directory', onBase('COPY empty /empty')),
  works('an empty directory over one that is there', onBase('COPY empty /etc')),
  works('a sticky directory', onBase('COPY one /tmp/')),
  fails('a loop of symlinks', onBase('COPY one /loop'), /symlinks/),
  fails('a directory cannot become a file', onBase('COPY one /x', 'COPY dir /x'), /cannot copy to non-directory/),
  fails('a file cannot replace a directory', onBase('COPY clash /links'), /cannot replace the directory/),
  fails('a file in the way of a parent', onBase('COPY one /usr/bin/su/below'), /non-directory/),
  fails('a directory cannot replace a symlink inside', onBase('COPY merged /'), /non-directory/),
  fails('several files to one name', onBase('COPY one two.txt /many'), /cannot all become/),
  fails('a source that is not there', onBase('COPY absent /'), /absent is not in/),
  fails('a name for whiteouts', onBase('COPY one /.wh.x'), /cannot be stored/),
]

const sources: readonly RouteCase[] = [
  works('hard links stay together', onBase('COPY hard /hard')),
  works('hard links named one by one', onBase('COPY hard/a hard/b /hard/')),
  works('attributes and capabilities', onBase('COPY attributes /attributes')),
  works('setuid, setgid and sticky bits', onBase('COPY bits /bits')),
  works('odd names', onBase('COPY names /names')),
  works('a fifo', onBase('COPY fifos /fifos')),
  works('a sparse file', onBase('COPY sparse /sparse')),
  works('a large file', onBase('COPY large /large')),
  works('wildcards', onBase('COPY *.txt d?r/* /w/')),
  works('several directories over each other', onBase('COPY dir empty hard /merged/')),
  works('the same files twice', onBase('COPY dir /twice', 'COPY dir /twice')),
  works('an older file after a newer one', onBase('COPY one /file', 'COPY two.txt /file')),
  works('symlinks as they are', onBase('COPY links /links2')),
  works('a symlink named as source is followed', onBase('COPY links/to-dir links/to-one /f/')),
]

const flags: readonly RouteCase[] = [
  works('--chown by name', onBase('COPY --chown=web one dir /c/')),
  works('--chown by name and group', onBase('COPY --chown=web:staff dir /c/d/')),
  works('--chown by number', onBase('COPY --chown=12:34 bits /c/')),
  works('--chown of files with capabilities', onBase('COPY --chown=12 attributes /c/')),
  works('--chown by a name that was copied before', onScratch('COPY etc /etc', 'COPY --chown=copied one /c/')),
  works('--chmod', onBase('COPY --chmod=640 dir one /c/')),
  works('--chmod with setgid', onBase('COPY --chmod=2750 --chown=1:2 dir /c/')),
  works('--chmod by letters', onBase('COPY --chmod=u+x,go-rwx dir one /c/')),
  works('heredocs', onBase('COPY <<one <<two /h/', '1', 'one', '2', 'two')),
  works('a heredoc with owner and mode', onBase('COPY --chown=web --chmod=750 <<one /h/x', '1', 'one')),
  fails('--chown by an unknown name', onBase('COPY --chown=nobody one /'), /no user "nobody"/),
  fails('--chown by name where there are no accounts', onScratch('COPY --chown=web one /'), /no user "web"/),
  works(
    'the account file is a symlink',
    onScratch('COPY etc /real', 'COPY linked-etc /etc', 'COPY --chown=copied one /'),
  ),
  fails('the account file is a fifo', onScratch('COPY fifos/fifo /etc/passwd', 'COPY --chown=x one /'), /regular file/),
]

const narrowed: readonly RouteCase[] = [
  works('--exclude of names in a directory', onBase('COPY --exclude=a --exclude=sub/deep dir /x/')),
  works('--exclude on every level', onBase('COPY --exclude=**/c --exclude=*.txt . /x/')),
  works('--exclude with what is taken in again', onBase('COPY --exclude=* --exclude=!sub/deep dir /x/')),
  works('--exclude of everything', onBase('COPY --exclude=** dir /x/')),
  works('--exclude of files by their name', onBase('COPY --exclude=*.txt one *.txt dir /x/')),
  works('--exclude where a directory is there', onBase('COPY --exclude=* --exclude=!odd/file odd-too /')),
  works('--exclude in an image', onScratch('COPY --from=base --exclude=odd --exclude=**/*d / /x/')),
  works('--exclude of one of the names of a file', onBase('COPY --exclude=b hard /x/')),
  works('--exclude of what an ADD takes', onBase('ADD --exclude=sub --exclude=*.tar dir *.tar /x/')),
  works('--parents', onBase('COPY --parents dir/sub/b one dir/sub/deep /x/')),
  works('--parents to the root', onBase('COPY --parents odd-too/odd/file /')),
  works('--parents over directories that are there', onBase('COPY --parents odd-too/./odd/file /')),
  works('--parents with a pivot', onBase('COPY --parents dir/./sub/b ./dir/sub/./deep/c /x/')),
  works('--parents with wildcards', onBase('COPY --parents d*/*/b **/deep/* d*/./sub/*/c /x')),
  works('--parents with what is not there', onBase('COPY --parents no*/thing /x/y')),
  works('--parents with owner and mode', onBase('COPY --parents --chown=web:5 --chmod=750 dir/sub/b /x/')),
  works('--parents of links', onBase('COPY --parents links/su links/to-dir hard/a hard/sub /x/')),
  works('--parents of everything but', onBase('COPY --parents --exclude=dir/sub/deep --exclude=**/a . /x/')),
  works(
    '--parents of a stage',
    `FROM base AS one\nCOPY . /app\nFROM base\nCOPY --parents --from=one /app/./dir/**/c /e*/p* /`,
  ),
  works(
    '--parents through a symlink before the pivot',
    onScratch('COPY --parents --from=base /lib/./through /bin/./p* /x/'),
  ),
  works('--parents in one layer', onBase('COPY --parents dir/sub/b /', 'COPY --parents dir/sub/deep/c /'), {
    singleSnapshot: true,
  }),
  fails(
    '--parents through a symlink',
    onScratch('COPY --parents --from=base /lib/through /x/'),
    /leads through a symlink/,
  ),
  fails('--parents without the file', onBase('COPY --parents dir/none /x/'), /dir\/none is not in/),
  fails('--parents over a file', onBase('COPY one /x/dir', 'COPY --parents dir/sub/b /x/'), /non-directory/),
]

const linked: readonly RouteCase[] = [
  works('--link', onBase('COPY --link one /x/y/z', 'COPY --link dir /x')),
  works('--link onto a symlink', onBase('COPY --link one /lib/one', 'COPY one /lib/two')),
  works('--link over a file, a directory and names', onBase('COPY --link one /links/a', 'COPY --link one /emptied')),
  works('--link onto a directory with an odd mode', onBase('COPY --link one /odd/', 'WORKDIR /odd/x')),
  works('--link to the root', onBase('COPY --link . /')),
  works('--link of a stage', `FROM base AS one\nCOPY dir /a\nFROM base\nCOPY --link --from=one /a /links /b/`),
  works('--link with numbers', onBase('COPY --link --chown=5:6 dir /x/y', 'COPY --link --chown=root one /x/')),
  works('--link and --chmod', onBase('COPY --link --chmod=700 --chown=web one /lib/x/')),
  works('--link of a heredoc', onBase('COPY --link <<one /x/', 'text', 'one')),
  works('--link of archives', onBase('ADD --link archive.tar sparse.tar one /x/', 'ADD --link replacing.tar /')),
  works('--link with parents', onBase('COPY --link --parents dir/sub/b /x/', 'COPY dir /x/dir')),
  works('--link of nothing', onBase('COPY --link none* /x/', 'COPY one /x/')),
  works(
    '--link in one layer',
    onBase('COPY one /a', 'COPY --link dir /lib', 'COPY two.txt /lib/', 'COPY --link one /a'),
    {
      singleSnapshot: true,
    },
  ),
  works('--link with ignored paths', onBase('COPY --link dir /cache/x', 'COPY one /y'), { ignorePaths: ['cache'] }),
]

const workdirs: readonly RouteCase[] = [
  works('WORKDIR', onBase('WORKDIR /new/dir', 'WORKDIR sub')),
  works('WORKDIR as a user', onBase('USER web', 'WORKDIR /home/web/app')),
  works('WORKDIR through a symlink', onBase('WORKDIR /lib/x')),
  works('WORKDIR that is there', onBase('WORKDIR /usr/bin')),
  fails('WORKDIR through a file', onBase('WORKDIR /usr/bin/su/x'), /non-directory/),
]

const archives: readonly RouteCase[] = [
  works('an archive', onBase('ADD archive.tar /a/')),
  works('a compressed archive', onBase('ADD archive.tar.gz /a/')),
  works('an archive over the root', onBase('ADD archive.tar /')),
  works('an archive through a symlink', onBase('ADD archive.tar /lib/x/')),
  works('an archive with an owner', onBase('ADD --chown=web archive.tar /a/')),
  works('archives and files', onBase('ADD one archive.tar two.txt /a/')),
  works('an archive to a name that is its own directory', onScratch('ADD archive.tar /x')),
  works('an archive that replaces what is there', onBase('ADD replacing.tar /')),
  works('an archive with links to what is there', onBase('ADD linking.tar /links')),
  works('an archive twice', onBase('ADD archive.tar /', 'ADD archive.tar /')),
  works('files on an archive', onBase('ADD archive.tar /a', 'COPY dir /a/dir', 'COPY --chown=5 one /a/dir/x')),
  works('an archive that is not unpacked', onBase('ADD --unpack=false archive.tar archive.tar.gz /a/')),
  works('an archive that would be unpacked anyway', onBase('ADD --unpack archive.tar /a/')),
  works('an archive compressed with xz', onBase('ADD archive.tar.xz /a/')),
  works('an archive compressed with bzip2', onBase('ADD archive.tar.bz2 /a/')),
  works('a file that is no archive', onBase('ADD one dir /a/')),
  works('a sparse file in an archive', onScratch('ADD sparse.tar /')),
  fails('an archive that is cut off', onBase('ADD cut.tar /'), /ends in the middle/),
  fails('an archive below a file', onBase('ADD archive.tar /usr/bin/su'), /non-directory/),
]

const stages: readonly RouteCase[] = [
  works('COPY --from an image', onScratch('COPY --from=base / /')),
  works('a directory of an image', onBase('COPY --from=base /links /copied')),
  works('a file of an image through its symlinks', onScratch('COPY --from=base /lib/through /bin/ping /x/')),
  works('wildcards in an image', onScratch('COPY --from=base /e*/* /x/')),
  works('an owner for files of an image', onScratch('COPY --from=base --chown=3:4 /odd /x')),
  works('odd names of an image', onScratch('COPY --from=base /odd /with*/ /x/')),
  works('fifo and device of an image', onScratch('COPY --from=base /run /devices /x/')),
  fails('what an image has not', onScratch('COPY --from=base /gone /x'), /gone is not in the image/),
  works(
    'COPY --from a stage',
    `FROM base AS one\nCOPY . /app\nFROM scratch\nCOPY --from=one /app /app\nCOPY --from=one /etc /etc`,
  ),
  works('a stage on a stage', `FROM base AS one\nCOPY dir /app\nFROM one\nCOPY one /app/one\nWORKDIR /app/sub`),
  works(
    'from a stage on a stage',
    `FROM base AS one\nCOPY dir /a\nFROM one AS two\nADD archive.tar /a\nFROM base\nCOPY --from=two /a /b\nCOPY --from=1 /links /c`,
  ),
  works('heredocs of a stage', `FROM scratch AS one\nCOPY <<x /x\ntext\nx\nFROM scratch\nCOPY --from=one /x /y`),
  works(
    'sparse files of a stage',
    `FROM scratch AS one\nADD sparse.tar /\nCOPY sparse /s\nFROM scratch\nCOPY --from=one / /`,
  ),
]

const single: readonly RouteCase[] = [
  works('one layer', onBase('COPY one /x', 'COPY two.txt /x', 'WORKDIR /y', 'COPY dir /y'), { singleSnapshot: true }),
  works('one layer with replaced links', onBase('COPY one /links/b', 'ADD archive.tar /links'), {
    singleSnapshot: true,
  }),
  works(
    'one layer from stages',
    `FROM base AS one\nCOPY . /app\nFROM base\nCOPY --from=one /app /a\nCOPY --from=base /odd /o`,
    { singleSnapshot: true },
  ),
  works('ignored paths', onBase('COPY dir /cache/x', 'COPY one /cache2/'), { ignorePaths: ['cache', 'etc'] }),
  works('all of it ignored', onBase('COPY dir /cache/x'), { ignorePaths: ['cache'] }),
]

export const routeCases: readonly RouteCase[] = [
  ...destinations,
  ...sources,
  ...flags,
  ...narrowed,
  ...linked,
  ...workdirs,
  ...archives,
  ...stages,
  ...single,
]

/** The context all of them are built from. */
export function fillContext(directory: string): void {
  const at = (name: string): string => join(directory, name)
  const write = (name: string, content: string | Uint8Array, mode = 0o644): void => {
    mkdirSync(join(at(name), '..'), { recursive: true })
    writeFileSync(at(name), content)
    chmodSync(at(name), mode)
  }
  write('one', '1')
  write('two.txt', 'two', 0o600)
  write('dir/a', 'a', 0o755)
  write('dir/sub/b', 'b')
  write('dir/sub/deep/c', 'c')
  chmodSync(at('dir/sub'), 0o700)
  mkdirSync(at('empty'))
  write('odd-too/odd/file', 'odd, too')
  chmodSync(at('odd-too/odd'), 0o711)
  write('clash/deep', 'a directory in the base')
  write('merged/lib/x', 'lib is a symlink in the base')
  fillSources(directory, write)
  fillArchives(directory)
  lutimesSync(at('links/to-one'), 1_650_000_000, 1_650_000_000)
}

function fillSources(
  directory: string,
  write: (name: string, content: string | Uint8Array, mode?: number) => void,
): void {
  const at = (name: string): string => join(directory, name)
  write('hard/a', 'same')
  linkSync(at('hard/a'), at('hard/b'))
  mkdirSync(at('hard/sub'))
  linkSync(at('hard/a'), at('hard/sub/c'))
  write('attributes/plain', 'x')
  execFileSync('setfattr', ['-n', 'user.note', '-v', 'text', at('attributes/plain')])
  write('attributes/ping', 'p', 0o755)
  execFileSync('setcap', ['cap_net_raw=ep', at('attributes/ping')])
  execFileSync('setfattr', ['-n', 'user.top', '-v', '1', at('attributes')])
  write('bits/setuid', 'x')
  chownSync(at('bits/setuid'), 5, 6)
  chmodSync(at('bits/setuid'), 0o4755)
  write('bits/dir/x', 'x')
  chmodSync(at('bits/dir'), 0o3775)
  write(`names/${'long'.repeat(60)}`, 'long')
  write('names/with space/ü', 'u')
  writeFileSync(Buffer.from(`${at('names')}/\xff\xfe`, 'latin1'), 'bytes')
  mkdirSync(at('fifos'))
  execFileSync('mkfifo', [at('fifos/fifo')])
  write('sparse', 'start')
  truncateSync(at('sparse'), 3 << 20)
  write('large', Buffer.alloc(5 << 20, 'large'))
  mkdirSync(at('links'))
  symlinkSync('../dir', at('links/to-dir'))
  symlinkSync('/one', at('links/to-one'))
  symlinkSync('nowhere', at('links/su'))
  write('etc/passwd', 'copied:x:77:78::/:/bin/sh\n')
  mkdirSync(at('linked-etc'))
  symlinkSync('../real/passwd', at('linked-etc/passwd'))
}

function fillArchives(directory: string): void {
  const make = (name: string, script: string): void => {
    execFileSync('sh', ['-euc', `t=$(mktemp -d); cd "$t"; ${script}; rm -rf "$t"`], {
      env: { ...process.env, out: join(directory, name) },
    })
  }
  const tar = (options: string): string => `tar --format=posix --sort=name --mtime=@1600000000 ${options} -f "$out"`
  const members = [
    'mkdir -p etc sub/deep',
    'echo new > etc/passwd',
    'echo x > sub/deep/x',
    'ln sub/deep/x sub/y',
    'ln -s ../etc/passwd sub/link',
    'chmod 4755 sub/deep/x',
    'chmod 0711 sub',
    'chown 3:4 sub/deep',
    'mkfifo sub/pipe',
  ].join('; ')
  make('archive.tar', `${members}; ${tar('-c')} .`)
  make('archive.tar.gz', `${members}; ${tar('-cz')} etc sub`)
  make('archive.tar.xz', `${members}; ${tar('-cJ')} etc sub`)
  make('archive.tar.bz2', `${members}; ${tar('-cj')} etc sub`)
  make('replacing.tar', `mkdir lib; echo 1 > lib/x; echo 2 > odd; ln -s usr implicit; ${tar('-c')} lib odd implicit`)
  make('linking.tar', `echo linked > b; ln b again; ln b c; ${tar('-c')} b again c; ${tar('--delete')} b`)
  make('sparse.tar', `echo start > s; truncate -s 2M s; echo end >> s; truncate -s 3M s; ${tar('-cS')} s`)
  make('cut.tar', `head -c 4000 /dev/zero > z; ${tar('-c')} z; truncate -s 1500 "$out"`)
}
