export * from './acs/index.ts';
export * from './broker/index.ts';
export { labHelp, runLabCommand } from './commands.ts';
export * from './controller/index.ts';
export { installFactory, type LabFactory, labIdentity } from './factory.ts';
export { Lab, type LabOptions, startLab } from './lab.ts';
export * from './pki/index.ts';
export * from './router/index.ts';
export { runTerminal } from './terminal.ts';
