import { lstatSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { right, wrong, type Finding } from './finding.ts';

const WHAT = 'reach';
const READ_WRITE_SEARCH = 0o7;
const MAY_WRITE = 0o2;
const MAY_ENTER = 0o1;

/**
 * Who may open the agent's socket. Only the socket and its own folder count: those above are another's wherever the
 * folder is a volume. To connect takes the right to write the socket; to put another one in its place, to write the folder.
 */
export function checkSocketReach(path: string): readonly Finding[] {
  const folder = dirname(path);
  const around = statSync(folder, { throwIfNoEntry: false });
  const socket = lstatSync(path, { throwIfNoEntry: false });
  if (around === undefined || socket?.isSocket() !== true)
    return [wrong(WHAT, `${path}: there is no such socket`, START)];
  const faults = [...aboutFolder(folder, around), ...aboutSocket(path, socket)];
  if (faults.length > 0) return faults;
  const group = (socket.mode >> 3) & MAY_WRITE ? ` and group ${socket.gid}` : '';
  return [right(WHAT, `${path} can be opened by user ${socket.uid}${group} only`)];
}

const START = "Start the agent, or correct 'inbound.upstream': its rights can be seen only then.";

function aboutFolder(folder: string, { mode, uid, gid }: Stats): Finding[] {
  if ((mode & MAY_WRITE) === 0 || (mode & MAY_ENTER) === 0) return [];
  return [
    wrong(
      WHAT,
      `everybody may write ${folder} (mode ${shown(mode)}, user ${uid}, group ${gid}) and put a socket of their own in the agent's place`,
      `chmod o-rwx ${folder}: let the agent's user own it, and the sidecar's group enter it.`,
    ),
  ];
}

/** That its folder is closed as well would help today, and fail with the first volume that is mounted differently. */
function aboutSocket(path: string, { mode, uid, gid }: Stats): Finding[] {
  if ((mode & MAY_WRITE) === 0) return [];
  return [
    wrong(
      WHAT,
      `everybody may open ${path} (mode ${shown(mode)}, user ${uid}, group ${gid}) and walk round the sidecar`,
      `Start the agent with the umask 0117, so that its socket has mode 0660 and a group that only the sidecar is in.`,
    ),
  ];
}

function shown(mode: number): string {
  const special = (mode >> 9) & READ_WRITE_SEARCH;
  return `${special}${(mode & 0o777).toString(8).padStart(3, '0')}`;
}
