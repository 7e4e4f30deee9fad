import type { Project } from './project.ts'

export const project: Project = {
  dockerfile: `FROM maven:3 AS build
WORKDIR /src
COPY pom.xml ./
RUN --mount=type=cache,target=/root/.m2 grep dependency pom.xml >dependencies.txt
COPY src src
RUN cat dependencies.txt src/main/*.java src/main/*.properties >app.jar

FROM eclipse-temurin:21 AS layers
WORKDIR /app
COPY --from=build /src/app.jar ./
# java -Djarmode=layertools
RUN mkdir dependencies application && grep dependency app.jar >dependencies/lib.jar; grep -v dependency app.jar >application/app

FROM eclipse-temurin:21-jre
WORKDIR /app
COPY --from=layers /app/dependencies/ ./
COPY --from=layers /app/application/ ./
CMD ["java", "-jar", "app"]
`,
  files: {
    'pom.xml': '<version>1</version>\n<dependency>spring</dependency>\n',
    'src/main/App.java': 'class App\n',
    'src/main/app.properties': 'port=80\n',
    'src/test/AppTest.java': 'class AppTest\n',
  },
  bases: { 'maven:3': {}, 'eclipse-temurin:21': {}, 'eclipse-temurin:21-jre': { files: { 'opt/java': '21.0.1' } } },
  changes: [
    { what: 'nothing' },
    { what: 'App.java edited, the dependencies being the same', files: { 'src/main/App.java': 'class Application\n' } },
    { what: 'a test edited, which is not in the jar', files: { 'src/test/AppTest.java': 'class AppTests\n' } },
    {
      what: 'pom.xml with another version and the same dependencies',
      files: { 'pom.xml': '<version>2</version>\n<dependency>spring</dependency>\n' },
    },
    {
      what: 'one more dependency',
      files: { 'pom.xml': '<version>1</version>\n<dependency>spring</dependency>\n<dependency>h2</dependency>\n' },
    },
    { what: 'the JRE moved', bases: { 'eclipse-temurin:21-jre': { files: { 'opt/java': '21.0.2' } } } },
    { what: 'maven moved, giving the same jar', bases: { 'maven:3': { files: { 'opt/maven': '3.9' } } } },
    { what: 'CMD changed', dockerfile: [['"-jar"', '"-Xmx1g", "-jar"']] },
  ],
}
