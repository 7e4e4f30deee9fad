import type { ImageCase } from '../case.ts'

export const runCases: readonly ImageCase[] = [
  {
    name: 'run-exec-form',
    pins: 'the JSON form runs without a shell: nothing is expanded',
    dockerfile: 'ARG BASE\nFROM $BASE\nENV A=1\nRUN ["/bin/sh", "-c", "echo \\"$0\\" > /f", "$A"]\n',
    expect: { files: { f: '$A\n' } },
  },
  {
    name: 'run-json-that-is-none',
    pins: 'what is not quite JSON is the shell form',
    dockerfile: `ARG BASE\nFROM $BASE\nRUN [ 1 = 1 ] && echo yes > /f\nRUN ['a' = a] || echo no > /g\n`,
  },
  {
    name: 'run-continuation',
    pins: 'joined lines keep what stands before the backslash',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN echo "a \\\n  b" > /f; echo c\\\nd >> /f\n',
  },
  {
    name: 'run-workdir-made',
    pins: 'a command starts in the WORKDIR, which is there',
    dockerfile: 'ARG BASE\nFROM $BASE\nWORKDIR /a/b\nRUN pwd > f\n',
  },
  {
    name: 'run-umask',
    pins: 'new files of a command have the modes of umask 022',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN touch /f && mkdir /d && umask > /umask\n',
  },
  {
    name: 'run-environment-order',
    pins: 'ENV goes before ARG in the environment of a command, and HOME is that of the user',
    dockerfile: 'ARG BASE\nFROM $BASE\nENV A=env\nRUN echo "$A $HOME" > /f\nENV HOME=/own\nRUN echo "$HOME" >> /f\n',
  },
  {
    name: 'run-nothing-changes',
    pins: 'a command that changes nothing leaves the files as they are',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN true\nLABEL a=1\n',
  },
  {
    name: 'run-same-content',
    pins: 'a file written anew with what it held is a change',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN echo a > /f\nRUN echo a > /f\n',
  },
  {
    name: 'run-deletes',
    pins: 'what a command deletes is gone, files and whole directories',
    dockerfile: 'ARG BASE\nFROM $BASE\nCOPY d /d\nCOPY d /e\nRUN rm /d/one && rm -r /e\n',
    files: { 'd/one': '1\n', 'd/two': '2\n' },
  },
  {
    name: 'run-replaces-kinds',
    pins: 'a file becomes a directory, and a directory a symlink',
    dockerfile: 'ARG BASE\nFROM $BASE\nCOPY d /d\nRUN rm /d/one && mkdir /d/one && rm -r /d/in && ln -s one /d/in\n',
    files: { 'd/one': '1\n', 'd/in/two': '2\n' },
  },
  {
    name: 'run-hardlinks-in-one-layer',
    pins: 'names of one file made by a command stay one file',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN echo a > /a && ln /a /b && mkdir /d && ln /a /d/c\n',
    expect: { files: { b: { sameAs: 'a' }, 'd/c': { sameAs: 'a' } } },
  },
  {
    name: 'run-hardlinks-across-layers',
    pins: 'a new name for a file of a lower layer is a name of that file',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN echo a > /a\nRUN ln /a /b\n',
    expect: { files: { a: { sameAs: 'a' }, b: { sameAs: 'a', text: 'a\n' } } },
  },
  {
    name: 'run-pipes',
    pins: 'what commands make of pipes is kept',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN mkfifo -m 640 /pipe && chown 3:4 /pipe\n',
  },
  {
    name: 'run-sparse-file',
    pins: 'a file with holes keeps its size and content',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN truncate -s 3M /f && echo end >> /f\n',
  },
  {
    name: 'run-times',
    pins: 'the times a command sets are kept',
    dockerfile:
      'ARG BASE\nFROM $BASE\nRUN touch -d @1234567890 /f && ln -s f /l && mkdir /d && touch -d @1000000000 /d/g\n',
  },
  {
    name: 'run-sticky-and-setgid',
    pins: 'special mode bits of files and directories are kept',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN mkdir -m 1777 /t && mkdir -m 2750 /g && touch /s && chmod 6755 /s\n',
  },
  {
    name: 'run-odd-names',
    pins: 'names may hold blanks, line ends and bytes that are no text',
    dockerfile: `ARG BASE\nFROM $BASE\nRUN touch "/a b" "/-c" /$(printf 'x\\377y') "/$(printf 'd\\ne')" "/ü"\n`,
  },
  {
    name: 'run-network-idle',
    pins: '--network=default and host, and --security=sandbox, are what commands have anyway',
    dockerfile:
      'ARG BASE\nFROM $BASE\nRUN --network=default echo 1 > /a\nRUN --network=host echo 2 > /b\nRUN --security=sandbox echo 3 > /c\n',
    rule: 'the defaults may be said; buildah 1.28 knows no --security',
    expect: { files: { a: '1\n', b: '2\n', c: '3\n' } },
  },
  {
    name: 'run-standard-input',
    pins: 'a command has nothing to read',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN cat > /f\n',
    expect: { files: { f: '' } },
  },
  {
    name: 'run-shell-again',
    pins: 'SHELL holds from where it stands, for the stage and those on top of it',
    dockerfile: `ARG BASE
FROM $BASE AS one
RUN echo "$0" > /a
SHELL ["/bin/busybox", "sh", "-euc"]
RUN echo "$-" | tr -dc u > /b
FROM one
RUN echo "$-" | tr -dc u > /c
`,
  },
  {
    name: 'run-directory-change-ends',
    pins: 'what a command does to its own directory and variables ends with it',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN cd /tmp && export A=1\nRUN echo "$PWD$A" > /f\n',
    expect: { files: { f: '/\n' } },
  },
]
