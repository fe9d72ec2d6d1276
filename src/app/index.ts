export { DEPENDENCIES, type Dependency, type DependencyName } from './dependencies.ts';
export { serve, type Signals } from './serve.ts';
export { startSidecar, type Sidecar, type SidecarOptions } from './sidecar.ts';
export { startTokenServer, type TokenServer, type TokenServerOptions } from './token-server.ts';
