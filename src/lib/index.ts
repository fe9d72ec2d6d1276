export { systemClock, type Clock } from './clock.ts';
export { closest } from './closest.ts';
export {
  OperatorFault,
  SourceFaults,
  placeOf,
  renderCaret,
  renderFault,
  type ExitCode,
  type SourceFault,
  type SourcePosition,
} from './fault.ts';
export { listenShape, parseListen, renderListen, type Listen } from './listen.ts';
export { Reloadable } from './reloadable.ts';
export { Secret } from './secret.ts';
export { readShape, type ShapedSource } from './shape.ts';
export { bytesShape, durationShape, parseBytes, parseDuration, renderDuration } from './units.ts';
export { YamlSource, readYaml, type YamlPath } from './yaml.ts';
