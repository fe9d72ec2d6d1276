export { loadConfig, type LoadedConfig } from './load.ts';
export { SETTINGS, flagOf, variableOf, type Setting } from './settings.ts';
export { configShape, type Config } from './shape.ts';
export type { Overrides } from './source.ts';
