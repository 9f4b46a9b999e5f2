// The real program, in a folder of its own, reading a demonstration's logs.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Demo, writeDemo } from './demo';

export interface Program {
  url: string;
  /** The one-time password that was printed. */
  password: string;
  demo: Demo;
  stop(): Promise<void>;
}

const PATIENCE_MS = 60_000;

export const binary = () => {
  const path = process.env.WATCHPOST;
  if (!path)
    throw new Error('WATCHPOST must name the program: run these tests by `make browser-tests`');
  return path;
};

function configure(folder: string, logs: string, more: readonly string[]) {
  const config = join(folder, 'config');
  mkdirSync(config);
  const text = [
    '[server]',
    'listen = ["http://127.0.0.1:0"]',
    '[spool]',
    'keep_free = "1%"',
    '[[source.file]]',
    'name = "demo"',
    `include = ["${logs}"]`,
    'start = "beginning"',
    ...more,
  ];
  writeFileSync(join(config, 'watchpost.toml'), `${text.join('\n')}\n`, { mode: 0o600 });
  return config;
}

/** What the program says on its standard output until it has said where it is and how to log in. */
function readStart(child: ChildProcess): Promise<{ url: string; password: string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(
      () => reject(new Error(`the program did not start: ${text}`)),
      PATIENCE_MS,
    );
    const look = (chunk: Buffer) => {
      text += chunk;
      const url = /runs at (http:\S+)/.exec(text)?.[1];
      const password = /password (\S+)/.exec(text)?.[1];
      if (!url || !password || !text.includes('stop ')) return;
      clearTimeout(timer);
      resolve({ url, password });
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', (chunk) => {
      text += chunk;
    });
    child.once('exit', (code) => reject(new Error(`the program ended with ${code}: ${text}`)));
  });
}

/** `more` are further lines of its configuration. */
export async function startProgram(more: readonly string[] = []): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'watchpost-web-'));
  const demo = writeDemo(join(folder, 'logs'));
  const config = configure(folder, demo.folder, more);
  const child = spawn(binary(), ['up', '--data-dir', join(folder, 'data'), '--config', config], {
    env: { PATH: '/usr/bin:/bin', HOME: folder, TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async () => {
    const ended = new Promise((done) => child.once('exit', done));
    if (child.exitCode === null && child.kill('SIGTERM')) await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return { ...(await readStart(child)), demo, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
