export * from './router/index.ts';
