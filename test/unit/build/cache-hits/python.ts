import type { Project } from './project.ts'

const slim = { 'usr/bin/python': '3.13.0' }

export const project: Project = {
  dockerfile: `FROM python:3.13 AS wheels
COPY requirements.txt /
# pip wheel
RUN --mount=type=cache,target=/root/.cache/pip mkdir /wheels && sort requirements.txt >/wheels/all

FROM python:3.13-slim
WORKDIR /srv
# pip install
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels mkdir site-packages && cp /wheels/all site-packages
COPY app app
RUN cat app/*.py >compiled
ARG GIT_SHA=unknown
LABEL revision=$GIT_SHA
ENV GIT_SHA=$GIT_SHA
`,
  files: {
    'requirements.txt': 'flask==3\nredis==5\n',
    'app/main.py': 'run()\n',
    'app/util.py': 'util()\n',
    Makefile: 'all:\n',
  },
  bases: { 'python:3.13': {}, 'python:3.13-slim': { files: slim } },
  changes: [
    { what: 'nothing' },
    { what: 'GIT_SHA given, which only the configuration has', buildArgs: { GIT_SHA: 'a1b2c3' } },
    { what: 'Makefile edited, which is not copied', files: { Makefile: 'all: image\n' } },
    { what: 'app/main.py edited', files: { 'app/main.py': 'run(1)\n' } },
    { what: 'app/util.py removed', files: { 'app/util.py': undefined } },
    { what: 'requirements.txt changed', files: { 'requirements.txt': 'flask==3.1\nredis==5\n' } },
    {
      what: 'requirements.txt in another order, giving the same wheels',
      files: { 'requirements.txt': 'redis==5\nflask==3\n' },
    },
    { what: 'another id of the pip cache', dockerfile: [['target=/root', 'id=pip,target=/root']] },
    {
      what: 'the ARG moved to the top of the stage',
      dockerfile: [
        ['ARG GIT_SHA=unknown\n', ''],
        ['WORKDIR /srv', 'ARG GIT_SHA=unknown\nWORKDIR /srv'],
      ],
    },
    {
      what: 'python:3.13-slim has another user',
      bases: { 'python:3.13-slim': { files: slim, config: { User: 'nobody' } } },
    },
  ],
}
