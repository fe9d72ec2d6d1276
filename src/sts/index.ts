export type { Client, Registry } from './client.ts';
export { TokenDoor } from './door.ts';
export { TASK_GRANT } from './grants.ts';
export type { SigningKeys } from './keys.ts';
export { PATHS, TOKEN_EXCHANGE } from './metadata.ts';
export { TokenService, type Caller, type TokenServiceParts } from './service.ts';
export type { ReadSubject, SubjectFault, SubjectToken } from './subject.ts';
export { TaskGrants, type TaskGrant } from './task-grants.ts';
