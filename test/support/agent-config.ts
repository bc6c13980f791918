export { configureAgent, fullController, type Options, type Section } from '#lab';
