import { fileURLToPath, URL } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

/** Where the development server finds the product; `npm run dev` passes everything but the pages through to it. */
const server = process.env['YUNTAKAN_URL'] ?? 'https://localhost:8443'

export default defineConfig({
  base: '/',
  plugins: [vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    outDir: 'dist',
    // WeChat's browser on older phones is Chrome 99; iOS from 15.4.
    target: ['es2020', 'chrome99', 'safari15.4'],
    sourcemap: false,
    // The desk's library is one lazily loaded chunk of its own and larger than this warning allows for phones.
    chunkSizeWarningLimit: 1200,
  },
  server: {
    proxy: {
      '/api': { target: server, secure: false },
      '/socket.io': { target: server, secure: false, ws: true },
    },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    restoreMocks: true,
    dangerouslyIgnoreUnhandledErrors: false,
  },
})
