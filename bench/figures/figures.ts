/** Figures by their names (bench/budgets.json says units and budgets). */
export type Figures = Record<string, number>;

export const median = (samples: readonly number[]): number => [...samples].sort((a, b) => a - b)[samples.length >> 1]!;

/** How the daemon's node is started on a device (openwrt-package/files/tandemd.sh). */
export const deviceNode = {
  flags: [
    '--max-semi-space-size=1',
    '--max-old-space-size=48',
    '--v8-pool-size=0',
    '--no-turbofan',
    '--max-inlined-bytecode-size-cumulative=600',
    '--expose-gc',
    '--use-openssl-ca',
  ],
  environment: { MALLOC_TRIM_THRESHOLD_: '65536', SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt' },
};
