export { watchFiles, type FileWatch } from './watch.ts';
export { readPrivateText } from './private.ts';
export { readFile, readText, readTextIfThere, type FileUse } from './read.ts';
export { writeFileAtomic, type WriteOptions } from './write.ts';
export { awaitFiles, missingFiles } from './await.ts';
