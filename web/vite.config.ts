import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const server = process.env.WATCHPOST_SERVER ?? 'http://127.0.0.1:7480';
const token = process.env.WATCHPOST_TOKEN;

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  // With a key there is no session to ask for.
  define: { 'import.meta.env.VITE_KEY': JSON.stringify(Boolean(token)) },
  build: {
    target: 'es2022',
    // The policy forbids inline scripts, and every browser we support preloads modules by itself.
    modulePreload: { polyfill: false },
    // data: URLs for small files would be fine under the policy, but hide them from the size budget.
    assetsInlineLimit: 0,
    // scripts/size.mjs reads it and scripts/compress.mjs removes it: it is not served.
    manifest: 'manifest.json',
  },
  server: {
    port: Number(process.env.PORT ?? 5173),
    strictPort: true,
    proxy: {
      '/api': {
        target: server,
        ws: true,
        configure: (proxy) => {
          // A key stands in for the session while developing; the server refuses foreign origins.
          const prepare = (request: {
            setHeader(name: string, value: string): void;
            removeHeader(name: string): void;
          }) => {
            if (!token) return;
            request.setHeader('authorization', `Bearer ${token}`);
            request.removeHeader('origin');
          };
          proxy.on('proxyReq', prepare);
          proxy.on('proxyReqWs', prepare);
        },
      },
    },
  },
});
