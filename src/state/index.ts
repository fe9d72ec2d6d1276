export { createLimits, type Admission, type Limits, type LimitsOptions } from './limits.ts';
export { KillSwitch, type Killed } from './kill-switch.ts';
