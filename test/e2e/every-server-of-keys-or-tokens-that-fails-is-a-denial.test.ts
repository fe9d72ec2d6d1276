import { REMOTE, describeFailures } from './faults/as-promised.ts';

describeFailures(REMOTE);
