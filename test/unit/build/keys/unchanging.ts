import { chmodSync, chownSync, linkSync, lutimesSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { afterwards, copy, files, plain, type Row, run, text } from './situation.ts'

const beforeRun = (instruction: string): ReturnType<typeof text> => text('RUN', `${instruction}\nRUN`)
const stages = (unused: string): { dockerfile: string; target: string } => ({
  dockerfile: `${plain.dockerfile.replace('base', 'base AS wanted')}FROM base\n${unused}\n`,
  target: 'wanted',
})

/** Changes that no layer depends on. */
export const unchanging: readonly Row[] = [
  // How it is written.
  { name: 'a comment', after: text('RUN', '# why this is so\nRUN') },
  { name: 'empty lines', after: text('RUN', '\n\nRUN') },
  {
    name: 'instructions in small letters',
    after: { dockerfile: plain.dockerfile.replaceAll(/^[A-Z]+/gm, (word) => word.toLowerCase()) },
  },
  { name: 'white space between words', after: copy('COPY   src\tdest/  ') },
  { name: 'a line that goes on in the next', after: copy('COPY src \\\n  dest/') },
  { name: 'a comment within an instruction', after: copy('COPY src \\\n# to there\n  dest/') },
  { name: 'lines that end as those of Windows', after: { dockerfile: plain.dockerfile.replaceAll('\n', '\r\n') } },
  { name: 'a byte order mark', after: { dockerfile: `\ufeff${plain.dockerfile}` } },
  { name: 'a syntax directive', after: { dockerfile: `# syntax=docker/dockerfile:1\n${plain.dockerfile}` } },
  { name: 'the name of the stage', after: text('FROM base', 'FROM base AS final') },
  { name: 'the name of the Dockerfile', after: { name: 'other/Dockerfile.release' } },
  { name: 'the place of the context', after: {} },
  { name: 'a variable in place of its value', before: copy('COPY src /one/'), after: copy('COPY src /$MODE/') },
  { name: 'quotes around a value', after: text('MODE=one', 'MODE="one"') },
  { name: 'the old form of ENV', after: text('MODE=one', 'MODE one') },
  { name: 'the order of variables', before: text('MODE=one', 'MODE=one B=2'), after: text('MODE=one', 'B=2 MODE=one') },
  {
    name: 'one ENV in place of two',
    before: text('MODE=one', 'MODE=one\nENV B=2'),
    after: text('MODE=one', 'MODE=one B=2'),
  },
  { name: 'a list in place of words', after: copy('COPY ["src", "dest/"]') },
  { name: 'white space in a list', before: run('RUN ["make","all"]'), after: run('RUN [ "make",  "all" ]') },
  { name: 'the shell that there is anyway', after: beforeRun('SHELL ["/bin/sh", "-c"]') },
  {
    name: 'the order of the options of a mount',
    before: run('RUN --mount=type=cache,target=/c,id=c make'),
    after: run('RUN --mount=id=c,target=/c,type=cache make'),
  },
  { name: 'a place by its full path', after: copy('COPY src /app/dest/') },
  { name: 'a place with dots in it', after: copy('COPY src ./x/../dest/') },
  {
    name: 'the number of a stage in place of its name',
    before: { dockerfile: 'FROM base AS a\nRUN a\nFROM base\nCOPY --from=a /a /' },
    after: { dockerfile: 'FROM base AS a\nRUN a\nFROM base\nCOPY --from=0 /a /' },
  },
  { name: 'names in place of a pattern', before: copy('COPY o* e*.sh dest/'), after: copy('COPY other exec.sh dest/') },
  { name: 'a dot before the name of a file', before: copy('COPY other dest/'), after: copy('COPY ./other dest/') },
  // What only the configuration tells.
  { name: 'a label', after: beforeRun('LABEL a=b') },
  { name: 'a label by a flag', after: { labels: { a: 'b' } } },
  { name: 'CMD', after: beforeRun('CMD ["serve"]') },
  { name: 'ENTRYPOINT', after: beforeRun('ENTRYPOINT ["serve"]') },
  { name: 'EXPOSE', after: beforeRun('EXPOSE 80') },
  { name: 'HEALTHCHECK', after: beforeRun('HEALTHCHECK CMD true') },
  { name: 'STOPSIGNAL', after: beforeRun('STOPSIGNAL INT') },
  { name: 'MAINTAINER', after: beforeRun('MAINTAINER somebody') },
  { name: 'VOLUME', after: beforeRun('VOLUME /data') },
  { name: 'ONBUILD', after: beforeRun('ONBUILD RUN later') },
  // What a step cannot see.
  { name: 'an ARG that comes later', after: { dockerfile: `${plain.dockerfile}ARG LATE=1\n` } },
  { name: 'an ENV that comes later', after: { dockerfile: `${plain.dockerfile}ENV LATE=1\n` } },
  { name: 'a USER that comes later', after: { dockerfile: `${plain.dockerfile}USER nobody\n` } },
  { name: 'an ARG above all stages', after: { dockerfile: `ARG GLOBAL=1\n${plain.dockerfile}` } },
  { name: 'a build argument that no ARG declares', after: { buildArgs: { OTHER: '1' } } },
  { name: 'a build argument that says what the default is', after: { buildArgs: { FLAG: '1' } } },
  { name: 'a proxy', after: { buildArgs: { HTTP_PROXY: 'http://proxy', no_proxy: 'localhost' } } },
  { name: 'a stage that nobody needs', before: stages('RUN a'), after: stages('RUN b') },
  {
    name: 'the user and environment of a COPY',
    before: { dockerfile: 'FROM base\nCOPY src /' },
    after: { dockerfile: 'FROM base\nUSER nobody\nENV A=b\nCOPY src /' },
  },
  {
    name: 'the working directory of a COPY that goes to a full path',
    before: { dockerfile: 'FROM base\nCOPY src /x' },
    after: { dockerfile: 'FROM base:workdir\nCOPY src /x' },
  },
  // The base.
  { name: 'another name of the base', after: text('FROM base', 'FROM registry.example.com/team/base:9') },
  { name: 'labels of the base', after: text('FROM base', 'FROM base:labels') },
  { name: 'what the base runs and listens to', after: text('FROM base', 'FROM base:cmd') },
  {
    name: 'the working directory of the base where the stage has its own',
    after: text('FROM base', 'FROM base:workdir'),
  },
  { name: 'a stage that adds nothing to its base', after: text('FROM base', 'FROM base AS below\nFROM below') },
  { name: 'the platform that it is anyway', after: text('FROM base', 'FROM --platform=linux/amd64 base') },
  // Files.
  { name: 'the times of files', after: afterwards((context) => utimesSync(`${context}/src/a`, 1, 1)) },
  { name: 'the time of a symlink', after: afterwards((context) => lutimesSync(`${context}/src/link`, 1, 1)) },
  {
    name: 'the owners of files, as COPY makes them those of root',
    after: afterwards((context) => chownSync(`${context}/src/a`, 7, 8)),
  },
  {
    name: 'a second name of a file elsewhere',
    after: afterwards((context) => linkSync(`${context}/src/a`, `${context}/elsewhere`)),
  },
  {
    name: 'the mode of the directory whose contents are copied',
    after: afterwards((context) => chmodSync(`${context}/src`, 0o700)),
  },
  {
    name: 'the order in which files were made',
    after: afterwards((context) => {
      rmSync(`${context}/src/a`)
      writeFileSync(`${context}/src/a`, 'a')
    }),
  },
  { name: 'a file that is not copied', after: files({ other: 'changed' }) },
  {
    name: 'a file that is ignored',
    before: files({ '.dockerignore': 'src/log' }),
    after: files({ '.dockerignore': 'src/log', 'src/log': 'x' }),
  },
  {
    name: 'a directory that is ignored',
    before: files({ '.dockerignore': '**/tmp' }),
    after: { ...files({ '.dockerignore': '**/tmp' }), afterwards: (context) => mkdirSync(`${context}/src/sub/tmp`) },
  },
  {
    name: 'a comment in the ignore file',
    before: files({ '.dockerignore': 'x' }),
    after: files({ '.dockerignore': '# no\nx' }),
  },
  {
    name: 'a file that a mount leaves aside',
    before: run('RUN --mount=type=bind,source=src,target=/m make'),
    after: { ...run('RUN --mount=type=bind,source=src,target=/m make'), ...files({ other: 'changed' }) },
  },
  {
    name: 'the mode of files that all get the same one',
    before: copy('COPY --chmod=755 src dest/'),
    after: { ...copy('COPY --chmod=755 src dest/'), ...files({ 'src/a': { text: 'a', mode: 0o755 } }) },
  },
  // How layers are stored.
  { name: 'how hard layers are compressed', after: { layers: { compressionLevel: 9 } } },
]
