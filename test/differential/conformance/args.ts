import type { ImageCase } from '../case.ts'

export const argCases: readonly ImageCase[] = [
  {
    name: 'arg-default',
    pins: 'an ARG has its default, and none of it stays in the configuration',
    dockerfile: 'FROM scratch\nARG X=default\nLABEL x=$X\n',
  },
  {
    name: 'arg-given',
    pins: '--build-arg goes before the default',
    dockerfile: 'FROM scratch\nARG X=default\nLABEL x=$X\n',
    buildArgs: ['X=given'],
  },
  {
    name: 'arg-given-empty',
    pins: 'an empty --build-arg is a value',
    dockerfile: 'FROM scratch\nARG X=default\nLABEL x="[$X]"\n',
    buildArgs: ['X='],
  },
  {
    name: 'arg-given-equals',
    pins: 'a --build-arg is cut at its first "="',
    dockerfile: 'FROM scratch\nARG X\nLABEL x="[$X]"\n',
    buildArgs: ['X=a=b=c'],
  },
  {
    name: 'arg-above-declaration',
    pins: 'above its ARG a variable is empty, even when it is given',
    dockerfile: 'FROM scratch\nLABEL before="[$X]"\nARG X=1\nLABEL after="[$X]"\n',
    buildArgs: ['X=2'],
  },
  {
    name: 'arg-undeclared',
    pins: 'a --build-arg that no ARG takes changes nothing',
    dockerfile: 'FROM scratch\nLABEL x="[$X]"\n',
    buildArgs: ['X=2'],
  },
  {
    name: 'arg-global-not-seen',
    pins: 'an ARG above FROM is not seen in a stage that does not declare it',
    dockerfile: 'ARG X=global\nFROM scratch\nLABEL x="[$X]"\n',
  },
  {
    name: 'arg-global-declared',
    pins: 'ARG without a default takes the value from above FROM',
    dockerfile: 'ARG X=global\nFROM scratch\nARG X\nLABEL x="[$X]"\n',
  },
  {
    name: 'arg-global-own-default',
    pins: "a stage's own default goes before the value from above FROM",
    dockerfile: 'ARG X=global\nFROM scratch\nARG X=own\nLABEL x="[$X]"\n',
  },
  {
    name: 'arg-global-given',
    pins: '--build-arg goes before both defaults',
    dockerfile: 'ARG X=global\nFROM scratch\nARG X=own\nLABEL x="[$X]"\n',
    buildArgs: ['X=given'],
  },
  {
    name: 'arg-other-stage',
    pins: 'an ARG ends with its stage',
    dockerfile: 'FROM scratch AS one\nARG X=1\nLABEL one=$X\nFROM scratch\nLABEL two="[$X]"\n',
  },
  {
    name: 'arg-inherited',
    pins: 'a stage that starts from another has its arguments',
    dockerfile: 'FROM scratch AS one\nARG X=1\nFROM one\nLABEL two="[$X]"\n',
    rule: 'an ARG is inherited along FROM <stage>; buildah ends it with its stage',
    expect: { config: { Labels: { two: '[1]' } } },
  },
  {
    name: 'arg-after-env',
    pins: 'of ENV and ARG the later one counts',
    dockerfile: 'FROM scratch\nENV X=env\nARG X=arg\nLABEL x=$X\n',
    rule: 'a later declaration wins; in buildah ENV always does',
    expect: { config: { Labels: { x: 'arg' } } },
  },
  {
    name: 'env-after-arg',
    pins: 'ENV goes before an ARG above it, even when it is given',
    dockerfile: 'FROM scratch\nARG X=arg\nENV X=env\nLABEL x=$X\n',
    buildArgs: ['X=given'],
  },
  {
    name: 'env-from-arg',
    pins: 'ENV keeps the value of an ARG',
    dockerfile: 'FROM scratch\nARG X=arg\nENV X=$X Y=-$X-\n',
    buildArgs: ['X=given'],
  },
  {
    name: 'arg-uses-earlier',
    pins: 'a default may use arguments above it',
    dockerfile: 'FROM scratch\nARG A=1\nARG B=$A-2\nLABEL b=$B\n',
  },
  {
    name: 'arg-several',
    pins: 'one ARG declares several, and the later ones see the earlier ones',
    dockerfile: 'FROM scratch\nARG A=1 B=2 C=$A$B D\nLABEL all="$A,$B,$C,[$D]"\n',
    rule: 'ARG takes several names; buildah gives the later ones nothing of the earlier ones',
    expect: { config: { Labels: { all: '1,2,12,[]' } } },
  },
  {
    name: 'arg-quotes',
    pins: 'quotes hold a default together and go',
    dockerfile: `FROM scratch\nARG A="two words"\nARG B='single $A'\nARG C=a\\ b\nLABEL all="$A|$B|$C"\n`,
  },
  {
    name: 'arg-redeclared',
    pins: 'an ARG again, with another default, replaces the first',
    dockerfile: 'FROM scratch\nARG X=1\nLABEL one=$X\nARG X=2\nLABEL two=$X\n',
  },
  {
    name: 'arg-in-run',
    pins: 'a command has the arguments declared above it in its environment',
    dockerfile: 'ARG BASE\nFROM $BASE\nARG X=1\nRUN echo "$X-$Y" > /f\nARG Y=2\nRUN echo "$X-$Y" >> /f\n',
    expect: { files: { f: '1-\n1-2\n' } },
  },
  {
    name: 'arg-proxy-predefined',
    pins: 'a proxy is given without an ARG, to commands only',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN echo "[$HTTP_PROXY]" > /f\n',
    buildArgs: ['HTTP_PROXY=http://proxy.example:1'],
    expect: { files: { f: '[http://proxy.example:1]\n' } },
  },
  {
    name: 'arg-platform-undeclared',
    pins: 'a platform argument is empty in a stage that does not declare it',
    dockerfile: 'FROM scratch\nLABEL one="[$TARGETOS]"\nARG TARGETOS\nLABEL two="[$TARGETOS]"\n',
  },
  {
    name: 'arg-platform-parts',
    pins: 'the parts of a platform are arguments of their own',
    dockerfile: `FROM scratch
ARG TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT
LABEL is="$TARGETOS/$TARGETARCH" variant="[$TARGETVARIANT]"
ARG BUILDPLATFORM
LABEL same="\${BUILDPLATFORM#$TARGETPLATFORM}"
`,
    rule: 'BUILDPLATFORM and TARGETPLATFORM are the same here, and "#" cuts; buildah 1.28 knows no "#"',
    expect: {
      config: { Labels: { is: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`, variant: '[]', same: '' } },
    },
  },
  {
    name: 'env-persists',
    pins: 'ENV goes on in stages that start from it, and an ENV there changes it in place',
    dockerfile: 'FROM scratch AS one\nENV A=1 B=2\nFROM one\nENV A=3 C=$B\n',
  },
  {
    name: 'env-same-instruction',
    pins: 'no value of an ENV sees the others of its instruction',
    dockerfile: 'FROM scratch\nENV A=old\nENV A=new B=$A\nENV C=$A\n',
  },
  {
    name: 'env-old-form',
    pins: 'ENV with a blank takes the rest of the line as one value',
    dockerfile: 'FROM scratch\nENV ONE some  words "quoted" # no comment\n',
  },
  {
    name: 'env-empty',
    pins: 'ENV may be empty, and stays in the configuration',
    dockerfile: 'FROM scratch\nENV A= B="" C=\'\'\n',
  },
  {
    name: 'env-name-expanded',
    pins: 'a variable may stand in the name of another',
    dockerfile: 'FROM scratch\nARG NAME=X\nENV PRE_$NAME=1\nLABEL v="$PRE_X"\n',
  },
  {
    name: 'env-path-of-base',
    pins: 'ENV may prolong what the base has',
    dockerfile: 'ARG BASE\nFROM $BASE\nENV PATH=/own:$PATH\n',
  },
]
