// A local double of VirusTotal's API v3, as far as hosts are asked: reports by hash, and small uploads.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const KEY = 'e2e0e2e0e2e0e2e0e2e0e2e0e2e0e2e0';

export interface VirusTotal {
  /** Lines of the configuration that lead here. */
  section: string[];
  /** Bodies of uploads, as they came. */
  uploads: string[];
  stop(): Promise<void>;
}

/** Every file it is asked about is malware to 40 of 70. */
export async function startVirusTotal(): Promise<VirusTotal> {
  const uploads: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const say = (status: number, body: unknown) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      };
      if (request.headers['x-apikey'] !== KEY) return say(401, { error: { code: 'no' } });
      if (request.method === 'POST') {
        uploads.push(Buffer.concat(chunks).toString('latin1'));
        return say(200, { data: { type: 'analysis', id: 'ZTJlOjE3OTU=' } });
      }
      const counted = { malicious: 40, suspicious: 0, harmless: 0, undetected: 30 };
      say(200, { data: { type: 'file', attributes: { last_analysis_stats: counted } } });
    });
  });
  await new Promise<void>((listens) => server.listen(0, '127.0.0.1', listens));
  const { port } = server.address() as AddressInfo;
  return {
    section: [
      '[lookup.virustotal]',
      `key = "${KEY}"`,
      `url = "http://127.0.0.1:${port}"`,
      'upload = true',
    ],
    uploads,
    stop: () =>
      new Promise((ended) => {
        server.close(() => ended());
        server.closeAllConnections();
      }),
  };
}
