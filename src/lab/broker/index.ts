export { type SeenFrame, StompBroker, type StompBrokerOptions, startStompBroker } from './stomp-broker.ts';
