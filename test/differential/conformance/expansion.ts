import type { ImageCase } from '../case.ts'

/** One form of expansion, seen in a label: SET is "value", EMPTY is "", and UNSET is nowhere. */
function expanding(form: string, raw: string, value: string, rule?: string): ImageCase {
  return {
    name: `expansion-${form}`,
    pins: `${raw} is ${JSON.stringify(value)}`,
    dockerfile: `FROM scratch\nENV SET=value EMPTY= FILE=dir/name.tar.gz STAR=* P=n*e\nLABEL is=${raw}\n`,
    ...(rule === undefined ? {} : { rule }),
    expect: { config: { Labels: { is: value } } },
  }
}

const patterns = 'patterns in expansions; buildah 1.28 knows none'
const unset = 'an operator without ":" asks whether it is set; buildah 1.28 knows none'

export const expansionCases: readonly ImageCase[] = [
  expanding('plain', '$SET', 'value'),
  expanding('braces', `\${SET}s`, 'values'),
  expanding('unset', '[$UNSET]', '[]'),
  expanding('default', `\${UNSET:-other}`, 'other'),
  expanding('default-empty', `\${EMPTY:-other}`, 'other'),
  expanding('default-set', `\${SET:-other}`, 'value'),
  expanding('default-unset-only', `[\${EMPTY-other}]`, '[]', unset),
  expanding('alternative', `\${SET:+other}`, 'other'),
  expanding('alternative-empty', `[\${EMPTY:+other}]`, '[]'),
  expanding('alternative-unset-only', `\${EMPTY+other}`, 'other', unset),
  expanding('required', `"\${SET:?is needed}"`, 'value', 'a message for what must be there; buildah 1.28 knows none'),
  expanding('required-unset-only', `"[\${EMPTY?is needed}]"`, '[]', unset),
  expanding('nested', `\${UNSET:-\${EMPTY:-$SET}}`, 'value'),
  expanding('shortest-prefix', `\${FILE#*/}`, 'name.tar.gz', patterns),
  expanding('longest-prefix', `\${FILE##*.}`, 'gz', patterns),
  expanding('shortest-suffix', `\${FILE%.*}`, 'dir/name.tar', patterns),
  expanding('longest-suffix', `\${FILE%%.*}`, 'dir/name', patterns),
  expanding('replace-first', `\${FILE/a/-}`, 'dir/n-me.tar.gz', patterns),
  expanding('replace-all', `\${FILE//a/-}`, 'dir/n-me.t-r.gz', patterns),
  expanding('replace-nothing', `\${FILE//./}`, 'dir/nametargz', patterns),
  expanding('pattern-variable', `\${FILE/$P/x}`, 'dir/x.tar.gz', patterns),
  expanding('pattern-question-mark', `\${FILE%.??}`, 'dir/name.tar', patterns),
  expanding('escaped', '\\$SET', '$SET'),
  expanding('escaped-twice', '\\\\$SET', '\\value'),
  expanding('single-quotes', "'$SET'", '$SET'),
  expanding('double-quotes', '"$SET  $SET"', 'value  value'),
  expanding('quotes-join', `a"$SET"'$b'c`, 'avalue$bc'),
  expanding('quotes-in-default', `\${UNSET:-"two  words"}`, 'two  words'),
  expanding('stars-stay', '$STAR', '*'),
  {
    name: 'expansion-not-in-commands',
    pins: 'CMD, ENTRYPOINT and HEALTHCHECK are left to the shell',
    dockerfile: `FROM scratch\nENV A=1\nCMD echo $A \${A}\nENTRYPOINT ["echo", "$A"]\nHEALTHCHECK CMD test $A\n`,
  },
  {
    name: 'expansion-not-in-shell',
    pins: 'SHELL and ONBUILD are not expanded',
    dockerfile: 'FROM scratch\nENV A=1\nSHELL ["$A"]\nONBUILD LABEL a=$A\n',
  },
  {
    name: 'expansion-everywhere-else',
    pins: 'ADD, COPY, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME and WORKDIR are expanded',
    dockerfile: `FROM scratch
ENV F=file D=dir P=80 U=5:6 S=SIGINT
COPY $F /$D/
ADD \${F} /\${D}/two
EXPOSE $P \${P}81/udp
LABEL $F=$D
STOPSIGNAL $S
VOLUME /$D
USER $U
WORKDIR /$D
`,
    files: { file: '1\n' },
  },
]
