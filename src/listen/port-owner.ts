// Who holds a TCP port: asked only when a server cannot bind, to name the process in the error.
// Linux keeps it under /proc; elsewhere, and for processes of other users, nothing can be known.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The process that listens on `port`, with its command line; null where that cannot be known. */
export function findPortOwner(port: number, proc = '/proc'): { pid: number; command: string } | null {
  const inodes = listeningInodes(port, proc);
  if (inodes.size === 0) return null;
  for (const entry of list(proc)) {
    if (!/^\d+$/.test(entry) || !holdsOneOf(`${proc}/${entry}/fd`, inodes)) continue;
    return { pid: Number(entry), command: commandOf(`${proc}/${entry}/cmdline`) };
  }
  return null;
}

/** Socket inodes in state LISTEN (0A) on `port`; columns: sl local_address rem_address st ... inode. */
function listeningInodes(port: number, proc: string): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes = new Set<string>();
  for (const table of ['tcp', 'tcp6']) {
    for (const line of read(`${proc}/net/${table}`).split('\n')) {
      const columns = line.trim().split(/\s+/);
      if (columns[1]?.endsWith(suffix) && columns[3] === '0A' && columns[9] !== undefined)
        inodes.add(columns[9]);
    }
  }
  return inodes;
}

function holdsOneOf(folder: string, inodes: ReadonlySet<string>): boolean {
  return list(folder).some((fd) => {
    const inode = /^socket:\[(\d+)\]$/.exec(link(`${folder}/${fd}`))?.[1];
    return inode !== undefined && inodes.has(inode);
  });
}

function commandOf(path: string): string {
  return read(path)
    .split(/[\s\0]+/)
    .filter(Boolean)
    .join(' ')
    .slice(0, 120);
}

// Processes come and go while we look, and most are not ours to see: what cannot be read holds nothing.
function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
