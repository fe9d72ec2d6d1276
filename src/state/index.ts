export {
  createContexts,
  type Contexts,
  type ContextsOptions,
  type Kept,
  type StartedTask,
} from './contexts.ts';
export { Tasks, type TaskContext, type TasksOptions } from './tasks.ts';
export { createLimits, type Admission, type Limits, type LimitsOptions } from './limits.ts';
export { KillSwitch, type Killed } from './kill-switch.ts';
export { Places, type PlacesOptions } from './places.ts';
export { RefusalPace } from './refusal-pace.ts';
