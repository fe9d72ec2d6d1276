export { sampleNone } from './sampler.ts';
export { tracingShape, type TracingSettings } from './section.ts';
export { startTracer, type Tracer } from './tracer.ts';
