export { createLimits, type Admission, type Limits, type LimitsOptions } from './limits.ts';
