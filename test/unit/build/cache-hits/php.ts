import type { Project } from './project.ts'

const composer = { 'usr/bin/composer': 'composer 2.8\n' }

export const project: Project = {
  dockerfile: `FROM php:8
COPY --from=composer:2 /usr/bin/composer /usr/bin/
WORKDIR /var/www
COPY composer.* ./
RUN mkdir vendor && cp composer.lock vendor/installed
COPY --chown=nobody public public
COPY --chown=nobody --exclude=*.bak src src
ARG APP_ENV=prod
RUN cat src/*.php >vendor/autoload.php && echo $APP_ENV >.env
USER nobody
`,
  files: {
    'composer.json': '{}\n',
    'composer.lock': '{ "symfony": "7" }\n',
    'public/index.php': '<?php\n',
    'src/App.php': 'class App\n',
    'src/App.php.bak': 'class Ap\n',
  },
  bases: { 'php:8': {}, 'composer:2': { files: { ...composer, 'etc/release': '1' } } },
  changes: [
    { what: 'nothing' },
    {
      what: 'composer:2 moved with the same composer in it',
      bases: { 'composer:2': { files: { ...composer, 'etc/release': '2' } } },
    },
    { what: 'composer:2 moved', bases: { 'composer:2': { files: { 'usr/bin/composer': 'composer 2.9\n' } } } },
    { what: 'composer.lock changed', files: { 'composer.lock': '{ "symfony": "7.1" }\n' } },
    { what: 'src/App.php edited', files: { 'src/App.php': 'class Kernel\n' } },
    { what: 'src/App.php.bak edited, which is left out', files: { 'src/App.php.bak': 'class A\n' } },
    { what: 'public/index.php edited', files: { 'public/index.php': '<?php echo 1;\n' } },
    { what: 'APP_ENV=dev', buildArgs: { APP_ENV: 'dev' } },
    { what: 'another owner of public', dockerfile: [['nobody public', 'daemon public']] },
    {
      what: 'composer.json and composer.lock named one by one',
      dockerfile: [['composer.* ./', 'composer.json composer.lock ./']],
    },
  ],
}
