export * from './acs/index.ts';
export * from './controller/index.ts';
export { installFactory, type LabFactory, labIdentity } from './factory.ts';
export * from './pki/index.ts';
export * from './router/index.ts';
