export { watchFiles, type FileWatch } from './watch.ts';
export { readFile, readText, type FileUse } from './read.ts';
export { writeFileAtomic, type WriteOptions } from './write.ts';
