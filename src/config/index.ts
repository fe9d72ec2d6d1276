export { loadConfig, type LoadedConfig } from './load.ts';
export { SETTINGS, flagOf, variableOf, type Setting } from './settings.ts';
export { configShape, type Config } from './shape.ts';
export type { Overrides } from './source.ts';
export { tokenServiceFaults } from './token-service-faults.ts';
export { loadStsConfig, stsShape, type StsConfig } from './sts-shape.ts';
