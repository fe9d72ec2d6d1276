import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import type { Built } from './build.ts';

/** What the engine would do: everything read-only but two small tmpfs, no new privileges, the image's user and environment. */
const SCENE = `
mount --make-rprivate /
mkdir -p $ROOT/run/agent $ROOT/proc
mount --bind $ROOT $ROOT
mount -t proc proc $ROOT/proc
mount --bind $WORK/etc $ROOT/etc/sidegate && mount -o remount,bind,ro $ROOT/etc/sidegate
mount --bind $WORK/agent $ROOT/run/agent
mount -t tmpfs -o uid=65532,mode=0700,size=1m tmpfs $ROOT/run/sidegate
mount -t tmpfs -o uid=65532,mode=0700,size=8m tmpfs $ROOT/var/lib/sidegate
mount -o remount,bind,ro $ROOT
exec setpriv --no-new-privs /usr/sbin/chroot --userspec=$USERSPEC $ROOT "$@"
`;

export interface Container {
  readonly child: ChildProcess;
  /** Another command of the image in the same container, and what it said. */
  exec(
    words: readonly string[],
    env?: NodeJS.ProcessEnv,
  ): Promise<{ readonly code: number; readonly said: string }>;
  /** /proc/PID/status of its one process. */
  status(): string;
}

export function startContainer(image: Built, work: string, words: readonly string[]): Container {
  const { root, user: USERSPEC, env } = image;
  const child = spawn('unshare', ['--mount', 'sh', '-ec', SCENE, 'sh', ...words], {
    env: { ...env, PATH: process.env.PATH, ROOT: root, WORK: work, USERSPEC },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const pid = (): string => pidIn(root);
  return {
    child,
    exec: (more, extra = {}) => {
      const chroot = ['/usr/sbin/chroot', `--userspec=${USERSPEC}`, root, ...more];
      return ended(
        spawn('nsenter', ['--target', pid(), '--mount', ...chroot], {
          env: { PATH: process.env.PATH, ...env, ...extra },
        }),
      );
    },
    status: () => readFileSync(`/proc/${pid()}/status`, 'utf8'),
  };
}

/** Runs to its end. */
export async function ended(
  child: ChildProcessWithoutNullStreams,
): Promise<{ readonly code: number; readonly said: string }> {
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number];
  return { code, said };
}

function pidIn(root: string): string {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.find((name) => rootOf(name) === root);
  if (found === undefined) throw new TypeError('nothing runs in the container');
  return found;
}

function rootOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/root`);
  } catch {
    return undefined;
  }
}
