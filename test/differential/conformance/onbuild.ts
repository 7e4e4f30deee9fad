import type { ImageCase } from '../case.ts'

export const onBuildCases: readonly ImageCase[] = [
  {
    name: 'onbuild-kept',
    pins: 'ONBUILD does nothing but stay in the configuration',
    dockerfile: 'FROM scratch\nONBUILD RUN exit 1\nONBUILD COPY . /src\n',
    expect: { config: { OnBuild: ['RUN exit 1', 'COPY . /src'] } },
  },
  {
    name: 'onbuild-of-stage',
    pins: 'triggers of a stage run first in the stage on top of it, and are gone after it',
    dockerfile: `ARG BASE
FROM $BASE AS one
ONBUILD RUN echo trigger > /f
FROM one AS two
RUN echo own >> /f
FROM two
RUN echo last >> /f
`,
    expect: { files: { f: 'trigger\nown\nlast\n' }, config: { OnBuild: undefined } },
  },
  {
    name: 'onbuild-order',
    pins: 'triggers run in their order and see what stands before them',
    dockerfile: 'FROM scratch AS one\nENV A=1\nONBUILD ENV B=$A\nONBUILD LABEL b=$B\nFROM one\nLABEL own=$B\n',
  },
  {
    name: 'onbuild-copy-from',
    pins: 'a trigger may copy from a stage of the Dockerfile it runs in',
    dockerfile: `FROM scratch AS files
COPY f /f
FROM scratch AS one
ONBUILD COPY --from=files /f /g
FROM one
`,
    files: { f: '1' },
    rule: 'ONBUILD COPY --from names stages above the one it runs in',
    expect: { files: { g: '1' } },
  },
  {
    name: 'onbuild-all-kinds',
    pins: 'triggers set what instructions set',
    dockerfile: `FROM scratch AS one
ONBUILD USER 5
ONBUILD WORKDIR /w
ONBUILD EXPOSE 80
ONBUILD ENTRYPOINT ["e"]
ONBUILD CMD ["c"]
ONBUILD VOLUME /v
ONBUILD STOPSIGNAL SIGINT
FROM one
`,
  },
  {
    name: 'onbuild-arg',
    pins: 'a trigger may declare an ARG',
    dockerfile: 'FROM scratch AS one\nONBUILD ARG X=1\nFROM one\nLABEL x="[$X]"\n',
  },
  {
    name: 'onbuild-shell',
    pins: 'a trigger that changes the SHELL does so for the commands below it',
    dockerfile:
      'ARG BASE\nFROM $BASE AS one\nONBUILD SHELL ["/bin/sh", "-euc"]\nFROM one\nRUN echo "$-" | tr -dc u > /f\n',
  },
  {
    name: 'onbuild-case',
    pins: 'a trigger is kept as it is written',
    dockerfile: 'FROM scratch\nonbuild   label  a=1   b="2"\n',
    expect: { config: { OnBuild: ['label  a=1   b="2"'] } },
  },
  {
    name: 'onbuild-add',
    pins: 'a trigger may ADD from the context of the build it runs in',
    dockerfile: 'FROM scratch AS one\nONBUILD ADD f /d/\nFROM one\n',
    files: { f: '1' },
  },
  {
    name: 'onbuild-healthcheck',
    pins: 'a trigger takes flags',
    dockerfile: 'FROM scratch AS one\nONBUILD HEALTHCHECK --retries=2 CMD x\nFROM one\n',
  },
]
