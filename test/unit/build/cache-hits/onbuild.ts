import type { Project } from './project.ts'

const config = { OnBuild: ['COPY requirements.txt /', 'RUN cp /requirements.txt /installed'], WorkingDir: '/app' }

export const project: Project = {
  dockerfile: `FROM team/assets:1 AS assets
COPY assets /assets
RUN cat /assets/* >/bundle

FROM team/python:1
COPY --link --from=assets /bundle /static/bundle
COPY --link app /app/
RUN cat /app/*.py >/compiled
`,
  files: { 'requirements.txt': 'flask\n', 'assets/logo.svg': '<svg/>\n', 'app/main.py': 'run()\n' },
  bases: { 'team/assets:1': {}, 'team/python:1': { files: { 'usr/bin/python': '3.13' }, config } },
  changes: [
    { what: 'nothing' },
    { what: 'app/main.py edited', files: { 'app/main.py': 'run(1)\n' } },
    { what: 'requirements.txt changed, the linked layers being the same', files: { 'requirements.txt': 'django\n' } },
    { what: 'assets/logo.svg edited', files: { 'assets/logo.svg': '<svg></svg>\n' } },
    {
      what: 'the base moved, the linked layers being the same',
      bases: { 'team/python:1': { files: { 'usr/bin/python': '3.14' }, config } },
    },
    {
      what: 'the base has one more trigger',
      bases: {
        'team/python:1': {
          files: { 'usr/bin/python': '3.13' },
          config: { ...config, OnBuild: [...config.OnBuild, 'LABEL a=b'] },
        },
      },
    },
    {
      what: 'team/assets:1 moved, giving the same bundle',
      bases: { 'team/assets:1': { files: { 'etc/release': '2' } } },
    },
    {
      what: 'the linked layers in another order',
      dockerfile: [
        [
          'COPY --link --from=assets /bundle /static/bundle\nCOPY --link app /app/',
          'COPY --link app /app/\nCOPY --link --from=assets /bundle /static/bundle',
        ],
      ],
    },
  ],
}
