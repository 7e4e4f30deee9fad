import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { setXattr } from '../../../../src/sys/xattr.ts'
import { afterwards, copy, files, type Row, run, text } from './situation.ts'

const stage = (made: string, taken = '/made'): string =>
  `FROM base AS build\n${made}\nFROM base\nCOPY --from=build ${taken} /\n`
const mounted = (options: string): ReturnType<typeof run> => run(`RUN --mount=${options} make`)
const fromStage = (made: string, options: string): { dockerfile: string } => ({
  dockerfile: `FROM base AS build\n${made}\nFROM base\nRUN --mount=type=bind,from=build,${options} make\n`,
})

/** Changes that a layer may depend on: of the last step, if not of earlier ones. */
export const changing: readonly Row[] = [
  // Commands.
  { name: 'the command', after: run('RUN make all') },
  { name: 'white space in a command', after: run('RUN make  all'), before: run('RUN make all') },
  { name: 'a command without a shell', after: run('RUN ["make"]') },
  { name: 'where one argument ends', before: run('RUN ["make", "a b"]'), after: run('RUN ["make", "a", "b"]') },
  { name: 'the order of arguments', before: run('RUN ["make", "a", "b"]'), after: run('RUN ["make", "b", "a"]') },
  { name: 'the value of a variable', after: text('MODE=one', 'MODE=two') },
  { name: 'the name of a variable', after: text('MODE=one', 'MODES=one') },
  { name: 'one more variable', after: text('MODE=one', 'MODE=one MORE=') },
  {
    name: 'a variable that is empty, not missing',
    before: text('ENV MODE=one\n', ''),
    after: text('MODE=one', 'MODE='),
  },
  { name: 'where a name ends', before: text('MODE=one', 'A="b C=c"'), after: text('MODE=one', 'A=b C=c') },
  { name: 'the value of an ARG', after: { buildArgs: { FLAG: '2' } } },
  { name: 'the default of an ARG', after: text('FLAG=1', 'FLAG=2') },
  { name: 'an ARG that a command can see, used or not', after: text('ARG FLAG=1', 'ARG FLAG=1\nARG UNUSED=1') },
  {
    name: 'an ARG that is given a value',
    before: text('FLAG=1', 'FLAG'),
    after: { ...text('FLAG=1', 'FLAG'), buildArgs: { FLAG: '' } },
  },
  { name: 'a proxy that is declared', before: text('FLAG=1', 'HTTP_PROXY=a'), after: text('FLAG=1', 'HTTP_PROXY=b') },
  { name: 'the user', after: text('RUN', 'USER nobody\nRUN') },
  { name: 'the group', before: text('RUN', 'USER 1:1\nRUN'), after: text('RUN', 'USER 1:2\nRUN') },
  { name: 'the working directory', after: text('WORKDIR /app', 'WORKDIR /srv') },
  { name: 'the shell', after: text('RUN', 'SHELL ["/bin/ash", "-c"]\nRUN') },
  {
    name: 'an option of the shell',
    before: text('RUN', 'SHELL ["sh", "-c"]\nRUN'),
    after: text('RUN', 'SHELL ["sh", "-ec"]\nRUN'),
  },
  { name: 'the body of a here-document', before: run('RUN <<E\nmake\nE'), after: run('RUN <<E\nmake x\nE') },
  {
    name: 'a here-document for another program',
    before: run('RUN <<E\n#!/bin/sh\nmake\nE'),
    after: run('RUN <<E\n#!/bin/ash\nmake\nE'),
  },
  { name: 'the standard input of a command', before: run('RUN cat <<E\na\nE'), after: run('RUN cat <<E\nb\nE') },
  { name: 'a command without a network', after: run('RUN --network=none make') },
  { name: 'a command with all capabilities', after: run('RUN --security=insecure make') },
  { name: 'a device', after: run('RUN --device=vendor.com/device=all make') },
  { name: 'the platform', after: { platform: 'linux/arm64' } },
  { name: 'the variant of a platform', before: { platform: 'linux/arm/v7' }, after: { platform: 'linux/arm/v6' } },
  // What commands find mounted.
  { name: 'a cache', after: mounted('type=cache,target=/c') },
  { name: 'where a cache is', before: mounted('type=cache,target=/c'), after: mounted('type=cache,target=/d') },
  { name: 'the name of a cache', before: mounted('type=cache,target=/c'), after: mounted('type=cache,target=/c,id=d') },
  {
    name: 'the mode of a cache',
    before: mounted('type=cache,target=/c'),
    after: mounted('type=cache,target=/c,mode=0700'),
  },
  {
    name: 'the owner of a cache',
    before: mounted('type=cache,target=/c'),
    after: mounted('type=cache,target=/c,uid=1'),
  },
  {
    name: 'a cache only to be read',
    before: mounted('type=cache,target=/c'),
    after: mounted('type=cache,target=/c,ro'),
  },
  {
    name: 'memory in place of a cache',
    before: mounted('type=cache,target=/c'),
    after: mounted('type=tmpfs,target=/c'),
  },
  {
    name: 'the size of a tmpfs',
    before: mounted('type=tmpfs,target=/c'),
    after: mounted('type=tmpfs,target=/c,size=1m'),
  },
  {
    name: 'the name of a secret',
    before: mounted('type=secret,id=a,target=/s'),
    after: mounted('type=secret,id=b,target=/s'),
  },
  {
    name: 'where a secret is',
    before: mounted('type=secret,id=a,target=/s'),
    after: mounted('type=secret,id=a,target=/t'),
  },
  { name: 'a secret in a variable', before: mounted('type=secret,id=a'), after: mounted('type=secret,id=a,env=A') },
  { name: 'an agent', before: mounted('type=ssh'), after: mounted('type=ssh,id=other') },
  {
    name: 'files of the context',
    before: mounted('type=bind,target=/m'),
    after: { ...mounted('type=bind,target=/m'), ...files({ other: 'changed' }) },
  },
  { name: 'where they are', before: mounted('type=bind,target=/m'), after: mounted('type=bind,target=/n') },
  {
    name: 'files that can be written',
    before: mounted('type=bind,target=/m'),
    after: mounted('type=bind,target=/m,rw'),
  },
  {
    name: 'which of them',
    before: mounted('type=bind,target=/m,source=src/a'),
    after: mounted('type=bind,target=/m,source=other'),
  },
  { name: 'files of a stage', before: fromStage('RUN a', 'target=/m'), after: fromStage('RUN b', 'target=/m') },
  {
    name: 'which files of a stage',
    before: fromStage('RUN a', 'target=/m'),
    after: fromStage('RUN a', 'target=/m,source=/etc'),
  },
  // What is below.
  { name: 'the files of the base', after: text('FROM base', 'FROM base:2') },
  { name: 'a variable of the base', after: text('FROM base', 'FROM base:env') },
  { name: 'the user of the base', after: text('FROM base', 'FROM base:user') },
  { name: 'the shell of the base', after: text('FROM base', 'FROM base:shell') },
  {
    name: 'the working directory of the base',
    before: { dockerfile: 'FROM base\nRUN make' },
    after: { dockerfile: 'FROM base:workdir\nRUN make' },
  },
  {
    name: 'no base',
    before: { dockerfile: 'FROM scratch\nCOPY other /' },
    after: { dockerfile: 'FROM base\nCOPY other /' },
  },
  {
    name: 'a trigger of the base',
    before: text('FROM base', 'FROM base:trigger'),
    after: text('FROM base', 'FROM base:trigger2'),
  },
  {
    name: 'an ARG in the name of the base',
    before: text('FROM base', 'ARG V=env\nFROM base:$V'),
    after: { ...text('FROM base', 'ARG V=env\nFROM base:$V'), buildArgs: { V: '2' } },
  },
  { name: 'a step in between', after: text('RUN make', 'RUN before\nRUN make') },
  { name: 'a step less', after: text('COPY src dest/\n', '') },
  { name: 'the order of steps', after: text('COPY src dest/\nRUN make', 'RUN make\nCOPY src dest/') },
  {
    name: 'a stage in place of the image it is built on',
    after: text('FROM base', 'FROM base AS below\nRUN below\nFROM below'),
  },
  // Files.
  { name: 'the bytes of a file', after: files({ 'src/a': 'b' }) },
  { name: 'bytes of the same number deep in a directory', after: files({ 'src/sub/b': 'c' }) },
  { name: 'one byte at the end of a file', after: files({ 'src/a': 'a\n' }) },
  { name: 'an empty file', after: files({ 'src/empty': '' }) },
  { name: 'the mode of a file', after: files({ 'src/a': { text: 'a', mode: 0o755 } }) },
  {
    name: 'a file that may be run with the rights of its owner',
    before: files({ 'src/a': { text: 'a', mode: 0o755 } }),
    after: files({ 'src/a': { text: 'a', mode: 0o4755 } }),
  },
  { name: 'the mode of a directory', after: afterwards((context) => chmodSync(`${context}/src/sub`, 0o700)) },
  { name: 'a file less', after: afterwards((context) => rmSync(`${context}/src/a`)) },
  { name: 'the name of a file', after: afterwards((context) => renameSync(`${context}/src/a`, `${context}/src/A`)) },
  {
    name: 'the directory of a file',
    after: afterwards((context) => renameSync(`${context}/src/a`, `${context}/src/sub/a`)),
  },
  { name: 'an empty directory', after: afterwards((context) => mkdirSync(`${context}/src/empty`)) },
  { name: 'where a symlink leads', after: files({ 'src/link': { link: 'sub/b' } }) },
  { name: 'a file in place of a symlink', after: files({ 'src/link': 'a' }) },
  {
    name: 'an attribute',
    after: afterwards((context) => setXattr(Buffer.from(`${context}/src/a`), 'user.x', Buffer.from('1'))),
  },
  {
    name: 'a file that is ignored no more',
    before: files({ '.dockerignore': 'src/a' }),
    after: files({ '.dockerignore': '' }),
  },
  {
    name: 'a second match of a wildcard',
    before: copy('COPY ex* dest/'),
    after: { ...copy('COPY ex* dest/'), ...files({ extra: '' }) },
  },
  // What is done with them.
  { name: 'where files go', after: copy('COPY src destination/') },
  { name: 'a directory in place of a name', before: copy('COPY other dest'), after: copy('COPY other dest/') },
  { name: 'a place below the working directory', before: copy('COPY src dest/'), after: copy('COPY src /dest/') },
  { name: 'which files', before: copy('COPY src dest/'), after: copy('COPY . dest/') },
  { name: 'the order of sources', before: copy('COPY other exec.sh dest/'), after: copy('COPY exec.sh other dest/') },
  { name: 'the owner files get', after: copy('COPY --chown=1 src dest/') },
  { name: 'the group files get', before: copy('COPY --chown=1 src dest/'), after: copy('COPY --chown=1:1 src dest/') },
  { name: 'the mode files get', after: copy('COPY --chmod=700 src dest/') },
  { name: 'what is left out', before: copy('COPY --exclude=a src dest/'), after: copy('COPY --exclude=sub src dest/') },
  {
    name: 'the mode of a file that keeps some of it',
    before: copy('COPY --chmod=go+r src dest/'),
    after: { ...copy('COPY --chmod=go+r src dest/'), ...files({ 'src/a': { text: 'a', mode: 0o755 } }) },
  },
  {
    name: 'which directories sources keep',
    before: copy('COPY --parents ./src/sub dest/'),
    after: copy('COPY --parents src/./sub dest/'),
  },
  {
    name: 'an archive in a directory in place of an archive',
    before: { ...copy('ADD empty exec.sh dest/'), afterwards: (context) => mkdirSync(`${context}/empty`) },
    after: {
      ...copy('ADD full dest/'),
      afterwards: (context) => {
        mkdirSync(`${context}/full`)
        renameSync(`${context}/exec.sh`, `${context}/full/exec.sh`)
      },
    },
  },
  { name: 'sources with their directories', after: copy('COPY --parents src dest/') },
  { name: 'a layer of its own', after: copy('COPY --link src dest/') },
  { name: 'ADD in place of COPY', after: copy('ADD src dest/') },
  {
    name: 'archives that stay as they are',
    before: copy('ADD src dest/'),
    after: copy('ADD --unpack=false src dest/'),
  },
  {
    name: 'the name of a file in the Dockerfile',
    before: copy('COPY <<a dest/\nx\na'),
    after: copy('COPY <<b dest/\nx\nb'),
  },
  {
    name: 'the text of a file in the Dockerfile',
    before: copy('COPY <<a dest/\nx\na'),
    after: copy('COPY <<a dest/\ny\na'),
  },
  {
    name: 'a variable in a file in the Dockerfile',
    before: copy('COPY <<a dest/\n$MODE\na'),
    after: copy('COPY <<"a" dest/\n$MODE\na'),
  },
  {
    name: 'the checksum of a download',
    before: copy(`ADD --checksum=sha256:${'0'.repeat(64)} http://127.0.0.1/a /`),
    after: copy(`ADD --checksum=sha256:${'1'.repeat(64)} http://127.0.0.1/a /`),
  },
  {
    name: 'the address of a download',
    before: copy(`ADD --checksum=sha256:${'0'.repeat(64)} http://127.0.0.1/a /`),
    after: copy(`ADD --checksum=sha256:${'0'.repeat(64)} http://127.0.0.1/b /`),
  },
  { name: 'the user who makes a directory', after: text('WORKDIR', 'USER nobody\nWORKDIR') },
  // Files of stages and images.
  {
    name: 'a command of the stage that files come from',
    before: { dockerfile: stage('RUN a') },
    after: { dockerfile: stage('RUN b') },
  },
  {
    name: 'which files of the stage',
    before: { dockerfile: stage('RUN a') },
    after: { dockerfile: stage('RUN a', '/other') },
  },
  {
    name: 'the base of that stage',
    before: { dockerfile: stage('RUN a') },
    after: { dockerfile: stage('RUN a').replace('FROM base', 'FROM base:2') },
  },
  {
    name: 'another stage',
    before: { dockerfile: `FROM base:2 AS other\n${stage('RUN a')}` },
    after: { dockerfile: `FROM base:2 AS other\n${stage('RUN a').replace('=build', '=other')}` },
  },
  {
    name: 'the image that files come from',
    before: copy('COPY --from=base:1 /etc/passwd /'),
    after: copy('COPY --from=base:2 /etc/passwd /'),
  },
  // How layers are made.
  { name: 'times that are the same in every build', after: { layers: { reproducible: true } } },
  { name: 'how closely changes are looked for', after: { layers: { snapshotMode: 'time' } } },
  { name: 'paths that are left out', after: { layers: { ignorePaths: ['/var/run'] } } },
]
